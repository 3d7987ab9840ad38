// The inverse DCTs of libjpeg: jidctint's for whole blocks (Loeffler, Ligtenberg and Moschytz; 13-bit
// constants, 2 bits kept between the passes), jidctred's for reduced ones. Same bits.
import { SCRATCH } from "./jpeg-decode-layout";
import { high, low, transpose } from "./jpeg-matrix";
import { sumLanes } from "./lanes";

/** Rounding of the last shift, by its bits, with samples' centre at 128. */
@inline
function centre(shift: i32): v128 {
  return i32x4.splat((128 << shift) + (1 << (shift - 1)));
}
@inline
function dot(pairs: v128, a: i16, b: i16): v128 {
  return i32x4.dot_i16x8_s(pairs, i16x8(a, b, a, b, a, b, a, b));
}
@inline
function dots(pairs: v128, a: i16, b: i16, pairs2: v128, a2: i16, b2: i16): v128 {
  return i32x4.add(dot(pairs, a, b), dot(pairs2, a2, b2));
}
@inline
function sums(a: v128, b: v128, c: v128, d: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(a, b), shift),
    i32x4.shr_s(i32x4.add(c, d), shift),
  );
}
@inline
function differences(a: v128, b: v128, c: v128, d: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.sub(a, b), shift),
    i32x4.shr_s(i32x4.sub(c, d), shift),
  );
}

/** One dimension of eight columns, `step` bytes from row to row, written likewise. */
@inline
function columns8(at: usize, target: usize, shift: i32, round: v128): void {
  const d0 = v128.load(at);
  const d1 = v128.load(at, 16);
  const d2 = v128.load(at, 32);
  const d3 = v128.load(at, 48);
  const d4 = v128.load(at, 64);
  const d5 = v128.load(at, 80);
  const d6 = v128.load(at, 96);
  const d7 = v128.load(at, 112);
  const aL = low(d0, d4);
  const aH = high(d0, d4);
  const bL = low(d2, d6);
  const bH = high(d2, d6);
  const wholeL = i32x4.add(dot(aL, 8192, 8192), round);
  const wholeH = i32x4.add(dot(aH, 8192, 8192), round);
  const halfL = i32x4.add(dot(aL, 8192, -8192), round);
  const halfH = i32x4.add(dot(aH, 8192, -8192), round);
  const t2L = dot(bL, 4433, -10704);
  const t2H = dot(bH, 4433, -10704);
  const t3L = dot(bL, 10703, 4433);
  const t3H = dot(bH, 10703, 4433);
  const e0L = i32x4.add(wholeL, t3L);
  const e0H = i32x4.add(wholeH, t3H);
  const e3L = i32x4.sub(wholeL, t3L);
  const e3H = i32x4.sub(wholeH, t3H);
  const e1L = i32x4.add(halfL, t2L);
  const e1H = i32x4.add(halfH, t2H);
  const e2L = i32x4.sub(halfL, t2L);
  const e2H = i32x4.sub(halfH, t2H);

  const pL = low(d1, d3);
  const pH = high(d1, d3);
  const qL = low(d5, d7);
  const qH = high(d5, d7);
  let oL = dots(pL, 11363, 9633, qL, 6437, 2260);
  let oH = dots(pH, 11363, 9633, qH, 6437, 2260);
  v128.store(target, sums(e0L, oL, e0H, oH, shift));
  v128.store(target, differences(e0L, oL, e0H, oH, shift), 112);
  oL = dots(pL, 9633, -2259, qL, -11362, -6436);
  oH = dots(pH, 9633, -2259, qH, -11362, -6436);
  v128.store(target, sums(e1L, oL, e1H, oH, shift), 16);
  v128.store(target, differences(e1L, oL, e1H, oH, shift), 96);
  oL = dots(pL, 6437, -11362, qL, 2261, 9633);
  oH = dots(pH, 6437, -11362, qH, 2261, 9633);
  v128.store(target, sums(e2L, oL, e2H, oH, shift), 32);
  v128.store(target, differences(e2L, oL, e2H, oH, shift), 80);
  oL = dots(pL, 2260, -6436, qL, 9633, -11363);
  oH = dots(pH, 2260, -6436, qH, 9633, -11363);
  v128.store(target, sums(e3L, oL, e3H, oH, shift), 48);
  v128.store(target, differences(e3L, oL, e3H, oH, shift), 64);
}

/** The same where the last four rows are zero. */
@inline
function columns4(at: usize, target: usize, shift: i32, round: v128): void {
  const d0 = v128.load(at);
  const d1 = v128.load(at, 16);
  const d2 = v128.load(at, 32);
  const d3 = v128.load(at, 48);
  const aL = low(d0, d2);
  const aH = high(d0, d2);
  const pL = low(d1, d3);
  const pH = high(d1, d3);
  let eL = i32x4.add(dot(aL, 8192, 10703), round);
  let eH = i32x4.add(dot(aH, 8192, 10703), round);
  let oL = dot(pL, 11363, 9633);
  let oH = dot(pH, 11363, 9633);
  v128.store(target, sums(eL, oL, eH, oH, shift));
  v128.store(target, differences(eL, oL, eH, oH, shift), 112);
  eL = i32x4.add(dot(aL, 8192, 4433), round);
  eH = i32x4.add(dot(aH, 8192, 4433), round);
  oL = dot(pL, 9633, -2259);
  oH = dot(pH, 9633, -2259);
  v128.store(target, sums(eL, oL, eH, oH, shift), 16);
  v128.store(target, differences(eL, oL, eH, oH, shift), 96);
  eL = i32x4.add(dot(aL, 8192, -4433), round);
  eH = i32x4.add(dot(aH, 8192, -4433), round);
  oL = dot(pL, 6437, -11362);
  oH = dot(pH, 6437, -11362);
  v128.store(target, sums(eL, oL, eH, oH, shift), 32);
  v128.store(target, differences(eL, oL, eH, oH, shift), 80);
  eL = i32x4.add(dot(aL, 8192, -10703), round);
  eH = i32x4.add(dot(aH, 8192, -10703), round);
  oL = dot(pL, 2260, -6436);
  oH = dot(pH, 2260, -6436);
  v128.store(target, sums(eL, oL, eH, oH, shift), 48);
  v128.store(target, differences(eL, oL, eH, oH, shift), 64);
}

@inline
function interleaveHalves(pair: v128): v128 {
  return i8x16.shuffle(pair, pair, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Columns of 16 bits at `at` to rows of samples. */
@inline
function storeColumns(at: usize, target: usize, stride: i32): void {
  const a = interleaveHalves(i8x16.narrow_i16x8_u(v128.load(at), v128.load(at, 16)));
  const b = interleaveHalves(i8x16.narrow_i16x8_u(v128.load(at, 32), v128.load(at, 48)));
  const c = interleaveHalves(i8x16.narrow_i16x8_u(v128.load(at, 64), v128.load(at, 80)));
  const d = interleaveHalves(i8x16.narrow_i16x8_u(v128.load(at, 96), v128.load(at, 112)));
  const ab = low(a, b);
  const cd = low(c, d);
  const ab4 = high(a, b);
  const cd4 = high(c, d);
  const r01 = i32x4.shuffle(ab, cd, 0, 4, 1, 5);
  const r23 = i32x4.shuffle(ab, cd, 2, 6, 3, 7);
  const r45 = i32x4.shuffle(ab4, cd4, 0, 4, 1, 5);
  const r67 = i32x4.shuffle(ab4, cd4, 2, 6, 3, 7);
  v128.store64_lane(target, r01, 0);
  v128.store64_lane((target += stride), r01, 1);
  v128.store64_lane((target += stride), r23, 0);
  v128.store64_lane((target += stride), r23, 1);
  v128.store64_lane((target += stride), r45, 0);
  v128.store64_lane((target += stride), r45, 1);
  v128.store64_lane((target += stride), r67, 0);
  v128.store64_lane((target += stride), r67, 1);
}

@inline
function flatSample(block: usize): i32 {
  return min(max(((<i32>load<i16>(block) + 4) >> 3) + 128, 0), 255);
}

/**
 * A block of dequantised coefficients to `size` x `size` samples. `last` is a zigzag position
 * that no coefficient is behind.
 */
export function inverse(
  decoder: usize,
  block: usize,
  last: i32,
  size: i32,
  target: usize,
  stride: i32,
): void {
  if (size == 8) {
    if (last == 0) fill8(target, stride, flatSample(block));
    else if (last < 10) inverseFew(block, decoder + SCRATCH, target, stride);
    else inverse8(block, decoder + SCRATCH, target, stride);
  } else if (size == 1) store<u8>(target, <u8>flatSample(block));
  else if (size == 4) inverse4(block, target, stride);
  else inverse2(block, target, stride);
}

function fill8(target: usize, stride: i32, sample: i32): void {
  const samples = i8x16.splat(<i8>sample);
  for (let row = 0; row < 8; row++) {
    v128.store64_lane(target, samples, 0);
    target += stride;
  }
}

function inverse8(block: usize, scratch: usize, target: usize, stride: i32): void {
  columns8(block, scratch, 11, i32x4.splat(1 << 10));
  transpose(scratch, false);
  columns8(scratch, scratch, 18, centre(18));
  storeColumns(scratch, target, stride);
}

function inverseFew(block: usize, scratch: usize, target: usize, stride: i32): void {
  columns4(block, scratch, 11, i32x4.splat(1 << 10));
  transpose(scratch, true);
  columns4(scratch, scratch, 18, centre(18));
  storeColumns(scratch, target, stride);
}

/** Four of eight: jpeg_idct_4x4, which does without the fifth row and column. */
function inverse4(block: usize, target: usize, stride: i32): void {
  const d0 = v128.load(block);
  const d1 = v128.load(block, 16);
  const d2 = v128.load(block, 32);
  const d3 = v128.load(block, 48);
  const d5 = v128.load(block, 80);
  const d6 = v128.load(block, 96);
  const d7 = v128.load(block, 112);
  const round = i32x4.splat(1 << 11);
  const zero = i16x8.splat(0);
  const wholeL = i32x4.add(dot(low(d0, zero), 16384, 0), round);
  const wholeH = i32x4.add(dot(high(d0, zero), 16384, 0), round);
  const evenL = dot(low(d2, d6), 15137, -6270);
  const evenH = dot(high(d2, d6), 15137, -6270);
  const a0L = i32x4.add(wholeL, evenL);
  const a0H = i32x4.add(wholeH, evenH);
  const a1L = i32x4.sub(wholeL, evenL);
  const a1H = i32x4.sub(wholeH, evenH);
  const pL = low(d1, d3);
  const pH = high(d1, d3);
  const qL = low(d5, d7);
  const qH = high(d5, d7);
  const o0L = dots(pL, 8697, -17799, qL, 11893, -1730);
  const o0H = dots(pH, 8697, -17799, qH, 11893, -1730);
  const o2L = dots(pL, 20995, 7373, qL, -4926, -4176);
  const o2H = dots(pH, 20995, 7373, qH, -4926, -4176);
  const w0 = sums(a0L, o2L, a0H, o2H, 12);
  const w3 = differences(a0L, o2L, a0H, o2H, 12);
  const w1 = sums(a1L, o0L, a1H, o0H, 12);
  const w2 = differences(a1L, o0L, a1H, o0H, 12);

  // Pairs of columns by row: (0, 1) (2, 3), (4, 5) (6, 7), to (0, 2) (6) and (1, 3) (5, 7).
  const w01L = low(w0, w2); // c0: r0 r2, c1, c2, c3
  const w01H = high(w0, w2);
  const w23L = low(w1, w3);
  const w23H = high(w1, w3);
  const lowAll = low(w01L, w23L); // c0 r0 r1 r2 r3, c1 r0..3
  const lowAll2 = high(w01L, w23L); // c2, c3
  const highAll = low(w01H, w23H); // c4, c5
  const highAll2 = high(w01H, w23H); // c6, c7
  const c1 = i64x2.shuffle(lowAll, lowAll, 1, 1);
  const c3 = i64x2.shuffle(lowAll2, lowAll2, 1, 1);
  const c5 = i64x2.shuffle(highAll, highAll, 1, 1);
  const c7 = i64x2.shuffle(highAll2, highAll2, 1, 1);
  const whole = i32x4.add(dot(low(lowAll, zero), 16384, 0), centre(19));
  const even = dot(low(lowAll2, highAll2), 15137, -6270);
  const b0 = i32x4.add(whole, even);
  const b1 = i32x4.sub(whole, even);
  const p = low(c1, c3);
  const q = low(c5, c7);
  const o0 = dots(p, 8697, -17799, q, 11893, -1730);
  const o2 = dots(p, 20995, 7373, q, -4926, -4176);
  const samples = i8x16.narrow_i16x8_u(sums(b0, o2, b1, o0, 19), differences(b1, o0, b0, o2, 19));
  const rows = i8x16.swizzle(
    samples,
    i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
  );
  v128.store32_lane(target, rows, 0);
  v128.store32_lane((target += stride), rows, 1);
  v128.store32_lane((target += stride), rows, 2);
  v128.store32_lane((target += stride), rows, 3);
}

@inline
function clampSample(value: i32): u8 {
  return <u8>min(max(value, 0), 255);
}

/** Two of eight: jpeg_idct_2x2, which needs the odd rows and columns only, and the first. */
function inverse2(block: usize, target: usize, stride: i32): void {
  const d0 = v128.load(block);
  const d1 = v128.load(block, 16);
  const d3 = v128.load(block, 48);
  const d5 = v128.load(block, 80);
  const d7 = v128.load(block, 112);
  const round = i32x4.splat(1 << 12);
  const eL = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(d0), 15), round);
  const eH = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(d0), 15), round);
  const oL = dots(low(d1, d3), 29692, -10426, low(d5, d7), 6967, -5906);
  const oH = dots(high(d1, d3), 29692, -10426, high(d5, d7), 6967, -5906);
  const weights = i16x8(0, 29692, 0, -10426, 0, 6967, 0, -5906);
  const w0 = sums(eL, oL, eH, oH, 13);
  const w1 = differences(eL, oL, eH, oH, 13);
  const rounding = (128 << 20) + (1 << 19);
  const e0 = (<i32>i16x8.extract_lane_s(w0, 0) << 15) + rounding;
  const o0 = sumLanes(i32x4.dot_i16x8_s(w0, weights));
  const e1 = (<i32>i16x8.extract_lane_s(w1, 0) << 15) + rounding;
  const o1 = sumLanes(i32x4.dot_i16x8_s(w1, weights));
  store<u8>(target, clampSample((e0 + o0) >> 20));
  store<u8>(target, clampSample((e0 - o0) >> 20), 1);
  target += stride;
  store<u8>(target, clampSample((e1 + o1) >> 20));
  store<u8>(target, clampSample((e1 - o1) >> 20), 1);
}
