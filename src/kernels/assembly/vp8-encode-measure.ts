// What coding a block would cost: squared error of its coefficients plus bits times lambda. The
// transform is orthogonal but for a factor, so that nothing need be decoded to know the error.
import { LAMBDA, LAST, LEVEL_BITS, MAGNITUDES } from "./vp8-encode-layout";
import { sumLanes } from "./lanes";
import { levelsCost } from "./vp8-encode-cost";
import {
  lastNonzero,
  quantise,
  remainder,
  zigzagHigh,
  zigzagLow,
} from "./vp8-encode-transform";

/** Bits (1/256) as squared error of coefficients. */
@inline
export function weigh(bits: i32, lambda: i32): i32 {
  return <i32>((<i64>bits * <i64>lambda) >> 12);
}

@inline
export function lambdaOf(quantisers: usize): i32 {
  return load<i32>(quantisers, LAMBDA);
}

/** A guess at `measure`, without regard to order and context. */
@inline
export function estimate(state: usize, coefficients: usize, quantiser: usize, lambda: i32): i32 {
  const low = i16x8.abs(v128.load(coefficients));
  const high = i16x8.abs(v128.load(coefficients, 16));
  const l0 = quantise(low, quantiser, 0);
  const l1 = quantise(high, quantiser, 16);
  const e0 = remainder(low, l0, quantiser, 0);
  const e1 = remainder(high, l1, quantiser, 16);
  const error = i32x4.add(i32x4.dot_i16x8_s(e0, e0), i32x4.dot_i16x8_s(e1, e1));
  const levels = i8x16.min_u(i8x16.narrow_i16x8_u(l0, l1), i8x16.splat(15));
  const eighths = i8x16.swizzle(v128.load(state + LEVEL_BITS), levels);
  const bits = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(eighths));
  // lambda is for 1/256 bits and times 2^12.
  const weight = i32x4.splat(lambda >> 2);
  return sumLanes(i32x4.add(error, i32x4.shr_s(i32x4.mul(bits, weight), 5)));
}

/** Leaves the levels' magnitudes in MAGNITUDES and LAST; returns their squared error. */
@inline
function quantiseToMagnitudes(state: usize, low: v128, high: v128, quantiser: usize): i32 {
  const l0 = quantise(low, quantiser, 0);
  const l1 = quantise(high, quantiser, 16);
  const e0 = remainder(low, l0, quantiser, 0);
  const e1 = remainder(high, l1, quantiser, 16);
  const z0 = zigzagLow(l0, l1);
  const z1 = zigzagHigh(l0, l1);
  v128.store(state + MAGNITUDES, z0);
  v128.store(state + MAGNITUDES, z1, 16);
  store<i32>(state, lastNonzero(z0, z1), LAST);
  return sumLanes(i32x4.add(i32x4.dot_i16x8_s(e0, e0), i32x4.dot_i16x8_s(e1, e1)));
}

/** Squared error plus weighted bits of a block; `first` is 1 where its DC is coded elsewhere. */
export function measure(
  state: usize,
  coefficients: usize,
  quantiser: usize,
  lambda: i32,
  type: i32,
  context: i32,
  first: i32,
): i32 {
  let low = i16x8.abs(v128.load(coefficients));
  const high = i16x8.abs(v128.load(coefficients, 16));
  if (first) low = i16x8.replace_lane(low, 0, 0);
  const error = quantiseToMagnitudes(state, low, high, quantiser);
  const bits = levelsCost(state, type, context, first, load<i32>(state, LAST));
  return error + weigh(bits, lambda);
}

/** The same for the transformed DCs of luma, whose error counts a quarter. */
export function measureDcs(state: usize, dcs: usize, quantiser: usize, lambda: i32, context: i32): i32 {
  const low = i16x8.abs(v128.load(dcs));
  const high = i16x8.abs(v128.load(dcs, 16));
  const error = quantiseToMagnitudes(state, low, high, quantiser);
  const bits = levelsCost(state, 1, context, 0, load<i32>(state, LAST));
  return (error >> 2) + weigh(bits, lambda);
}
