// What coefficients cost in bits, by the statistics of the picture so far, and what modes do.
import {
  BAND_COST_BYTES,
  BAND_OFFSETS,
  BIT_COSTS,
  COSTS,
  HISTOGRAM,
  LARGE_COSTS,
  MAGNITUDES,
  PROBABILITIES,
  ROW_COST_BYTES,
  SETTLED,
  TYPE_COST_BYTES,
} from "./vp8-encode-layout";
import { TOKEN_PROBABILITIES, TOKEN_UPDATE_PROBABILITIES } from "./vp8-tables";

/** Entries of a row of HISTOGRAM, in bytes. */
export const ROW_COUNT_BYTES: usize = 48;

@inline
function bitCost(state: usize, bit: i32, probability: i32): i32 {
  return <i32>load<u16>(state + BIT_COSTS + ((bit ? 256 - probability : probability) << 1));
}

/**
 * How often the decisions of a node fell: zeros in the low 32 bits, ones in the high. `counts` is a row
 * of HISTOGRAM; the end of a block is asked for unless `afterZero`.
 */
function decisionsOf(counts: usize, node: i32, afterZero: bool): u64 {
  const end = load<u32>(counts);
  const zero = load<u32>(counts, 4);
  const one = load<u32>(counts, 8);
  const two = load<u32>(counts, 12);
  const three = load<u32>(counts, 16);
  const four = load<u32>(counts, 20);
  const c1 = load<u32>(counts, 24);
  const c2 = load<u32>(counts, 28);
  const c3 = load<u32>(counts, 32);
  const c4 = load<u32>(counts, 36);
  const c5 = load<u32>(counts, 40);
  const c6 = load<u32>(counts, 44);
  const low = two + three + four;
  const high = c3 + c4 + c5 + c6;
  const more = low + c1 + c2 + high;
  if (node == 0) return afterZero ? 0 : decisions(end, zero + one + more);
  if (node == 1) return decisions(zero, one + more);
  if (node == 2) return decisions(one, more);
  if (node == 3) return decisions(low, more - low);
  if (node == 4) return decisions(two, three + four);
  if (node == 5) return decisions(three, four);
  if (node == 6) return decisions(c1 + c2, high);
  if (node == 7) return decisions(c1, c2);
  if (node == 8) return decisions(c3 + c4, c5 + c6);
  if (node == 9) return decisions(c3, c4);
  return decisions(c5, c6);
}

@inline
function decisions(zeros: u32, ones: u32): u64 {
  return <u64>zeros | (<u64>ones << 32);
}

/** Whether in this row of the tables no block may end, since a zero came before. */
@inline
function isAfterZero(type: i32, band: i32, context: i32): bool {
  return context == 0 && band != (type == 0 ? 1 : 0);
}

/** Weight of the format's own probabilities against the picture's statistics. */
const PRIOR: u64 = 24;

/** Fits PROBABILITIES and COSTS to the statistics so far. */
export function vp8Adapt(state: usize): void {
  let at: usize = 0;
  let counts = state + HISTOGRAM;
  let costs = state + COSTS;
  for (let type = 0; type < 4; type++) {
    for (let band = 0; band < 8; band++) {
      for (let context = 0; context < 3; context++) {
        const afterZero = isAfterZero(type, band, context);
        for (let node = 0; node < 11; node++) {
          const both = decisionsOf(counts, node, afterZero);
          const zeros = both & 0xffffffff;
          const total = zeros + (both >> 32);
          const usual = <u64>load<u8>(TOKEN_PROBABILITIES + at + node);
          const fitted = ((zeros << 8) + usual * PRIOR) / (total + PRIOR);
          store<u8>(state + PROBABILITIES + at + node, <u8>max<u64>(1, min<u64>(255, fitted)));
        }
        fillCosts(state, state + PROBABILITIES + at, costs, afterZero);
        at += 11;
        counts += ROW_COUNT_BYTES;
        costs += ROW_COST_BYTES;
      }
    }
  }
}

function fillCosts(state: usize, p: usize, row: usize, afterZero: bool): void {
  const p0 = <i32>load<u8>(p);
  const more = afterZero ? 0 : bitCost(state, 1, p0);
  store<u16>(row, <u16>bitCost(state, 0, p0));
  store<u16>(row, <u16>(more + bitCost(state, 0, load<u8>(p, 1))), 2);
  const some = more + bitCost(state, 1, load<u8>(p, 1)) + 256;
  store<u16>(row, <u16>(some + bitCost(state, 0, load<u8>(p, 2))), 4);
  const above1 = some + bitCost(state, 1, load<u8>(p, 2));
  const small = above1 + bitCost(state, 0, load<u8>(p, 3));
  store<u16>(row, <u16>(small + bitCost(state, 0, load<u8>(p, 4))), 6);
  const above2 = small + bitCost(state, 1, load<u8>(p, 4));
  store<u16>(row, <u16>(above2 + bitCost(state, 0, load<u8>(p, 5))), 8);
  store<u16>(row, <u16>(above2 + bitCost(state, 1, load<u8>(p, 5))), 10);
  const large = above1 + bitCost(state, 1, load<u8>(p, 3));
  const low = large + bitCost(state, 0, load<u8>(p, 6));
  const high = large + bitCost(state, 1, load<u8>(p, 6));
  const category1 = low + bitCost(state, 0, load<u8>(p, 7));
  const category2 = low + bitCost(state, 1, load<u8>(p, 7));
  const high34 = high + bitCost(state, 0, load<u8>(p, 8));
  const high56 = high + bitCost(state, 1, load<u8>(p, 8));
  const category3 = high34 + bitCost(state, 0, load<u8>(p, 9));
  const category4 = high34 + bitCost(state, 1, load<u8>(p, 9));
  const category5 = high56 + bitCost(state, 0, load<u8>(p, 10));
  const category6 = high56 + bitCost(state, 1, load<u8>(p, 10));
  const extra = state + LARGE_COSTS;
  for (let v = 5; v < 67; v++) {
    const category =
      v < 7 ? category1 : v < 11 ? category2 : v < 19 ? category3 : v < 35 ? category4 : category5;
    store<u16>(row + 2 + (v << 1), <u16>(category + <i32>load<u16>(extra + (v << 1))));
  }
  store<u16>(row, <u16>category6, 2 + 134);
}

/** Makes SETTLED of the statistics so far: replacing one of the format's own costs bits, too. */
export function vp8Settle(state: usize): void {
  let at: usize = 0;
  let counts = state + HISTOGRAM;
  for (let type = 0; type < 4; type++) {
    for (let band = 0; band < 8; band++) {
      for (let context = 0; context < 3; context++) {
        const afterZero = isAfterZero(type, band, context);
        for (let node = 0; node < 11; node++) {
          const both = decisionsOf(counts, node, afterZero);
          const zeros = both & 0xffffffff;
          const ones = both >> 32;
          const total = zeros + ones;
          const usual = <i32>load<u8>(TOKEN_PROBABILITIES + at);
          let chosen = usual;
          if (total > 0) {
            const fitted = max<i32>(1, min<i32>(255, <i32>(((zeros << 8) + (total >> 1)) / total)));
            const keep = <i32>load<u8>(TOKEN_UPDATE_PROBABILITIES + at);
            const before =
              zeros * <u64>bitCost(state, 0, usual) +
              ones * <u64>bitCost(state, 1, usual) +
              <u64>bitCost(state, 0, keep);
            const after =
              zeros * <u64>bitCost(state, 0, fitted) +
              ones * <u64>bitCost(state, 1, fitted) +
              <u64>bitCost(state, 1, keep) +
              8 * 256;
            if (after < before) chosen = fitted;
          }
          store<u8>(state + SETTLED + at, <u8>chosen);
          at++;
        }
        counts += ROW_COUNT_BYTES;
      }
    }
  }
}

/** Bits (1/256) of the levels in MAGNITUDES from `first` to `last`, which is the last that is not 0. */
@inline
export function levelsCost(state: usize, type: i32, context: i32, first: i32, last: i32): i32 {
  const costs = state + COSTS + type * TYPE_COST_BYTES;
  const offsets = state + BAND_OFFSETS;
  let row = costs + first * BAND_COST_BYTES + context * ROW_COST_BYTES;
  let cost = 0;
  for (let n = first; n <= last; n++) {
    const level = <i32>load<u16>(state + MAGNITUDES + (n << 1));
    cost += <i32>load<u16>(row + 2 + (min(level, 67) << 1));
    if (level >= 67) cost += <i32>load<u16>(state + LARGE_COSTS + (level << 1));
    row = costs + <usize>load<u16>(offsets + ((n + 1) << 1)) + min(level, 2) * ROW_COST_BYTES;
  }
  if (last < 15) cost += <i32>load<u16>(row);
  return cost;
}

/** Bits (1/256) of luma's mode: DC, V, H, TM, by the format's fixed probabilities (section 11.2). */
@inline
export function lumaModeCost(mode: i32): i32 {
  return mode == 0 ? 658 : mode == 1 ? 866 : 912;
}
/** The same for the mark of 4 x 4 modes. */
export const BLOCKS_COST: i32 = 210;
/** The same for chroma's mode. */
@inline
export function chromaModeCost(mode: i32): i32 {
  return mode == 0 ? 218 : mode == 1 ? 598 : mode == 2 ? 640 : 980;
}
