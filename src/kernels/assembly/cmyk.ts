// Inks to screen colours by interpolation in a grid of four dimensions. Its points are i16: red,
// green, blue, and one that is not used, around zero so that products of pairs can be summed.

/** Points along each ink, and bytes from one to the next; C varies slowest. */
const STRIDE_K: i32 = 8;
const STRIDE_Y: i32 = 17 * STRIDE_K;
const STRIDE_M: i32 = 17 * STRIDE_Y;
const STRIDE_C: i32 = 17 * STRIDE_M;

/** From a cell's lowest corner to its highest. */
const HIGHEST: usize = STRIDE_C + STRIDE_M + STRIDE_Y + STRIDE_K;

/** 4096 / 255 as a fraction of 65536: a byte to its cell (of 16) and how far it lies in it (of 256). */
const POSITION: i32 = 1052688;

/** What was taken off the values, times the weights' sum, and half of what is shifted out. */
const BIAS: i32 = 32640 * 256 + 0x8000;

/**
 * CMYK → RGB. Reads and writes whole fours of pixels, and 4 bytes more. An ink of 255 lies on the
 * last point: what is behind it is read, too, and weighs nothing.
 *
 * Each colour lies in the simplex that leads from its cell's lowest corner along the axes in order
 * of their fractions: five corners. Fraction and stride are sorted as one number, four pixels at a
 * time.
 */
export function cmykToRgb(source: usize, target: usize, grid: usize, pixels: i32): void {
  const byte = i32x4.splat(0xff);
  const low = i32x4.splat(0xffff);
  for (let x: i32 = 0; x < pixels; x += 4) {
    const inks = v128.load(source);
    const c = position(v128.and(inks, byte));
    const m = position(v128.and(i32x4.shr_u(inks, 8), byte));
    const y = position(v128.and(i32x4.shr_u(inks, 16), byte));
    const k = position(i32x4.shr_u(inks, 24));
    const node = i32x4.add(
      i32x4.add(offset(c, STRIDE_C), offset(m, STRIDE_M)),
      i32x4.add(offset(y, STRIDE_Y), offset(k, STRIDE_K)),
    );
    const axisC = axis(c, STRIDE_C);
    const axisM = axis(m, STRIDE_M);
    const axisY = axis(y, STRIDE_Y);
    const axisK = axis(k, STRIDE_K);
    const highA = i32x4.max_s(axisC, axisM);
    const lowA = i32x4.min_s(axisC, axisM);
    const highB = i32x4.max_s(axisY, axisK);
    const lowB = i32x4.min_s(axisY, axisK);
    const innerA = i32x4.min_s(highA, highB);
    const innerB = i32x4.max_s(lowA, lowB);
    const first = i32x4.max_s(highA, highB);
    const second = i32x4.max_s(innerA, innerB);
    const third = i32x4.min_s(innerA, innerB);
    const fourth = i32x4.min_s(lowA, lowB);

    const node1 = i32x4.add(node, v128.and(first, low));
    const node2 = i32x4.add(node1, v128.and(second, low));
    const node3 = i32x4.add(node2, v128.and(third, low));
    const f1 = i32x4.shr_u(first, 16);
    const f2 = i32x4.shr_u(second, 16);
    const f3 = i32x4.shr_u(third, 16);
    const f4 = i32x4.shr_u(fourth, 16);
    // Weights of the corners, as pairs.
    const w01 = v128.or(i32x4.sub(i32x4.splat(256), f1), i32x4.shl(i32x4.sub(f1, f2), 16));
    const w23 = v128.or(i32x4.sub(f2, f3), i32x4.shl(i32x4.sub(f3, f4), 16));

    const p0 = blend(
      cornerPairs(grid, i32x4.extract_lane(node, 0), i32x4.extract_lane(node1, 0)),
      cornerPairs(grid, i32x4.extract_lane(node2, 0), i32x4.extract_lane(node3, 0)),
      v128.load64_zero(grid + <usize>i32x4.extract_lane(node, 0) + HIGHEST),
      v128.shuffle<u32>(w01, w01, 0, 0, 0, 0),
      v128.shuffle<u32>(w23, w23, 0, 0, 0, 0),
      v128.shuffle<u32>(f4, f4, 0, 0, 0, 0),
    );
    const p1 = blend(
      cornerPairs(grid, i32x4.extract_lane(node, 1), i32x4.extract_lane(node1, 1)),
      cornerPairs(grid, i32x4.extract_lane(node2, 1), i32x4.extract_lane(node3, 1)),
      v128.load64_zero(grid + <usize>i32x4.extract_lane(node, 1) + HIGHEST),
      v128.shuffle<u32>(w01, w01, 1, 1, 1, 1),
      v128.shuffle<u32>(w23, w23, 1, 1, 1, 1),
      v128.shuffle<u32>(f4, f4, 1, 1, 1, 1),
    );
    const p2 = blend(
      cornerPairs(grid, i32x4.extract_lane(node, 2), i32x4.extract_lane(node1, 2)),
      cornerPairs(grid, i32x4.extract_lane(node2, 2), i32x4.extract_lane(node3, 2)),
      v128.load64_zero(grid + <usize>i32x4.extract_lane(node, 2) + HIGHEST),
      v128.shuffle<u32>(w01, w01, 2, 2, 2, 2),
      v128.shuffle<u32>(w23, w23, 2, 2, 2, 2),
      v128.shuffle<u32>(f4, f4, 2, 2, 2, 2),
    );
    const p3 = blend(
      cornerPairs(grid, i32x4.extract_lane(node, 3), i32x4.extract_lane(node1, 3)),
      cornerPairs(grid, i32x4.extract_lane(node2, 3), i32x4.extract_lane(node3, 3)),
      v128.load64_zero(grid + <usize>i32x4.extract_lane(node, 3) + HIGHEST),
      v128.shuffle<u32>(w01, w01, 3, 3, 3, 3),
      v128.shuffle<u32>(w23, w23, 3, 3, 3, 3),
      v128.shuffle<u32>(f4, f4, 3, 3, 3, 3),
    );
    const rgb = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(p0, p1), i16x8.narrow_i32x4_s(p2, p3));
    v128.store(
      target,
      v128.shuffle<u8>(rgb, rgb, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15),
    );
    source += 16;
    target += 12;
  }
}

@inline
function position(ink: v128): v128 {
  const scaled = i32x4.mul(ink, i32x4.splat(POSITION));
  return i32x4.shr_u(i32x4.add(scaled, i32x4.splat(0x8000)), 16);
}

@inline
function offset(at: v128, stride: i32): v128 {
  return i32x4.mul(i32x4.shr_u(at, 8), i32x4.splat(stride));
}

@inline
function axis(at: v128, stride: i32): v128 {
  return v128.or(i32x4.shl(v128.and(at, i32x4.splat(0xff)), 16), i32x4.splat(stride));
}

/** The values of two corners side by side. */
@inline
function cornerPairs(grid: usize, a: i32, b: i32): v128 {
  const one = v128.load64_zero(grid + <usize>a);
  const other = v128.load64_zero(grid + <usize>b);
  return v128.shuffle<u16>(one, other, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** Two pairs of corners, and the highest one, by their weights; what is left is 0 to 255. */
@inline
function blend(ab: v128, cd: v128, e: v128, abWeights: v128, cdWeights: v128, eWeight: v128): v128 {
  const low = i32x4.add(i32x4.dot_i16x8_s(ab, abWeights), i32x4.dot_i16x8_s(cd, cdWeights));
  // As pairs whose second value is nothing.
  const high = i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(e), eWeight);
  return i32x4.shr_s(i32x4.add(i32x4.add(low, high), i32x4.splat(BIAS)), 16);
}
