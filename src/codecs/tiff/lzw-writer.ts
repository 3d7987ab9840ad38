/**
 * LZW as TIFF has it (TIFF 6.0, section 13): most significant bit first, codes of 9 to 12 bits that
 * grow one early.
 */
const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const MIN_BITS = 9;
const MAX_BITS = 12;
/** With it the table is full: a clear code follows. */
const LAST_CODE = 4094;

/** Of the table of strings: twice the codes, so that probing stays short. */
const SLOT_BITS = 13;
const SLOTS = 1 << SLOT_BITS;
/** Spreads neighbouring keys (Knuth's multiplicative hashing). */
const SPREAD = 0x9e37_79b1;

/** What encoding holds beside the result, in bytes. */
export const LZW_WRITER_BYTES = SLOTS * 6;

/** Codes of 12 bits, one a byte at worst, with what clears the table and ends. */
export const lzwBytes = (rawBytes: number): number =>
  Math.ceil(((rawBytes + 4) * MAX_BITS) / 8) + 16;

class CodeWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(maxBytes: number) {
    this.bytes = new Uint8Array(maxBytes);
  }

  put(code: number, bits: number): void {
    this.#held = ((this.#held << bits) | code) & 0xff_ffff;
    this.#count += bits;
    while (this.#count >= 8) {
      this.#count -= 8;
      this.bytes[this.#at++] = this.#held >> this.#count;
    }
  }

  /** Fills the last byte. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.put(0, 8 - this.#count);
    return this.bytes.subarray(0, this.#at);
  }
}

/** @param raw at least one byte */
export function writeLzw(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new CodeWriter(lzwBytes(raw.length));
  // Strings as (code of all but the last byte) << 8 | last byte; -1 is a free slot.
  const keys = new Int32Array(SLOTS).fill(-1);
  const codes = new Uint16Array(SLOTS);
  let [bits, next] = [MIN_BITS, FIRST_FREE];
  writer.put(CLEAR, bits);
  let prefix = raw[0] as number;
  for (let i = 1; i < raw.length; i++) {
    const byte = raw[i] as number;
    const key = (prefix << 8) | byte;
    let slot = Math.imul(key, SPREAD) >>> (32 - SLOT_BITS);
    while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & (SLOTS - 1);
    if (keys[slot] === key) {
      prefix = codes[slot] as number;
      continue;
    }
    writer.put(prefix, bits);
    prefix = byte;
    keys[slot] = key;
    codes[slot] = next++;
    if (next === 1 << bits && bits < MAX_BITS) bits++;
    if (next <= LAST_CODE) continue;
    writer.put(CLEAR, bits);
    keys.fill(-1);
    [bits, next] = [MIN_BITS, FIRST_FREE];
  }
  writer.put(prefix, bits);
  // The reader makes a string of it that we have no use for.
  if (next + 1 === 1 << bits && bits < MAX_BITS) bits++;
  writer.put(END, bits);
  return writer.finish();
}

/** Bytes between two clear codes, so that codes stay as short as they are. */
const RUN = 252;

/** Length of what `storeLzw` returns. */
export const storedLzwBytes = (rawBytes: number): number =>
  Math.ceil(((rawBytes + Math.ceil(rawBytes / RUN) + 1) * MIN_BITS) / 8);

/** Without compression: its length is known beforehand. */
export function storeLzw(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new CodeWriter(storedLzwBytes(raw.length) + 1);
  for (const [i, byte] of raw.entries()) {
    if (i % RUN === 0) writer.put(CLEAR, MIN_BITS);
    writer.put(byte, MIN_BITS);
  }
  writer.put(END, MIN_BITS);
  return writer.finish();
}
