// First pass of the resampler: input rows → one i16 row with 6 fractional bits; of colour as pairs
// of pixels, which is what the second pass takes.
//
// Rows wait in a ring as interleaved pairs (a0 b0 a1 b1 ...), so that one dot product takes two
// taps of four samples. Opaque u8 rows are kept as they are; premultiplied and shrunken ones as
// i16 with 6 fractional bits. Weights are i16 with 14 fractional bits.

/** 64 / 255 as a fraction of 65536: brings a product of two bytes to 6 fractional bits. */
const PREMULTIPLY: i16 = 16448;

/** Two u8 rows → a pair row of u8. */
export function interleave8(a: usize, b: usize, target: usize, samples: i32): void {
  let x: i32 = 0;
  for (; x + 16 <= samples; x += 16) {
    const va = v128.load(a + x);
    const vb = v128.load(b + x);
    v128.store(target, v128.shuffle<u8>(va, vb, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(
      target,
      v128.shuffle<u8>(va, vb, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
      16,
    );
    target += 32;
  }
  for (; x < samples; x++) {
    store<u8>(target, load<u8>(a + x));
    store<u8>(target, load<u8>(b + x), 1);
    target += 2;
  }
}

/** Two i16 rows → a pair row of i16. Reads and writes up to 7 samples past the end. */
export function interleave16(a: usize, b: usize, target: usize, samples: i32): void {
  for (let x: i32 = 0; x < samples; x += 8) {
    storePairs(target, v128.load(a), v128.load(b));
    a += 16;
    b += 16;
    target += 32;
  }
}

/** Two rows of RGBA → a pair row of i16, premultiplied. */
export function interleaveAlpha(a: usize, b: usize, target: usize, pixels: i32): void {
  let x: i32 = 0;
  for (; x + 4 <= pixels; x += 4) {
    const va = v128.load(a);
    const vb = v128.load(b);
    const ma = multipliers(va);
    const mb = multipliers(vb);
    storePairs(
      target,
      scaleProduct(i16x8.extmul_low_i8x16_u(va, ma)),
      scaleProduct(i16x8.extmul_low_i8x16_u(vb, mb)),
    );
    storePairs(
      target + 32,
      scaleProduct(i16x8.extmul_high_i8x16_u(va, ma)),
      scaleProduct(i16x8.extmul_high_i8x16_u(vb, mb)),
    );
    a += 16;
    b += 16;
    target += 64;
  }
  for (; x < pixels; x++) {
    const va = v128.load32_zero(a);
    const vb = v128.load32_zero(b);
    const pa = scaleProduct(i16x8.extmul_low_i8x16_u(va, multipliers(va)));
    const pb = scaleProduct(i16x8.extmul_low_i8x16_u(vb, multipliers(vb)));
    v128.store(target, v128.shuffle<u16>(pa, pb, 0, 8, 1, 9, 2, 10, 3, 11));
    a += 4;
    b += 4;
    target += 16;
  }
}

/** Each pixel's alpha for its colours, 255 for alpha itself. */
@inline
export function multipliers(rgba: v128): v128 {
  const alpha = v128.shuffle<u8>(rgba, rgba, 3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
  return v128.or(alpha, i32x4.splat(0xff000000));
}

@inline
function scaleProduct(product: v128): v128 {
  return i16x8.q15mulr_sat_s(i16x8.shr_u(product, 1), i16x8.splat(PREMULTIPLY));
}

@inline
function storePairs(target: usize, a: v128, b: v128): void {
  v128.store(target, v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(target, v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15), 16);
}

/** Weighted sum of `pairs` pair rows of gray u8. Works on whole blocks of 16 samples. */
export function blend8(rows: usize, weights: usize, pairs: i32, target: usize, samples: i32): void {
  blend<u8>(rows, weights, pairs, target, samples, false);
}

/** Weighted sum of `pairs` pair rows of gray i16. Works on whole blocks of 16 samples. */
export function blend16(rows: usize, weights: usize, pairs: i32, target: usize, samples: i32): void {
  blend<i16>(rows, weights, pairs, target, samples, false);
}

/** As blend8, from RGB to pairs of pixels (r0 r1 g0 g1 b0 b1 - -). Works on whole blocks of 24 samples. */
export function blendColour8(rows: usize, weights: usize, pairs: i32, target: usize, samples: i32): void {
  blendColour<u8>(rows, weights, pairs, target, samples);
}

/** As blendColour8, of i16. */
export function blendColour16(rows: usize, weights: usize, pairs: i32, target: usize, samples: i32): void {
  blendColour<i16>(rows, weights, pairs, target, samples);
}

/** As blend16, from RGBA to pairs of pixels (r0 r1 g0 g1 b0 b1 a0 a1). */
export function blendAlpha16(rows: usize, weights: usize, pairs: i32, target: usize, samples: i32): void {
  blend<i16>(rows, weights, pairs, target, samples, true);
}

/**
 * @param rows addresses of the pair rows @param weights two i16 a pair
 * @param inPairs whether pixels of four samples are brought to pairs
 */
@inline
function blend<T>(
  rows: usize,
  weights: usize,
  pairs: i32,
  target: usize,
  samples: i32,
  inPairs: bool,
): void {
  const shift = surplus<T>();
  const half = i32x4.splat(1 << (shift - 1));
  const rowsEnd = rows + (<usize>pairs << 2);
  for (let x: i32 = 0, offset: usize = 0; x < samples; x += 16, offset += 32 * sizeof<T>()) {
    let s0 = half;
    let s1 = half;
    let s2 = half;
    let s3 = half;
    let w = weights;
    for (let r = rows; r < rowsEnd; r += 4) {
      const p = <usize>load<u32>(r) + offset;
      const weight = v128.load_splat<u32>(w);
      const first = v128.load(p);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(low<T>(first), weight));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(high<T>(first, p), weight));
      const second = v128.load(p, 16 * sizeof<T>());
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(low<T>(second), weight));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(high<T>(second, p + 16 * sizeof<T>()), weight));
      w += 4;
    }
    const a = i16x8.narrow_i32x4_s(i32x4.shr_s(s0, shift), i32x4.shr_s(s1, shift));
    const b = i16x8.narrow_i32x4_s(i32x4.shr_s(s2, shift), i32x4.shr_s(s3, shift));
    if (inPairs) {
      v128.store(target, v128.shuffle<u16>(a, a, 0, 4, 1, 5, 2, 6, 3, 7));
      v128.store(target, v128.shuffle<u16>(b, b, 0, 4, 1, 5, 2, 6, 3, 7), 16);
    } else {
      v128.store(target, a);
      v128.store(target, b, 16);
    }
    target += 32;
  }
}

/** Three vectors of eight samples are four pairs of pixels. */
@inline
function blendColour<T>(rows: usize, weights: usize, pairs: i32, target: usize, samples: i32): void {
  const shift = surplus<T>();
  const half = i32x4.splat(1 << (shift - 1));
  const rowsEnd = rows + (<usize>pairs << 2);
  for (let x: i32 = 0, offset: usize = 0; x < samples; x += 24, offset += 48 * sizeof<T>()) {
    let s0 = half;
    let s1 = half;
    let s2 = half;
    let s3 = half;
    let s4 = half;
    let s5 = half;
    let w = weights;
    for (let r = rows; r < rowsEnd; r += 4) {
      const p = <usize>load<u32>(r) + offset;
      const weight = v128.load_splat<u32>(w);
      const first = v128.load(p);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(low<T>(first), weight));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(high<T>(first, p), weight));
      const second = v128.load(p, 16 * sizeof<T>());
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(low<T>(second), weight));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(high<T>(second, p + 16 * sizeof<T>()), weight));
      const third = v128.load(p, 32 * sizeof<T>());
      s4 = i32x4.add(s4, i32x4.dot_i16x8_s(low<T>(third), weight));
      s5 = i32x4.add(s5, i32x4.dot_i16x8_s(high<T>(third, p + 32 * sizeof<T>()), weight));
      w += 4;
    }
    const a = i16x8.narrow_i32x4_s(i32x4.shr_s(s0, shift), i32x4.shr_s(s1, shift));
    const b = i16x8.narrow_i32x4_s(i32x4.shr_s(s2, shift), i32x4.shr_s(s3, shift));
    const c = i16x8.narrow_i32x4_s(i32x4.shr_s(s4, shift), i32x4.shr_s(s5, shift));
    v128.store(target, v128.shuffle<u16>(a, a, 0, 3, 1, 4, 2, 5, 6, 7));
    v128.store(target, v128.shuffle<u16>(a, b, 6, 9, 7, 10, 8, 11, 12, 13), 16);
    v128.store(target, v128.shuffle<u16>(b, c, 4, 7, 5, 8, 6, 9, 10, 11), 32);
    v128.store(target, v128.shuffle<u16>(c, c, 2, 5, 3, 6, 4, 7, 0, 1), 48);
    target += 64;
  }
}

/** Bits to drop from 14 (weights) plus 0 or 6 (samples) to keep 6. */
@inline
function surplus<T>(): i32 {
  return sizeof<T>() == 1 ? 8 : 14;
}

/** Eight samples of u8 as i16, or of i16 as they are. Loads are few: each is checked by the runtime. */
@inline
function low<T>(loaded: v128): v128 {
  return sizeof<T>() == 1 ? i16x8.extend_low_i8x16_u(loaded) : loaded;
}

/** The eight samples behind those. */
@inline
function high<T>(loaded: v128, pointer: usize): v128 {
  return sizeof<T>() == 1 ? i16x8.extend_high_i8x16_u(loaded) : v128.load(pointer, 16);
}
