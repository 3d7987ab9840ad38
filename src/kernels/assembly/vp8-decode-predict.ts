// Prediction of a macroblock from its neighbours, which are not filtered yet, and what is added to
// it (RFC 6386, section 12). Samples left of the picture are 129, those above it 127.
import {
  BLOCK_TRUE_MOTION,
  BLOCK_VERTICAL,
  DC,
  HORIZONTAL,
  VERTICAL,
} from "./vp8-decode-modes";

@inline
function addResidual(samples: v128, low: v128, high: v128): v128 {
  return i8x16.narrow_i16x8_u(
    i16x8.add(i16x8.extend_low_i8x16_u(samples), low),
    i16x8.add(i16x8.extend_high_i8x16_u(samples), high),
  );
}

@inline
function sum16(samples: v128): i32 {
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(samples));
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  );
}

function sumLeft(at: usize, stride: usize, rows: i32): i32 {
  let sum = 0;
  for (at -= 1; rows > 0; rows--) {
    sum += <i32>load<u8>(at);
    at += stride;
  }
  return sum;
}

/** The mean of the neighbours there are, of 2 ** size each. */
@inline
function mean(above: i32, left: i32, size: i32, hasAbove: bool, hasLeft: bool): i32 {
  if (hasAbove && hasLeft) return (above + left + (1 << size)) >> (size + 1);
  if (hasAbove) return (above + (1 << (size - 1))) >> size;
  if (hasLeft) return (left + (1 << (size - 1))) >> size;
  return 128;
}

/** Luma of one mode. */
export function predictLuma(
  at: usize,
  stride: usize,
  mode: i32,
  hasAbove: bool,
  hasLeft: bool,
): void {
  const above = v128.load(at - stride);
  if (mode == DC || mode == VERTICAL) {
    let samples = above;
    if (mode == DC) {
      const left = hasLeft ? sumLeft(at, stride, 16) : 0;
      samples = i8x16.splat(<i8>mean(sum16(above), left, 4, hasAbove, hasLeft));
    }
    for (let row = 0; row < 16; row++) {
      v128.store(at, samples);
      at += stride;
    }
  } else if (mode == HORIZONTAL) {
    for (let row = 0; row < 16; row++) {
      v128.store(at, v128.load8_splat(at - 1));
      at += stride;
    }
  } else {
    const corner = i16x8.splat(<i16>load<u8>(at - stride - 1));
    const low = i16x8.sub(i16x8.extend_low_i8x16_u(above), corner);
    const high = i16x8.sub(i16x8.extend_high_i8x16_u(above), corner);
    for (let row = 0; row < 16; row++) {
      const left = i16x8.splat(<i16>load<u8>(at - 1));
      v128.store(at, i8x16.narrow_i16x8_u(i16x8.add(low, left), i16x8.add(high, left)));
      at += stride;
    }
  }
}

/** Adds sixteen blocks' residuals to predicted luma. */
export function addLuma(at: usize, stride: usize, residuals: usize): void {
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      const a = v128.load(residuals);
      const b = v128.load(residuals, 16);
      const c = v128.load(residuals, 32);
      const d = v128.load(residuals, 48);
      let row = at + (x << 2);
      addRow(row, v128.shuffle<i64>(a, c, 0, 2));
      addRow((row += stride), v128.shuffle<i64>(a, c, 1, 3));
      addRow((row += stride), v128.shuffle<i64>(b, d, 0, 2));
      addRow(row + stride, v128.shuffle<i64>(b, d, 1, 3));
      x++;
      residuals += 64;
    }
    at += stride << 2;
  }
}

@inline
function addRow(at: usize, residual: v128): void {
  const sum = i16x8.add(v128.load_ext<u8>(at), residual);
  v128.store64_lane(at, i8x16.narrow_i16x8_u(sum, sum), 0);
}

/** One plane's chroma; `residuals` is 0 where there are none. */
export function predictChroma(
  at: usize,
  stride: usize,
  mode: i32,
  hasAbove: bool,
  hasLeft: bool,
  residuals: usize,
): void {
  const top = v128.load64_zero(at - stride);
  const above = i16x8.extend_low_i8x16_u(top);
  let samples = above;
  if (mode == DC) {
    const left = hasLeft ? sumLeft(at, stride, 8) : 0;
    samples = i16x8.splat(<i16>mean(sum16(top), left, 3, hasAbove, hasLeft));
  }
  const corner = i16x8.splat(<i16>load<u8>(at - stride - 1));
  const gradient = i16x8.sub(above, corner);
  const flat = mode == DC || mode == VERTICAL;
  for (let row = 0; row < 8; row++) {
    if (!flat) {
      const left = i16x8.splat(<i16>load<u8>(at - 1));
      samples = left;
      if (mode != HORIZONTAL) {
        // Clamped before anything is added.
        const sum = i16x8.add(gradient, left);
        samples = i16x8.extend_low_i8x16_u(i8x16.narrow_i16x8_u(sum, sum));
      }
    }
    let sum = samples;
    if (residuals) {
      // Rows of two blocks side by side.
      const block = residuals + ((row & 4) << 4) + ((row & 3) << 3);
      sum = i16x8.add(sum, v128.load64_lane(block, v128.load64_zero(block), 1, 32));
    }
    v128.store64_lane(at, i8x16.narrow_i16x8_u(sum, sum), 0);
    at += stride;
  }
}

/**
 * i8[8][2][16]: of each directional mode, VE to HU: which mean of two and which of three neighbours
 * along the edge a sample is, rows in turn; -1 where it is the other.
 */
// prettier-ignore
const MEANS: usize = memory.data<i8>([
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  6, 7, 8, 9, 7, 8, 9, 10, 8, 9, 10, 11, 9, 10, 11, 12,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  4, 5, 6, 7, 3, 4, 5, 6, 2, 3, 4, 5, 1, 2, 3, 4,
  4, 5, 6, 7, -1, -1, -1, -1, -1, 4, 5, 6, -1, -1, -1, -1,
  -1, -1, -1, -1, 4, 5, 6, 7, 3, -1, -1, -1, 2, 4, 5, 6,
  5, 6, 7, 8, -1, -1, -1, -1, 6, 7, 8, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, 6, 7, 8, 9, -1, -1, -1, 10, 7, 8, 9, 11,
  3, -1, -1, -1, 2, -1, 3, -1, 1, -1, 2, -1, 0, -1, 1, -1,
  -1, 4, 5, 6, -1, 3, -1, 4, -1, 2, -1, 3, -1, 1, -1, 2,
  2, -1, 1, -1, 1, -1, 0, -1, 0, -1, 14, 14, 14, 14, 14, 14,
  -1, 2, -1, 1, -1, 1, -1, 0, -1, 0, -1, -1, -1, -1, -1, -1,
]);

/**
 * A block of 4 x 4, rows in turn. `left` is the block to the left; `above` starts with the corner,
 * behind which are eight samples above and right above.
 */
@inline
function predictBlock(left: v128, above: v128, mode: i32, residual: usize): v128 {
  // Up the left side, along the corner, and right; the last ones are repeated.
  const edge = i8x16.shuffle(
    left, above, 15, 11, 7, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 24, 15, 15,
  );
  let samples: v128;
  if (mode >= BLOCK_VERTICAL) {
    const before = i8x16.shuffle(edge, edge, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    const after = i8x16.shuffle(edge, edge, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 13, 15, 15);
    const of2 = i8x16.avgr_u(edge, after);
    const odd = v128.and(v128.xor(before, after), i8x16.splat(1));
    const of3 = i8x16.avgr_u(i8x16.sub(i8x16.avgr_u(before, after), odd), edge);
    const means = MEANS + ((mode - BLOCK_VERTICAL) << 5);
    samples = v128.or(
      i8x16.swizzle(of2, v128.load(means)),
      i8x16.swizzle(of3, v128.load(means, 16)),
    );
  } else {
    const top = i8x16.shuffle(edge, edge, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8);
    const side = i8x16.shuffle(edge, edge, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    if (mode == BLOCK_TRUE_MOTION) {
      const corner = i16x8.splat(<i16>i8x16.extract_lane_u(edge, 4));
      const gradient = i16x8.sub(i16x8.extend_low_i8x16_u(top), corner);
      samples = i8x16.narrow_i16x8_u(
        i16x8.add(gradient, i16x8.extend_low_i8x16_u(side)),
        i16x8.add(gradient, i16x8.extend_high_i8x16_u(side)),
      );
    } else {
      // Each sample above is in `top` four times.
      const sum = sum16(top) + sum16(side);
      samples = i8x16.splat(<i8>((sum + 16) >> 5));
    }
  }
  return addResidual(samples, v128.load(residual), v128.load(residual, 16));
}

/** Luma in blocks of 4 x 4: predicts and adds what is to be added. */
export function predictBlocks(at: usize, stride: usize, modes: usize, residuals: usize): void {
  let top = at - stride;
  let window0 = v128.load(top - 1);
  let window1 = v128.load(top, 3);
  let window2 = v128.load(top, 7);
  let window3 = v128.load(top, 11);
  // What is right above of the last column is above the macroblock for all four rows.
  const right = v128.load32_zero(top + 16);
  for (let y = 0; y < 4; y++) {
    const row1 = at + stride;
    const row2 = row1 + stride;
    const row3 = row2 + stride;
    let left = v128.load32_zero(at - 4);
    left = v128.load32_lane(row1 - 4, left, 1);
    left = v128.load32_lane(row2 - 4, left, 2);
    left = v128.load32_lane(row3 - 4, left, 3);
    const b0 = predictBlock(left, window0, load<u8>(modes), residuals);
    const b1 = predictBlock(b0, window1, load<u8>(modes, 1), residuals + 32);
    const b2 = predictBlock(b1, window2, load<u8>(modes, 2), residuals + 64);
    const b3 = predictBlock(b2, window3, load<u8>(modes, 3), residuals + 96);
    const p = v128.shuffle<i32>(b0, b1, 0, 4, 1, 5);
    const q = v128.shuffle<i32>(b2, b3, 0, 4, 1, 5);
    const r = v128.shuffle<i32>(b0, b1, 2, 6, 3, 7);
    const s = v128.shuffle<i32>(b2, b3, 2, 6, 3, 7);
    const bottom = v128.shuffle<i64>(r, s, 1, 3);
    v128.store(at, v128.shuffle<i64>(p, q, 0, 2));
    v128.store(row1, v128.shuffle<i64>(p, q, 1, 3));
    v128.store(row2, v128.shuffle<i64>(r, s, 0, 2));
    v128.store(row3, bottom);
    window0 = i8x16.shuffle(
      left, bottom, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    );
    window1 = i8x16.shuffle(
      bottom, right, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
    );
    window2 = i8x16.shuffle(
      bottom, right, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    );
    window3 = i8x16.shuffle(
      bottom, right, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    );
    at = row3 + stride;
    modes += 4;
    residuals += 128;
  }
}
