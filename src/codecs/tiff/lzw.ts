/** LZW as TIFF has it (TIFF 6.0, section 13): most significant bit first, codes of 9 to 12 bits. */
import { damaged, unsupported } from "./failures.ts";
import type { Expander } from "./expand.ts";

const OUTPUT_BYTES = 64 * 1024;
const MAX_CODES = 4096;
const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const MIN_BITS = 9;
const MAX_BITS = 12;

/** A string is another with one byte behind it. Tables by code. */
export function createLzw(): Expander {
  const prefixes = new Uint16Array(MAX_CODES);
  const lasts = new Uint8Array(MAX_CODES);
  const firsts = new Uint8Array(MAX_CODES);
  const lengths = new Uint16Array(MAX_CODES);
  for (let i = 0; i < CLEAR; i++) {
    lasts[i] = i;
    firsts[i] = i;
    lengths[i] = 1;
  }
  const output = new Uint8Array(OUTPUT_BYTES + MAX_CODES);
  let filled = 0;
  let bitBuffer = 0;
  let bitCount = 0;
  let codeBits = MIN_BITS;
  let free = FIRST_FREE;
  /** The code before; -1 after a clear code. */
  let previous = -1;
  let isFirst = true;
  let hasEnded = false;

  /** Writes the code's string; learns the one before it with this one's first byte behind. */
  function expand(code: number): void {
    if (previous >= 0 && free < MAX_CODES) {
      prefixes[free] = previous;
      firsts[free] = firsts[previous] as number;
      lasts[free] = firsts[code === free ? previous : code] as number;
      lengths[free] = (lengths[previous] as number) + 1;
      free++;
      // Codes grow one early.
      if (free + 1 >= 1 << codeBits && codeBits < MAX_BITS) codeBits++;
    }
    const length = lengths[code] as number;
    let link = code;
    for (let to = filled + length - 1; to >= filled; to--) {
      output[to] = lasts[link] as number;
      link = prefixes[link] as number;
    }
    filled += length;
    previous = code;
  }

  return {
    reset() {
      filled = 0;
      bitBuffer = 0;
      bitCount = 0;
      codeBits = MIN_BITS;
      free = FIRST_FREE;
      previous = -1;
      isFirst = true;
      hasEnded = false;
    },
    read(input, from) {
      filled = 0;
      // Streams of before TIFF 5.0 have the bits the other way round and begin with a clear code, too.
      if (isFirst && input[from] === 0 && ((input[from + 1] ?? 0) & 1) === 1) {
        throw unsupported("LZW of the old kind");
      }
      isFirst = false;
      let at = from;
      while (at < input.length && filled < OUTPUT_BYTES) {
        if (hasEnded) return input.length;
        bitBuffer = ((bitBuffer << 8) | (input[at++] as number)) & 0xff_ffff;
        bitCount += 8;
        if (bitCount < codeBits) continue;
        bitCount -= codeBits;
        const code = (bitBuffer >> bitCount) & ((1 << codeBits) - 1);
        if (code === CLEAR) {
          codeBits = MIN_BITS;
          free = FIRST_FREE;
          previous = -1;
        } else if (code === END) {
          hasEnded = true;
        } else if (code < free || (code === free && previous >= 0)) {
          expand(code);
        } else {
          throw damaged();
        }
      }
      return at;
    },
    output: () => output.subarray(0, filled),
  };
}
