/**
 * Keeps the modes of a frame within its first partition, which the format limits to 512 KiB: from
 * about 20 megapixels on, prediction of 4 × 4 blocks must be used more sparingly.
 */
import { MAX_HEADER_BYTES } from "./vp8-encode-header.ts";

/** Of the kernel's figures. */
const UNITS_PER_BIT = 256;
/** Frame header, probabilities, and the coder's last bytes. */
const FIXED_BYTES = 2048;
/** A macroblock's mark of being skipped, at most on average. */
const SKIP_BITS = 1;
/** What a macroblock takes whose 4 × 4 blocks have no modes of their own. */
const PLAIN_BITS = 8;
/** What one with such modes takes at most, or nearly. */
const BLOCKS_BITS = 200;
/** Use of the budget at which modes become dearer. */
const TARGET = 0.94;
const STEP = 1.15;
const MAX_WEIGHT = 64;

export interface ModePrice {
  /** 256 where a bit of modes costs what it costs. */
  weight: number;
  /** Whether 4 × 4 blocks may have modes. */
  allowed: boolean;
}

/** For a frame of `total` macroblocks, `columns` a row. */
export function createModeBudget(total: number, columns: number) {
  const bits = (MAX_HEADER_BYTES - FIXED_BYTES) * 8 - total * SKIP_BITS;
  let done = 0;
  let previous = 0;
  let weight = 1;
  return {
    /** What the next row has to reckon with, after those before it took `units` (1/256 bit). */
    next(units: number): ModePrice {
      const used = units / UNITS_PER_BIT;
      const left = total - done;
      if (done > 0) {
        // The rows so far, and the last of them most, tell what the others will take.
        const rate = Math.max(used / done, (used - previous) / columns);
        const expected = used + rate * left;
        weight =
          expected > bits * TARGET
            ? Math.min(MAX_WEIGHT, weight * STEP)
            : Math.max(1, weight / STEP);
      }
      previous = used;
      done += columns;
      const reserve = (left - columns) * PLAIN_BITS;
      const allowed = used + columns * BLOCKS_BITS + reserve <= bits;
      return { weight: Math.round(weight * UNITS_PER_BIT), allowed };
    },
  };
}
