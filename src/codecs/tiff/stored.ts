/** zlib streams that do not compress: their length is known beforehand (RFC 1950, RFC 1951). */

const BLOCK_BYTES = 65_535;
const BLOCK_HEAD_BYTES = 5;
const HEAD_BYTES = 2;
const CHECKSUM_BYTES = 4;

/** Largest prime below 2^16. */
const ADLER_MODULUS = 65_521;
/** So many bytes can be summed before the sums could pass 2^32. */
const ADLER_RUN = 5552;

/** Length of what `store` returns. */
export function storedBytes(rawBytes: number): number {
  const blocks = Math.max(1, Math.ceil(rawBytes / BLOCK_BYTES));
  return HEAD_BYTES + blocks * BLOCK_HEAD_BYTES + rawBytes + CHECKSUM_BYTES;
}

export function store(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const stream = new Uint8Array(storedBytes(raw.length));
  const view = new DataView(stream.buffer);
  stream.set([0x78, 0x01]);
  let to = HEAD_BYTES;
  for (let from = 0; from === 0 || from < raw.length; from += BLOCK_BYTES) {
    const block = raw.subarray(from, from + BLOCK_BYTES);
    stream[to] = from + BLOCK_BYTES >= raw.length ? 1 : 0; // whether it is the last
    view.setUint16(to + 1, block.length, true);
    view.setUint16(to + 3, ~block.length, true);
    stream.set(block, to + BLOCK_HEAD_BYTES);
    to += BLOCK_HEAD_BYTES + block.length;
  }
  view.setUint32(to, adler32(raw));
  return stream;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let from = 0; from < bytes.length; from += ADLER_RUN) {
    const end = Math.min(from + ADLER_RUN, bytes.length);
    for (let i = from; i < end; i++) {
      a += bytes[i] as number;
      b += a;
    }
    a %= ADLER_MODULUS;
    b %= ADLER_MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}
