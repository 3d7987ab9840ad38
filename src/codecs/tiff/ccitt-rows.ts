/**
 * Rows of fax coding (ITU-T T.4 and T.6) → the places where their colour changes. A row whose code is
 * not all there is begun again when there is more of it.
 */
import {
  ccittLookups,
  END_OF_LINE_ZEROS,
  FIRST_MAKE_UP,
  HORIZONTAL,
  MODE_BITS,
  PASS,
  RUN_BITS,
  VERTICAL_ZERO,
} from "./ccitt-codes.ts";
import { damaged, unsupported } from "./failures.ts";

/** Coded bytes; three zeros follow the last. `at` and `end` count bits. */
export interface Bits {
  bytes: Uint8Array;
  at: number;
  end: number;
}

/** The next `count` bits, at most 17; zeros behind the end. */
export function peek({ bytes, at }: Bits, count: number): number {
  const index = at >> 3;
  const three =
    ((bytes[index] as number) << 16) |
    ((bytes[index + 1] as number) << 8) |
    (bytes[index + 2] as number);
  return (three >> (24 - count - (at & 7))) & ((1 << count) - 1);
}

/** What a row ended in. */
export const DONE = 0;
export const NEEDS_MORE = 1;
export const END_OF_DATA = 2;
export type RowEnding = typeof DONE | typeof NEEDS_MORE | typeof END_OF_DATA;

const NO_RUN = -1;
const ENDS_EARLY = -2;

export interface RowDecoder {
  /** Reads a row whose runs are coded one by one; `bits.at` is behind it only if it is all there. */
  readRuns(bits: Bits): RowEnding;
  /** Reads a row that is coded by its differences from the one before. */
  readChanges(bits: Bits): RowEnding;
  /** Writes the row as bits, 1 being black, into `target`, which is zero. */
  write(target: Uint8Array): void;
}

/** Bytes that a decoder holds. */
export const rowDecoderBytes = (width: number): number => 2 * 4 * (width + SPARE);

/** Changes at the row's end, and runs of no length. */
const SPARE = 16;

/** Before the first row is a white one. */
export function createRowDecoder(width: number): RowDecoder {
  const { runs, modes } = ccittLookups();
  // Where the colour changes, first to black; behind the last change comes the row's end.
  let before = new Int32Array(width + SPARE).fill(width);
  let changes = new Int32Array(width + SPARE).fill(width);

  /** Length of the next run; NO_RUN where its code is not all there, ENDS_EARLY before an end of line. */
  function readRun(bits: Bits, lookup: Uint16Array): number {
    for (let total = 0; ;) {
      const entry = lookup[peek(bits, RUN_BITS)] as number;
      if (bits.at + (entry === 0 ? RUN_BITS : entry & 15) > bits.end) return NO_RUN;
      if (entry === 0) {
        if (peek(bits, END_OF_LINE_ZEROS) === 0) return ENDS_EARLY;
        throw damaged();
      }
      bits.at += entry & 15;
      const run = entry >> 4;
      total = Math.min(width, total + run);
      if (run < FIRST_MAKE_UP) return total;
    }
  }

  function finish(count: number): RowEnding {
    changes.fill(width, count, count + SPARE / 2);
    [before, changes] = [changes, before];
    return DONE;
  }

  function readRuns(bits: Bits): RowEnding {
    const start = bits.at;
    let count = 0;
    for (let at = 0; at < width;) {
      const run = readRun(bits, runs[count & 1] as Uint16Array);
      if (run === NO_RUN) {
        bits.at = start;
        return NEEDS_MORE;
      }
      // A row that was cut off in transmission: the rest stays white.
      if (run === ENDS_EARLY) break;
      if (count > width + 1) throw damaged();
      at = Math.min(width, at + run);
      changes[count++] = at;
    }
    return finish(count);
  }

  function readChanges(bits: Bits): RowEnding {
    const start = bits.at;
    const stop = (ending: RowEnding): RowEnding => {
      bits.at = start;
      return ending;
    };
    let count = 0;
    let colour = 0;
    // Before the first pixel: the row above may change at it.
    let at = -1;
    let above = 0;
    while (at < width) {
      // The first change above to the other colour, right of here (T.4, 4.2.1.3.1: b1).
      while ((before[above] as number) <= at && (before[above] as number) < width) above += 2;
      const entry = modes[peek(bits, MODE_BITS)] as number;
      if (bits.at + (entry === 0 ? END_OF_LINE_ZEROS : entry & 15) > bits.end) {
        return stop(NEEDS_MORE);
      }
      if (entry === 0) {
        if (peek(bits, END_OF_LINE_ZEROS) === 0) return stop(END_OF_DATA);
        throw peek(bits, MODE_BITS) === 1 ? unsupported("CCITT extensions") : damaged();
      }
      bits.at += entry & 15;
      const mode = entry >> 4;
      if (mode === PASS) {
        at = before[above + 1] as number;
        continue;
      }
      if (count > width + 1) throw damaged();
      if (mode === HORIZONTAL) {
        const first = readRun(bits, runs[colour] as Uint16Array);
        const second = first < 0 ? first : readRun(bits, runs[colour ^ 1] as Uint16Array);
        if (second === NO_RUN) return stop(NEEDS_MORE);
        if (second === ENDS_EARLY) throw damaged();
        const middle = Math.min(width, Math.max(0, at) + first);
        at = Math.min(width, middle + second);
        changes[count++] = middle;
        changes[count++] = at;
      } else {
        const change = Math.min(width, (before[above] as number) + mode - VERTICAL_ZERO);
        if (change < Math.max(0, at)) throw damaged();
        at = change;
        changes[count++] = change;
        colour ^= 1;
        above += above > 0 ? -1 : 1;
      }
    }
    return finish(count);
  }

  return {
    readRuns,
    readChanges,
    write(target) {
      for (let i = 0; (before[i] as number) < width; i += 2) {
        setBits(target, before[i] as number, before[i + 1] as number);
      }
    },
  };
}

/** Sets bits `from` to `to`, the highest of a byte being the first. */
function setBits(target: Uint8Array, from: number, to: number): void {
  const [first, last] = [from >> 3, to >> 3];
  const head = 0xff >> (from & 7);
  const tail = ~(0xff >> (to & 7)) & 0xff;
  if (first === last) {
    target[first] = (target[first] as number) | (head & tail);
    return;
  }
  target[first] = (target[first] as number) | head;
  target.fill(0xff, first + 1, last);
  if (tail) target[last] = (target[last] as number) | tail;
}
