/** Base64 (RFC 4648) as a stream, and the data URIs (RFC 2397) that carry it. */
import { AppError } from "../errors.ts";

/** More than any media type with its parameters. */
const MAX_HEAD_BYTES = 512;

const invalid = (detail: string): AppError =>
  new AppError("invalid_parameter", `The base64 is invalid: ${detail}.`);

/**
 * Decodes base64 or a base64 data URI, in place: each chunk is overwritten by what it decodes to.
 * Both alphabets are taken, white space is skipped, padding may be missing.
 * @param chunks the first one holds a data URI's head, up to its comma
 * @returns chunks, each valid until the next pull
 * @throws AppError invalid_parameter
 */
export async function* decodeBase64(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const state: State = { bits: 0, count: 0, padding: 0 };
  let isFirst = true;
  for await (const chunk of chunks) {
    const encoded = isFirst ? chunk.subarray(findData(chunk)) : chunk;
    isFirst = false;
    const length = decodeInPlace(encoded, state);
    if (length > 0) yield encoded.subarray(0, length);
  }
  if (state.count === 6) throw invalid("it is cut off");
}

/** Where the data begins: behind the comma of a data URI, else at the first byte. */
function findData(chunk: Uint8Array): number {
  const { buffer, byteOffset, length } = chunk;
  const head = Buffer.from(buffer, byteOffset, Math.min(length, MAX_HEAD_BYTES)).toString("latin1");
  if (!/^\s*data:/i.test(head)) return 0;
  const comma = head.indexOf(",");
  if (comma < 0 || !/;\s*base64\s*$/i.test(head.slice(0, comma))) {
    throw new AppError("invalid_parameter", "A data URI must be in base64.");
  }
  return comma + 1;
}

/** What one chunk leaves to the next. */
interface State {
  /** Bits that are not yet a byte, `count` of them: 0, 2, 4 or 6. */
  bits: number;
  count: number;
  /** How many = there were. */
  padding: number;
}

const SKIP = 64;
const PAD = 65;
const INVALID = 66;

/** The value of each byte, or what else it means. */
const VALUES = new Uint8Array(256).fill(INVALID);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
for (const [alphabet, value] of [
  [`${ALPHABET}+/`, null],
  [`${ALPHABET}-_`, null],
  [" \t\r\n", SKIP],
  ["=", PAD],
] as const) {
  for (let index = 0; index < alphabet.length; index++) {
    VALUES[alphabet.charCodeAt(index)] = value ?? index;
  }
}

/** @returns how many bytes it came to; never more than were read, so that none is lost */
function decodeInPlace(bytes: Uint8Array, state: State): number {
  let { bits, count } = state;
  let read = 0;
  let written = 0;
  const end = bytes.length;
  while (read < end) {
    if (count === 0 && state.padding === 0) {
      // Four at a time as long as all are of the alphabet.
      for (; read + 4 <= end; read += 4) {
        const a = VALUES[bytes[read] as number] as number;
        const b = VALUES[bytes[read + 1] as number] as number;
        const c = VALUES[bytes[read + 2] as number] as number;
        const d = VALUES[bytes[read + 3] as number] as number;
        if ((a | b | c | d) >= 64) break;
        bytes[written++] = (a << 2) | (b >> 4);
        bytes[written++] = (b << 4) | (c >> 2);
        bytes[written++] = (c << 6) | d;
      }
      if (read === end) break;
    }
    const value = VALUES[bytes[read++] as number] as number;
    if (value === SKIP) continue;
    if (value === INVALID) throw invalid("it holds other characters");
    if (value === PAD) {
      if (++state.padding > 2) throw invalid("it ends in too many =");
      continue;
    }
    if (state.padding > 0) throw invalid("it goes on after its end");
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[written++] = bits >> count;
      bits &= (1 << count) - 1;
    }
  }
  state.bits = bits;
  state.count = count;
  return written;
}
