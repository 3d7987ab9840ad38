/** PackBits (TIFF 6.0, section 9): runs of one byte, and bytes as they are. */
import type { Expander } from "./expand.ts";

const OUTPUT_BYTES = 64 * 1024;
/** The head that means nothing. */
const NOTHING = 128;

export function createPackBits(): Expander {
  const output = new Uint8Array(OUTPUT_BYTES);
  let filled = 0;
  /** Bytes still to be copied. */
  let literals = 0;
  /** How often the next byte is to be repeated; kept over a portion's end, as the byte may be in the next. */
  let repeats = 0;

  return {
    reset() {
      literals = 0;
      repeats = 0;
      filled = 0;
    },
    read(input, from) {
      filled = 0;
      let at = from;
      while (at < input.length && filled <= OUTPUT_BYTES - NOTHING) {
        if (literals > 0) {
          const bytes = input.subarray(at, at + literals);
          output.set(bytes, filled);
          filled += bytes.length;
          at += bytes.length;
          literals -= bytes.length;
        } else if (repeats > 0) {
          output.fill(input[at++] as number, filled, filled + repeats);
          filled += repeats;
          repeats = 0;
        } else {
          const head = input[at++] as number;
          if (head < NOTHING) literals = head + 1;
          else if (head > NOTHING) repeats = 257 - head;
        }
      }
      return at;
    },
    output: () => output.subarray(0, filled),
  };
}
