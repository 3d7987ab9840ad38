// Coefficients to what is added to the prediction: VP8's inverse transforms (RFC 6386, section 14).
import { COEFFICIENTS, RESIDUALS } from "./vp8-decode-layout";
import { high, low } from "./jpeg-matrix";

/** The high halves of the products with `factor`, as a multiplication of 16 bits has them. */
@inline
function highProducts(a: v128, factor: i16): v128 {
  const even = i32x4.dot_i16x8_s(a, i16x8(factor, 0, factor, 0, factor, 0, factor, 0));
  const odd = i32x4.dot_i16x8_s(a, i16x8(0, factor, 0, factor, 0, factor, 0, factor));
  const upper = v128.and(odd, i32x4.splat(0xffff0000));
  return v128.or(i32x4.shr_u(even, 16), upper);
}
/** a * 20091 / 65536 + a: sqrt(2) cos(pi / 8). */
@inline
function cosine(a: v128): v128 {
  return i16x8.add(a, highProducts(a, 20091));
}
/** a * 35468 / 65536: sqrt(2) sin(pi / 8); the factor is 65536 less, to fit 16 signed bits. */
@inline
function sine(a: v128): v128 {
  return i16x8.add(a, highProducts(a, -30068));
}

@inline
function low32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}
@inline
function high32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}
@inline
function low64(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}
@inline
function high64(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}

/** Two blocks side by side: coefficients at `from` to residuals at `to`; zeros are left behind. */
@inline
function inversePair(from: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from, 16);
  const c = v128.load(from, 32);
  const d = v128.load(from, 48);
  clearPair(from);
  const r0 = low64(a, c);
  const r1 = high64(a, c);
  const r2 = low64(b, d);
  const r3 = high64(b, d);
  // Columns.
  let sum = i16x8.add(r0, r2);
  let difference = i16x8.sub(r0, r2);
  let odd0 = i16x8.sub(sine(r1), cosine(r3));
  let odd1 = i16x8.add(cosine(r1), sine(r3));
  const t0 = i16x8.add(sum, odd1);
  const t1 = i16x8.add(difference, odd0);
  const t2 = i16x8.sub(difference, odd0);
  const t3 = i16x8.sub(sum, odd1);
  // Rows, as columns.
  let p = low(t0, t1);
  let q = low(t2, t3);
  const aLow = low32(p, q);
  const aHigh = high32(p, q);
  p = high(t0, t1);
  q = high(t2, t3);
  const bLow = low32(p, q);
  const bHigh = high32(p, q);
  const c0 = i16x8.add(low64(aLow, bLow), i16x8.splat(4));
  const c1 = high64(aLow, bLow);
  const c2 = low64(aHigh, bHigh);
  const c3 = high64(aHigh, bHigh);
  sum = i16x8.add(c0, c2);
  difference = i16x8.sub(c0, c2);
  odd0 = i16x8.sub(sine(c1), cosine(c3));
  odd1 = i16x8.add(cosine(c1), sine(c3));
  const o0 = i16x8.shr_s(i16x8.add(sum, odd1), 3);
  const o1 = i16x8.shr_s(i16x8.add(difference, odd0), 3);
  const o2 = i16x8.shr_s(i16x8.sub(difference, odd0), 3);
  const o3 = i16x8.shr_s(i16x8.sub(sum, odd1), 3);
  p = low(o0, o1);
  q = low(o2, o3);
  v128.store(to, low32(p, q));
  v128.store(to, high32(p, q), 16);
  p = high(o0, o1);
  q = high(o2, o3);
  v128.store(to, low32(p, q), 32);
  v128.store(to, high32(p, q), 48);
}

@inline
function clearPair(from: usize): void {
  const zero = i64x2.splat(0);
  v128.store(from, zero);
  v128.store(from, zero, 16);
  v128.store(from, zero, 32);
  v128.store(from, zero, 48);
}

/** The same for two blocks that have no coefficient but the first. */
@inline
function inverseFirst(from: usize, to: usize): void {
  const a = i16x8.splat(<i16>((<i32>load<i16>(from) + 4) >> 3));
  const b = i16x8.splat(<i16>((<i32>load<i16>(from, 32) + 4) >> 3));
  store<i16>(from, 0);
  store<i16>(from, 0, 32);
  v128.store(to, a);
  v128.store(to, a, 16);
  v128.store(to, b, 32);
  v128.store(to, b, 48);
}

/** Blocks `first` to `end` (Y2 is 0) to residuals; `more` as readCoefficients returns it. */
export function inverseBlocks(decoder: usize, first: i32, end: i32, more: i32): void {
  let from = decoder + COEFFICIENTS + (first << 5);
  let to = decoder + RESIDUALS + ((first - 1) << 5);
  more >>= first;
  for (; first < end; first += 2) {
    if (more & 3) inversePair(from, to);
    else inverseFirst(from, to);
    more >>= 2;
    from += 64;
    to += 64;
  }
}

/** Y2 to the first coefficients of luma's blocks: the Walsh-Hadamard transform of section 14.3. */
export function spreadY2(decoder: usize): void {
  const from = decoder + COEFFICIENTS;
  const r0 = v128.load_ext<i16>(from);
  const r1 = v128.load_ext<i16>(from, 8);
  const r2 = v128.load_ext<i16>(from, 16);
  const r3 = v128.load_ext<i16>(from, 24);
  v128.store(from, i64x2.splat(0));
  v128.store(from, i64x2.splat(0), 16);
  let a0 = i32x4.add(r0, r3);
  let a1 = i32x4.add(r1, r2);
  let a2 = i32x4.sub(r1, r2);
  let a3 = i32x4.sub(r0, r3);
  const t0 = i32x4.add(a0, a1);
  const t1 = i32x4.add(a3, a2);
  const t2 = i32x4.sub(a0, a1);
  const t3 = i32x4.sub(a3, a2);
  const lowL = low32(t0, t1);
  const lowH = high32(t0, t1);
  const highL = low32(t2, t3);
  const highH = high32(t2, t3);
  const c0 = i32x4.add(low64(lowL, highL), i32x4.splat(3));
  const c1 = high64(lowL, highL);
  const c2 = low64(lowH, highH);
  const c3 = high64(lowH, highH);
  a0 = i32x4.add(c0, c3);
  a1 = i32x4.add(c1, c2);
  a2 = i32x4.sub(c1, c2);
  a3 = i32x4.sub(c0, c3);
  // The lanes of these are the rows.
  storeColumn(from + 32, i32x4.shr_s(i32x4.add(a0, a1), 3));
  storeColumn(from + 64, i32x4.shr_s(i32x4.add(a3, a2), 3));
  storeColumn(from + 96, i32x4.shr_s(i32x4.sub(a0, a1), 3));
  storeColumn(from + 128, i32x4.shr_s(i32x4.sub(a3, a2), 3));
}

@inline
function storeColumn(to: usize, column: v128): void {
  v128.store16_lane(to, column, 0);
  v128.store16_lane(to, column, 2, 128);
  v128.store16_lane(to, column, 4, 256);
  v128.store16_lane(to, column, 6, 384);
}
