// Second pass of the resampler: one i16 row with 6 fractional bits → one row of bytes.
//
// Colour rows come as pairs of pixels (r0 r1 g0 g1 b0 b1 a0 a1), so that one dot product takes two
// taps of all channels. Weights are i16 with 14 fractional bits.

/**
 * One output row of gray. `starts`: byte offset of each output's first tap; `taps`: a multiple of
 * 8, zero where a window is shorter.
 */
export function filter1(
  source: usize,
  target: usize,
  starts: usize,
  weights: usize,
  taps: i32,
  outputs: i32,
): void {
  const bytes = <usize>taps << 1;
  for (let x: i32 = 0; x < outputs; x++) {
    let p = source + load<u32>(starts);
    const end = weights + bytes;
    let sum = i32x4.splat(0);
    for (; weights < end; weights += 16) {
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(p), v128.load(weights)));
      p += 16;
    }
    sum = i32x4.add(sum, v128.shuffle<u32>(sum, sum, 2, 3, 0, 1));
    sum = i32x4.add(sum, v128.shuffle<u32>(sum, sum, 1, 0, 3, 2));
    const value: i32 = (i32x4.extract_lane(sum, 0) + (1 << 19)) >> 20;
    store<u8>(target, <u8>(value < 0 ? 0 : value > 255 ? 255 : value));
    starts += 4;
    target++;
  }
}

/**
 * Two output rows of RGB, which share the loads of their weights; or one, given twice. `starts`: byte
 * offset of each output's first pair. The second row is written 1 byte past its end.
 */
export function filter3(
  source: usize,
  nextSource: usize,
  target: usize,
  nextTarget: usize,
  starts: usize,
  weights: usize,
  pairs: i32,
  outputs: i32,
): void {
  const bytes = <usize>pairs << 2;
  const last = outputs - 1;
  for (let x: i32 = 0; x < last; x++) {
    const start = load<u32>(starts);
    const pixels = twoPixels(source + start, nextSource + start, weights, bytes);
    v128.store_lane<u32>(target, pixels, 0);
    v128.store_lane<u32>(nextTarget, pixels, 1);
    weights += bytes;
    starts += 4;
    target += 3;
    nextTarget += 3;
  }
  // The next row may begin behind this pixel.
  const start = load<u32>(starts);
  const pixels = twoPixels(source + start, nextSource + start, weights, bytes);
  v128.store_lane<u16>(target, pixels, 0);
  v128.store_lane<u8>(target, pixels, 2, 2);
  v128.store_lane<u32>(nextTarget, pixels, 1);
}

/** One pixel of each of two rows, four bytes each. */
@inline
function twoPixels(p: usize, q: usize, weights: usize, bytes: usize): v128 {
  let sum = i32x4.splat(1 << 19);
  let nextSum = sum;
  const end = weights + bytes;
  for (; weights < end; weights += 4) {
    const weight = v128.load_splat<u32>(weights);
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(p), weight));
    nextSum = i32x4.add(nextSum, i32x4.dot_i16x8_s(v128.load(q), weight));
    p += 16;
    q += 16;
  }
  const words = i16x8.narrow_i32x4_s(i32x4.shr_s(sum, 20), i32x4.shr_s(nextSum, 20));
  return i8x16.narrow_i16x8_u(words, words);
}

/** One output row of RGBA, from premultiplied to straight. */
export function filter4(
  source: usize,
  target: usize,
  starts: usize,
  weights: usize,
  pairs: i32,
  outputs: i32,
): void {
  const bytes = <usize>pairs << 2;
  const opaque: f32 = 255 * 1048576;
  const unit: f32 = 1.0 / 1048576.0;
  for (let x: i32 = 0; x < outputs; x++) {
    const sum = f32x4.convert_i32x4_s(sumPairs(source + load<u32>(starts), weights, bytes));
    // Lanczos overshoots: more than opaque is opaque.
    const alpha = min<f32>(f32x4.extract_lane(sum, 3), opaque);
    if (alpha * unit < 0.5) {
      store<u32>(target, 0);
    } else {
      const straight = f32x4.mul(sum, f32x4.splat(<f32>255.0 / alpha));
      const pixel = f32x4.replace_lane(straight, 3, alpha * unit);
      const rounded = i32x4.trunc_sat_f32x4_s(f32x4.add(pixel, f32x4.splat(0.5)));
      const words = i16x8.narrow_i32x4_s(rounded, rounded);
      v128.store_lane<u32>(target, i8x16.narrow_i16x8_u(words, words), 0);
    }
    weights += bytes;
    starts += 4;
    target += 4;
  }
}

/** Sums of weighted pairs of pixels, one lane a channel. `bytes`: of the weights. */
@inline
export function sumPairs(source: usize, weights: usize, bytes: usize): v128 {
  let even = i32x4.splat(0);
  let odd = i32x4.splat(0);
  const end = weights + bytes;
  for (; weights + 8 <= end; weights += 8) {
    even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load(source), v128.load_splat<u32>(weights)));
    odd = i32x4.add(odd, i32x4.dot_i16x8_s(v128.load(source, 16), v128.load_splat<u32>(weights, 4)));
    source += 32;
  }
  if (weights < end) {
    even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load(source), v128.load_splat<u32>(weights)));
  }
  return i32x4.add(even, odd);
}
