/** GIF's variant of LZW (the GIF89a specification, appendix F), cut into sub-blocks. */

const MAX_CODES = 4096;
/** Of the table of strings: twice the codes, so that probing stays short. */
const SLOT_BITS = 13;
const SLOTS = 1 << SLOT_BITS;
/** Spreads neighbouring keys (Knuth's multiplicative hashing). */
const SPREAD = 0x9e37_79b1;
const SUB_BLOCK_BYTES = 255;

/** Indices that are encoded at a time. */
const SLICE = 64 * 1024;
/** Codes have 12 bits at most, and there are no more of them than indices. */
const OUTPUT_BYTES = 2 * SLICE;

/** What an encoder holds, with what it hands out, in bytes. */
export const LZW_ENCODER_BYTES = SLOTS * 6 + 3 * OUTPUT_BYTES;

export class LzwEncoder {
  /** Strings as (code of all but the last index) << 8 | last index; -1 is a free slot. */
  readonly #keys = new Int32Array(SLOTS).fill(-1);
  readonly #codes = new Uint16Array(SLOTS);
  readonly #output = new Uint8Array(OUTPUT_BYTES);
  readonly #minimumBits: number;
  readonly #clear: number;
  #bits: number;
  #next: number;
  /** Code of the string so far; -1 before the first index. */
  #prefix = -1;
  #buffer: number;
  #buffered: number;
  /** Bytes in the output. */
  #filled = 0;

  /** @param minimumBits what it takes to write the largest index, 2 to 8 */
  constructor(minimumBits: number) {
    this.#minimumBits = minimumBits;
    this.#clear = 1 << minimumBits;
    this.#bits = minimumBits + 1;
    this.#next = this.#clear + 2;
    // Twice: pictures can be drawn so that the codes of a usual encoder spell a program, which a
    // shift by a code of odd length garbles.
    this.#buffer = this.#clear | (this.#clear << this.#bits);
    this.#buffered = 2 * this.#bits;
  }

  /** Sub-blocks of the data; they may lag behind the indices. */
  *add(indices: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < indices.length; at += SLICE) {
      this.#encode(indices.subarray(at, at + SLICE));
      yield this.#takeBlocks(Math.floor(this.#filled / SUB_BLOCK_BYTES));
    }
  }

  /** The rest of the data and the empty sub-block behind them. */
  finish(): Uint8Array {
    this.#put(this.#prefix);
    // The decoder now makes a string that we have no use for.
    if (this.#next === 1 << this.#bits && this.#next < MAX_CODES) this.#bits++;
    this.#put(this.#clear + 1);
    if (this.#buffered > 0) this.#output[this.#filled++] = this.#buffer;
    const blocks = this.#takeBlocks(Math.ceil(this.#filled / SUB_BLOCK_BYTES));
    const whole = new Uint8Array(blocks.length + 1);
    whole.set(blocks);
    return whole;
  }

  #put(code: number): void {
    this.#buffer |= code << this.#buffered;
    this.#buffered += this.#bits;
    while (this.#buffered >= 8) {
      this.#output[this.#filled++] = this.#buffer;
      this.#buffer >>>= 8;
      this.#buffered -= 8;
    }
  }

  #encode(indices: Uint8Array): void {
    const keys = this.#keys;
    const codes = this.#codes;
    let prefix = this.#prefix;
    let next = this.#next;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      if (prefix < 0) {
        prefix = index;
        continue;
      }
      const key = (prefix << 8) | index;
      let slot = Math.imul(key, SPREAD) >>> (32 - SLOT_BITS);
      let found = keys[slot] as number;
      while (found !== key && found !== -1) {
        slot = (slot + 1) & (SLOTS - 1);
        found = keys[slot] as number;
      }
      if (found === key) {
        prefix = codes[slot] as number;
        continue;
      }
      this.#put(prefix);
      prefix = index;
      if (next < MAX_CODES) {
        keys[slot] = key;
        codes[slot] = next;
        if (next === 1 << this.#bits) this.#bits++;
        next++;
      } else {
        this.#put(this.#clear);
        keys.fill(-1);
        this.#bits = this.#minimumBits + 1;
        next = this.#clear + 2;
      }
    }
    this.#prefix = prefix;
    this.#next = next;
  }

  /** The first so many sub-blocks of the output, each with its count before it. */
  #takeBlocks(count: number): Uint8Array {
    const bytes = Math.min(count * SUB_BLOCK_BYTES, this.#filled);
    const blocks = new Uint8Array(count + bytes);
    for (let i = 0, to = 0; i < bytes; i += SUB_BLOCK_BYTES) {
      const part = this.#output.subarray(i, Math.min(i + SUB_BLOCK_BYTES, bytes));
      blocks[to] = part.length;
      blocks.set(part, to + 1);
      to += 1 + part.length;
    }
    this.#output.copyWithin(0, bytes, this.#filled);
    this.#filled -= bytes;
    return blocks;
  }
}
