// Tokens to the dequantised coefficients of one macroblock (RFC 6386, section 13).
import { LEAF, readAhead, splitRange } from "./vp8-decode-bits";
import {
  ABOVE_FLAGS,
  AT,
  BIT_COUNT,
  BITS,
  COEFFICIENTS,
  CONTEXT_BYTES,
  LEFT_FLAGS,
  POSITION_BYTES,
  PROBABILITIES,
  RANGE,
  SEGMENT_STEPS_BYTES,
  STEPS,
  TYPE_PROBABILITIES_BYTES,
} from "./vp8-decode-layout";

/** u8[16]: zigzag position to byte offset in a block. */
// prettier-ignore
const ORDER: usize = memory.data<u8>([0, 2, 8, 16, 10, 4, 6, 12, 18, 24, 26, 20, 14, 22, 28, 30]);

/**
 * u8[25][2]: of each block of a macroblock, Y2 first, where the flags of the block above and of the
 * one to the left are.
 */
// prettier-ignore
const NEIGHBOURS: usize = memory.data<u8>([
  8, 8,
  0, 0, 1, 0, 2, 0, 3, 0, 0, 1, 1, 1, 2, 1, 3, 1, 0, 2, 1, 2, 2, 2, 3, 2, 0, 3, 1, 3, 2, 3, 3, 3,
  4, 4, 5, 4, 4, 5, 5, 5, 6, 6, 7, 6, 6, 7, 7, 7,
]);

/** The token tree below its seventh node: to the categories of values from 5 on (section 13.2). */
// prettier-ignore
const CATEGORY_TREE: usize = memory.data<u8>([
  2, 4, 128, 129, 6, 8, 130, 131, 132, 133,
]);

/** u8[6][16]: probabilities of a category's extra bits, and 0; last, its first value. */
// prettier-ignore
const CATEGORIES: usize = memory.data<u8>([
  159, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
  165, 145, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
  173, 148, 140, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
  176, 155, 140, 135, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19,
  180, 157, 141, 134, 130, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 35,
  254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129, 0, 0, 0, 0, 67,
]);

/** Bits that the nodes between two refills may take, and eight to compare with. */
const ENOUGH = 32;

/**
 * Reads a macroblock with or without Y2. Returns a bit for each block, Y2's lowest, that is set if
 * it may have other coefficients than its first.
 */
export function readCoefficients(
  decoder: usize,
  reader: usize,
  above: usize,
  segment: i32,
  hasY2: bool,
): i32 {
  let bits = load<u64>(reader, BITS);
  let count = load<i32>(reader, BIT_COUNT);
  let range = load<i32>(reader, RANGE);
  let at = <usize>load<u32>(reader, AT);
  const left = decoder + LEFT_FLAGS;
  let steps = decoder + STEPS + segment * SEGMENT_STEPS_BYTES + 8;
  let probabilities = decoder + PROBABILITIES + TYPE_PROBABILITIES_BYTES;
  let first = 0;
  let block = 0;
  let end = 1;
  let more = 0;
  if (!hasY2) {
    steps -= 8;
    probabilities += 2 * TYPE_PROBABILITIES_BYTES;
    block = 1;
    end = 17;
  }

  for (;;) {
    const dcStep = load<i32>(steps);
    const acStep = load<i32>(steps, 4);
    for (; block < end; block++) {
      const aboveFlag = above + load<u8>(NEIGHBOURS + (block << 1));
      const leftFlag = left + load<u8>(NEIGHBOURS + (block << 1), 1);
      const coefficients = decoder + COEFFICIENTS + (block << 5);
      let n = first;
      let context: usize = load<u8>(aboveFlag) + load<u8>(leftFlag);
      let p = probabilities + n * POSITION_BYTES + context * CONTEXT_BYTES;
      while (n < 16) {
        if (count < ENOUGH) {
          bits |= readAhead(at, count);
          at += (63 - count) >> 3;
          count |= 56;
        }
        // Whether there are more coefficients.
        let split = splitRange(range, load<u8>(p));
        let limit = <u64>split << 56;
        if (bits < limit) {
          const shift = <i32>clz(split) - 24;
          range = split << shift;
          bits <<= shift;
          count -= shift;
          break;
        }
        bits -= limit;
        range -= split;
        let shift = <i32>clz(range) - 24;
        range <<= shift;
        bits <<= shift;
        count -= shift;

        // Zeros before the next one.
        for (;;) {
          split = splitRange(range, load<u8>(p, 1));
          limit = <u64>split << 56;
          if (bits >= limit) break;
          shift = <i32>clz(split) - 24;
          range = split << shift;
          bits <<= shift;
          count -= shift;
          if (++n == 16) break;
          p = probabilities + n * POSITION_BYTES;
          if (count < ENOUGH) {
            bits |= readAhead(at, count);
            at += (63 - count) >> 3;
            count |= 56;
          }
        }
        if (n == 16) break;
        bits -= limit;
        range -= split;
        shift = <i32>clz(range) - 24;
        range <<= shift;
        bits <<= shift;
        count -= shift;

        // Its size.
        let value = 1;
        split = splitRange(range, load<u8>(p, 2));
        limit = <u64>split << 56;
        if (bits < limit) {
          shift = <i32>clz(split) - 24;
          range = split << shift;
          bits <<= shift;
          count -= shift;
          context = 1;
        } else {
          bits -= limit;
          range -= split;
          shift = <i32>clz(range) - 24;
          range <<= shift;
          bits <<= shift;
          count -= shift;
          context = 2;
          bits |= readAhead(at, count);
          at += (63 - count) >> 3;
          count |= 56;
          split = splitRange(range, load<u8>(p, 3));
          limit = <u64>split << 56;
          if (bits < limit) {
            shift = <i32>clz(split) - 24;
            range = split << shift;
            bits <<= shift;
            count -= shift;
            split = splitRange(range, load<u8>(p, 4));
            limit = <u64>split << 56;
            if (bits < limit) {
              value = 2;
              shift = <i32>clz(split) - 24;
              range = split << shift;
              bits <<= shift;
              count -= shift;
            } else {
              bits -= limit;
              range -= split;
              shift = <i32>clz(range) - 24;
              range <<= shift;
              bits <<= shift;
              count -= shift;
              split = splitRange(range, load<u8>(p, 5));
              limit = <u64>split << 56;
              const one = <i32>(bits >= limit);
              value = 3 + one;
              bits -= limit & (0 - <u64>one);
              range = select<i32>(range - split, split, one);
              shift = <i32>clz(range) - 24;
              range <<= shift;
              bits <<= shift;
              count -= shift;
            }
          } else {
            bits -= limit;
            range -= split;
            shift = <i32>clz(range) - 24;
            range <<= shift;
            bits <<= shift;
            count -= shift;
            let node: usize = 0;
            do {
              split = splitRange(range, load<u8>(p + (node >> 1), 6));
              limit = <u64>split << 56;
              const one = <i32>(bits >= limit);
              bits -= limit & (0 - <u64>one);
              range = select<i32>(range - split, split, one);
              shift = <i32>clz(range) - 24;
              range <<= shift;
              bits <<= shift;
              count -= shift;
              node = load<u8>(CATEGORY_TREE + node + one);
            } while (node < <usize>LEAF);
            bits |= readAhead(at, count);
            at += (63 - count) >> 3;
            count |= 56;
            value = 0;
            let extra = CATEGORIES + ((node - <usize>LEAF) << 4);
            const lowest = <i32>load<u8>(extra, 15);
            for (let probability = <i32>load<u8>(extra); probability != 0; ) {
              split = splitRange(range, probability);
              limit = <u64>split << 56;
              const one = <i32>(bits >= limit);
              value = (value << 1) | one;
              bits -= limit & (0 - <u64>one);
              range = select<i32>(range - split, split, one);
              shift = <i32>clz(range) - 24;
              range <<= shift;
              bits <<= shift;
              count -= shift;
              probability = load<u8>(++extra);
            }
            value += lowest;
          }
        }

        // Its sign, which is always one bit.
        split = (range + 1) >> 1;
        limit = <u64>split << 56;
        const negative = <i32>(bits >= limit);
        bits = (bits - (limit & (0 - <u64>negative))) << 1;
        range = select<i32>(range - split, split, negative) << 1;
        count -= 1;
        const step = n == 0 ? dcStep : acStep;
        store<i16>(
          coefficients + load<u8>(ORDER + n),
          <i16>(((value ^ -negative) + negative) * step),
        );
        n++;
        p = probabilities + n * POSITION_BYTES + context * CONTEXT_BYTES;
      }
      const flag = <u8>(n > first);
      store<u8>(aboveFlag, flag);
      store<u8>(leftFlag, flag);
      more |= <i32>(n > 1) << block;
    }
    if (block == 25) break;
    if (block == 1) {
      // Luma, whose first coefficients are Y2.
      first = 1;
      steps -= 8;
      probabilities -= TYPE_PROBABILITIES_BYTES;
      end = 17;
    } else {
      first = 0;
      steps += 16;
      probabilities = decoder + PROBABILITIES + 2 * TYPE_PROBABILITIES_BYTES;
      end = 25;
    }
  }
  store<u64>(reader, bits, BITS);
  store<i32>(reader, count, BIT_COUNT);
  store<i32>(reader, range, RANGE);
  store<u32>(reader, <u32>at, AT);
  return more;
}
