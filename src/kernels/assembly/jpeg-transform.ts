import { COEFFICIENTS, MASKS } from "./jpeg-layout";
import { high as interleaveHigh, low as interleaveLow, transpose } from "./jpeg-matrix";

// The forward DCT of libjpeg's jfdctint (Loeffler, Ligtenberg and Moschytz; 13-bit constants, 2
// bits kept between the passes), with its rotations as dot products of pairs.
@inline
function weights(a: i16, b: i16): v128 {
  return i16x8(a, b, a, b, a, b, a, b);
}
@inline
function rotate(low: v128, high: v128, weight: v128, shift: i32): v128 {
  const half = i32x4.splat(1 << (shift - 1));
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(low, weight), half), shift),
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(high, weight), half), shift),
  );
}
@inline
function rotateTwo(
  low: v128,
  high: v128,
  weight: v128,
  low2: v128,
  high2: v128,
  weight2: v128,
  shift: i32,
): v128 {
  const half = i32x4.splat(1 << (shift - 1));
  const a = i32x4.add(i32x4.dot_i16x8_s(low, weight), i32x4.dot_i16x8_s(low2, weight2));
  const b = i32x4.add(i32x4.dot_i16x8_s(high, weight), i32x4.dot_i16x8_s(high2, weight2));
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(a, half), shift),
    i32x4.shr_s(i32x4.add(b, half), shift),
  );
}

/** One dimension for eight columns at once. The first pass keeps 2 bits more, the second drops them. */
@inline
function transformColumns(source: usize, target: usize, first: bool): void {
  const d0 = v128.load(source);
  const d1 = v128.load(source, 16);
  const d2 = v128.load(source, 32);
  const d3 = v128.load(source, 48);
  const d4 = v128.load(source, 64);
  const d5 = v128.load(source, 80);
  const d6 = v128.load(source, 96);
  const d7 = v128.load(source, 112);
  const shift = first ? 11 : 15;

  const t0 = i16x8.add(d0, d7);
  const t1 = i16x8.add(d1, d6);
  const t2 = i16x8.add(d2, d5);
  const t3 = i16x8.add(d3, d4);
  const t10 = i16x8.add(t0, t3);
  const t11 = i16x8.add(t1, t2);
  const sum = i16x8.add(t10, t11);
  const difference = i16x8.sub(t10, t11);
  if (first) {
    v128.store(target, i16x8.shl(sum, 2));
    v128.store(target, i16x8.shl(difference, 2), 64);
  } else {
    const half = i16x8.splat(2);
    v128.store(target, i16x8.shr_s(i16x8.add(sum, half), 2));
    v128.store(target, i16x8.shr_s(i16x8.add(difference, half), 2), 64);
  }
  const t13 = i16x8.sub(t0, t3);
  const t12 = i16x8.sub(t1, t2);
  const evenLow = interleaveLow(t12, t13);
  const evenHigh = interleaveHigh(t12, t13);
  v128.store(target, rotate(evenLow, evenHigh, weights(4433, 10703), shift), 32);
  v128.store(target, rotate(evenLow, evenHigh, weights(-10704, 4433), shift), 96);

  const t4 = i16x8.sub(d3, d4);
  const t5 = i16x8.sub(d2, d5);
  const t6 = i16x8.sub(d1, d6);
  const t7 = i16x8.sub(d0, d7);
  const aLow = interleaveLow(t4, t5);
  const aHigh = interleaveHigh(t4, t5);
  const bLow = interleaveLow(t6, t7);
  const bHigh = interleaveHigh(t6, t7);
  const w1 = weights(2260, 6437);
  const w1b = weights(9633, 11363);
  v128.store(target, rotateTwo(aLow, aHigh, w1, bLow, bHigh, w1b, shift), 16);
  const w3 = weights(-6437, -11363);
  const w3b = weights(-2260, 9633);
  v128.store(target, rotateTwo(aLow, aHigh, w3, bLow, bHigh, w3b, shift), 48);
  const w5 = weights(9633, 2260);
  const w5b = weights(-11363, 6437);
  v128.store(target, rotateTwo(aLow, aHigh, w5, bLow, bHigh, w5b, shift), 80);
  const w7 = weights(-11363, 9633);
  const w7b = weights(-6437, 2260);
  v128.store(target, rotateTwo(aLow, aHigh, w7, bLow, bHigh, w7b, shift), 112);
}

@inline
function quantiseVector(coefficients: v128, reciprocals: v128): v128 {
  // One less for negative ones, so that halves go away from zero as in libjpeg.
  const value = i16x8.add(coefficients, i16x8.shr_s(coefficients, 15));
  return i16x8.q15mulr_sat_s(value, reciprocals);
}

@inline
function quantiseTwo(coefficients: usize, reciprocals: usize, offset: i32): u64 {
  const at = coefficients + offset;
  const a = quantiseVector(v128.load(at), v128.load(reciprocals + offset));
  const b = quantiseVector(v128.load(at, 16), v128.load(reciprocals + offset, 16));
  v128.store(at, a);
  v128.store(at, b, 16);
  return <u64>i8x16.bitmask(i8x16.ne(i8x16.narrow_i16x8_s(a, b), i8x16.splat(0)));
}

@inline
function zigzagMask(masks: usize, nonzero: u64, vector: i32): u64 {
  return load<u64>(
    masks + (vector << 11) + (<usize>((nonzero >> (vector << 3)) & 255) << 3),
  );
}

/** DCT of a block into COEFFICIENTS, transposed and 8 times too large. */
@inline
export function forwardTransform(state: usize, block: usize): void {
  const at = state + COEFFICIENTS;
  transformColumns(block, at, true);
  transpose(at, false);
  transformColumns(at, at, false);
}

/** Quantises COEFFICIENTS in place. Returns which are not 0, in zigzag order. */
@inline
export function quantise(state: usize, reciprocals: usize): u64 {
  const at = state + COEFFICIENTS;
  const nonzero =
    quantiseTwo(at, reciprocals, 0) |
    (quantiseTwo(at, reciprocals, 32) << 16) |
    (quantiseTwo(at, reciprocals, 64) << 32) |
    (quantiseTwo(at, reciprocals, 96) << 48);
  const masks = state + MASKS;
  return (
    zigzagMask(masks, nonzero, 0) |
    zigzagMask(masks, nonzero, 1) |
    zigzagMask(masks, nonzero, 2) |
    zigzagMask(masks, nonzero, 3) |
    zigzagMask(masks, nonzero, 4) |
    zigzagMask(masks, nonzero, 5) |
    zigzagMask(masks, nonzero, 6) |
    zigzagMask(masks, nonzero, 7)
  );
}

/**
 * DCT and quantisation of a block into COEFFICIENTS, transposed. Returns which coefficients are
 * not 0, in zigzag order.
 */
export function transform(state: usize, block: usize, reciprocals: usize): u64 {
  forwardTransform(state, block);
  return quantise(state, reciprocals);
}
