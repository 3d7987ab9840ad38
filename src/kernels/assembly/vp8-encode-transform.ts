// The transforms of RFC 6386 (section 14) and their forward counterparts. A block is 16 i16 in two
// vectors, row by row; coefficients are twice as large as an orthonormal transform's.
import { OFFSETS, RECIPROCALS, STEPS } from "./vp8-encode-layout";

@inline
function pair(a: i16, b: i16): v128 {
  return i16x8(a, b, a, b, a, b, a, b);
}

// Sums and differences come in pairs: of the outer samples, of the inner ones.
@inline
function even(sums: v128, sign: i16, scale: i16): v128 {
  return i32x4.dot_i16x8_s(sums, pair(scale, <i16>(scale * sign)));
}

@inline
function odd(differences: v128, a: i16, b: i16, round: i32, shift: i32): v128 {
  const sum = i32x4.dot_i16x8_s(differences, pair(a, b));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(round)), shift);
}

@inline
function transposed(samples: v128): v128 {
  return i8x16.swizzle(samples, i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

/**
 * DCT of `source` less `prediction`, 16 samples each, to 16 coefficients at `target`: rows first. The
 * rounding is that of VP8's own forward transform (libvpx): it makes up for what the inverse, which
 * cuts off, would otherwise leave as error.
 */
@inline
export function forward(source: v128, prediction: v128, target: usize): void {
  const from = transposed(source);
  const less = transposed(prediction);
  const c01 = i16x8.sub(i16x8.extend_low_i8x16_u(from), i16x8.extend_low_i8x16_u(less));
  const c23 = i16x8.sub(i16x8.extend_high_i8x16_u(from), i16x8.extend_high_i8x16_u(less));
  const c32 = v128.shuffle<i64>(c23, c23, 1, 0);
  let s = i16x8.add(c01, c32);
  let d = i16x8.sub(c01, c32);
  s = v128.shuffle<i16>(s, s, 0, 4, 1, 5, 2, 6, 3, 7);
  d = v128.shuffle<i16>(d, d, 0, 4, 1, 5, 2, 6, 3, 7);
  const t0 = even(s, 1, 8);
  const t2 = even(s, -1, 8);
  const t1 = odd(d, 5352, 2217, 1812, 9);
  const t3 = odd(d, 2217, -5352, 937, 9);
  const t01 = i16x8.narrow_i32x4_s(t0, t1);
  const t23 = i16x8.narrow_i32x4_s(t2, t3);
  // Rows (0 | 1) and (3 | 2).
  const r01 = v128.shuffle<i16>(t01, t23, 0, 4, 8, 12, 1, 5, 9, 13);
  const r32 = v128.shuffle<i16>(t01, t23, 3, 7, 11, 15, 2, 6, 10, 14);
  s = i16x8.add(r01, r32);
  d = i16x8.sub(r01, r32);
  const uneven = i32x4.ne(i32x4.extend_low_i16x8_s(d), i32x4.splat(0));
  s = v128.shuffle<i16>(s, s, 0, 4, 1, 5, 2, 6, 3, 7);
  d = v128.shuffle<i16>(d, d, 0, 4, 1, 5, 2, 6, 3, 7);
  const round = i32x4.splat(7);
  const u0 = i32x4.shr_s(i32x4.add(even(s, 1, 1), round), 4);
  const u2 = i32x4.shr_s(i32x4.add(even(s, -1, 1), round), 4);
  const u1 = i32x4.sub(odd(d, 5352, 2217, 12000, 16), uneven);
  const u3 = odd(d, 2217, -5352, 51000, 16);
  v128.store(target, i16x8.narrow_i32x4_s(u0, u1));
  v128.store(target, i16x8.narrow_i32x4_s(u2, u3), 16);
}

@inline
function scaled(value: v128, factor: i32): v128 {
  return i32x4.shr_s(i32x4.mul(value, i32x4.splat(factor)), 16);
}

@inline
function store4(target: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(target, a);
  v128.store(target, b, 16);
  v128.store(target, c, 32);
  v128.store(target, d, 48);
}

/** Inverse DCT of 16 coefficients, added to `prediction`: 16 samples, as every decoder computes them. */
@inline
export function inverse(low: v128, high: v128, prediction: v128): v128 {
  let r0 = i32x4.extend_low_i16x8_s(low);
  let r1 = i32x4.extend_high_i16x8_s(low);
  let r2 = i32x4.extend_low_i16x8_s(high);
  let r3 = i32x4.extend_high_i16x8_s(high);
  let a = i32x4.add(r0, r2);
  let b = i32x4.sub(r0, r2);
  let c = i32x4.sub(scaled(r1, 35468), i32x4.add(r3, scaled(r3, 20091)));
  let d = i32x4.add(i32x4.add(r1, scaled(r1, 20091)), scaled(r3, 35468));
  r0 = i32x4.add(a, d);
  r1 = i32x4.add(b, c);
  r2 = i32x4.sub(b, c);
  r3 = i32x4.sub(a, d);
  let ab = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  let cd = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  let ef = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  let gh = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  r0 = i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), i32x4.splat(4));
  r1 = v128.shuffle<i64>(ab, cd, 1, 3);
  r2 = v128.shuffle<i64>(ef, gh, 0, 2);
  r3 = v128.shuffle<i64>(ef, gh, 1, 3);
  a = i32x4.add(r0, r2);
  b = i32x4.sub(r0, r2);
  c = i32x4.sub(scaled(r1, 35468), i32x4.add(r3, scaled(r3, 20091)));
  d = i32x4.add(i32x4.add(r1, scaled(r1, 20091)), scaled(r3, 35468));
  const c01 = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(a, d), 3),
    i32x4.shr_s(i32x4.add(b, c), 3),
  );
  const c23 = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.sub(b, c), 3),
    i32x4.shr_s(i32x4.sub(a, d), 3),
  );
  const r01 = v128.shuffle<i16>(c01, c23, 0, 4, 8, 12, 1, 5, 9, 13);
  const r23 = v128.shuffle<i16>(c01, c23, 2, 6, 10, 14, 3, 7, 11, 15);
  return i8x16.narrow_i16x8_u(
    i16x8.add(r01, i16x8.extend_low_i8x16_u(prediction)),
    i16x8.add(r23, i16x8.extend_high_i8x16_u(prediction)),
  );
}

/** Walsh-Hadamard transform of the 16 DCs at `dcs`, in place. */
export function forwardDcs(dcs: usize): void {
  for (let i = 0; i < 4; i++) hadamard(dcs + (i << 3), 2, 0, 0);
  for (let i = 0; i < 4; i++) hadamard(dcs + (i << 1), 8, 1, 1);
}

/** Its inverse, as every decoder computes it. */
export function inverseDcs(dcs: usize): void {
  for (let i = 0; i < 4; i++) hadamard(dcs + (i << 1), 8, 0, 0);
  for (let i = 0; i < 4; i++) hadamard(dcs + (i << 3), 2, 3, 3);
}

@inline
function hadamard(at: usize, stride: usize, round: i32, shift: i32): void {
  const x0 = <i32>load<i16>(at) + round;
  const x1 = <i32>load<i16>(at + stride);
  const x2 = <i32>load<i16>(at + 2 * stride);
  const x3 = <i32>load<i16>(at + 3 * stride);
  const a0 = x0 + x3;
  const a1 = x1 + x2;
  const a2 = x1 - x2;
  const a3 = x0 - x3;
  store<i16>(at, (a0 + a1) >> shift);
  store<i16>(at + stride, (a3 + a2) >> shift);
  store<i16>(at + 2 * stride, (a0 - a1) >> shift);
  store<i16>(at + 3 * stride, (a3 - a2) >> shift);
}

/** Magnitudes of the levels of coefficients of the magnitudes given; `half` is 0 or 16. */
@inline
export function quantise(magnitudes: v128, quantiser: usize, half: usize): v128 {
  const twice = i16x8.add(magnitudes, magnitudes);
  return i16x8.q15mulr_sat_s(
    i16x8.add(twice, v128.load(quantiser + half, OFFSETS)),
    v128.load(quantiser + half, RECIPROCALS),
  );
}

/** What is left of magnitudes behind their levels. */
@inline
export function remainder(magnitudes: v128, levels: v128, quantiser: usize, half: usize): v128 {
  return i16x8.sub(magnitudes, i16x8.mul(levels, v128.load(quantiser + half, STEPS)));
}

@inline
export function zigzagLow(low: v128, high: v128): v128 {
  return v128.shuffle<i16>(low, high, 0, 1, 4, 8, 5, 2, 3, 6);
}
@inline
export function zigzagHigh(low: v128, high: v128): v128 {
  return v128.shuffle<i16>(low, high, 9, 12, 13, 10, 7, 11, 14, 15);
}

/** `values` with the signs of `signed`. */
@inline
export function withSigns(values: v128, signed: v128): v128 {
  const sign = i16x8.shr_s(signed, 15);
  return i16x8.sub(v128.xor(values, sign), sign);
}

/** Position of the last level that is not 0; -1 if there is none. */
@inline
export function lastNonzero(low: v128, high: v128): i32 {
  const packed = i8x16.narrow_i16x8_s(low, high);
  return 31 - clz(<i32>i8x16.bitmask(i8x16.ne(packed, i8x16.splat(0))));
}
