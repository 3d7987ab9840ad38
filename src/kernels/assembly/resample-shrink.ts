// Averages cells of whole pixels ahead of the resampler when it shrinks far, so that its window
// stays a few rows high. Sums are u32: of bytes, or of products with alpha.
import { multipliers } from "./resample-vertical";

/** Adds up to 256 rows of u8 samples, `stride` bytes apart, to `sums`. */
export function accumulate(
  source: usize,
  stride: usize,
  rows: i32,
  sums: usize,
  samples: i32,
): void {
  let x: i32 = 0;
  for (; x + 8 <= samples; x += 8) {
    let words = i16x8.splat(0);
    let p = source + x;
    for (let y: i32 = 0; y < rows; y++) {
      words = i16x8.add(words, v128.load_ext<u8>(p));
      p += stride;
    }
    addTo(sums, i32x4.extend_low_i16x8_u(words));
    addTo(sums + 16, i32x4.extend_high_i16x8_u(words));
    sums += 32;
  }
  for (; x < samples; x++) {
    let sum: u32 = load<u32>(sums);
    let p = source + x;
    for (let y: i32 = 0; y < rows; y++) {
      sum += <u32>load<u8>(p);
      p += stride;
    }
    store<u32>(sums, sum);
    sums += 4;
  }
}

/** Adds rows of RGBA to `sums`: colours times alpha, alpha times 255. */
export function accumulateAlpha(
  source: usize,
  stride: usize,
  rows: i32,
  sums: usize,
  pixels: i32,
): void {
  for (let x: i32 = 0; x < pixels; x++) {
    let p = source + (<usize>x << 2);
    let sum = v128.load(sums);
    for (let y: i32 = 0; y < rows; y++) {
      const rgba = v128.load32_zero(p);
      const products = i16x8.extmul_low_i8x16_u(rgba, multipliers(rgba));
      sum = i32x4.add(sum, i32x4.extend_low_i16x8_u(products));
      p += stride;
    }
    v128.store(sums, sum);
    sums += 16;
  }
}

@inline
function addTo(sums: usize, value: v128): void {
  v128.store(sums, i32x4.add(v128.load(sums), value));
}

/**
 * Averages `factor` sums at a time into i16 with 6 fractional bits, and zeroes the sums.
 * @param scale 64 / rows in the sums (and / 255 for products; 1 / rows for light)
 */
export function shrink1(sums: usize, target: usize, width: i32, factor: i32, scale: f32): void {
  for (let x: i32 = 0; x < width; x += factor) {
    const count = min(factor, width - x);
    let sum: f32 = 0;
    for (let i: i32 = 0; i < count; i++) {
      sum += <f32>load<u32>(sums);
      store<u32>(sums, 0);
      sums += 4;
    }
    store<i16>(target, <i16>(sum * (scale / <f32>count) + 0.5));
    target += 2;
  }
}

/** As shrink1, for RGB. Reads 4 bytes and writes 2 past the ends. */
export function shrink3(sums: usize, target: usize, width: i32, factor: i32, scale: f32): void {
  for (let x: i32 = 0; x < width; x += factor) {
    const count = min(factor, width - x);
    let sum = f32x4.splat(0);
    for (let i: i32 = 0; i < count; i++) {
      sum = f32x4.add(sum, f32x4.convert_i32x4_u(v128.load(sums)));
      store<u64>(sums, 0);
      store<u32>(sums, 0, 8);
      sums += 12;
    }
    v128.store_lane<u64>(target, toWords(sum, scale / <f32>count), 0);
    target += 6;
  }
}

/** As shrink1, for RGBA. */
export function shrink4(sums: usize, target: usize, width: i32, factor: i32, scale: f32): void {
  for (let x: i32 = 0; x < width; x += factor) {
    const count = min(factor, width - x);
    let sum = f32x4.splat(0);
    for (let i: i32 = 0; i < count; i++) {
      sum = f32x4.add(sum, f32x4.convert_i32x4_u(v128.load(sums)));
      v128.store(sums, i32x4.splat(0));
      sums += 16;
    }
    v128.store_lane<u64>(target, toWords(sum, scale / <f32>count), 0);
    target += 8;
  }
}

@inline
function toWords(sum: v128, scale: f32): v128 {
  const value = f32x4.add(f32x4.mul(sum, f32x4.splat(scale)), f32x4.splat(0.5));
  const rounded = i32x4.trunc_sat_f32x4_s(value);
  return i16x8.narrow_i32x4_s(rounded, rounded);
}
