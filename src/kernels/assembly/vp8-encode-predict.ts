// Intra prediction (RFC 6386, section 12). A prediction of a 4 x 4 block is one vector; so are the
// 13 samples around a block that its predictions are made of.

/** Modes of luma 16 x 16 and of chroma. */
export const DC: i32 = 0;
export const VERTICAL: i32 = 1;
export const HORIZONTAL: i32 = 2;
export const TRUE_MOTION: i32 = 3;

/** floor((a + 2b + c + 2) / 4) of bytes. */
@inline
function smooth(a: v128, b: v128, c: v128): v128 {
  const up = i8x16.avgr_u(a, c);
  const odd = v128.and(v128.xor(a, c), i8x16.splat(1));
  return i8x16.avgr_u(i8x16.sub(up, odd), b);
}

/** Above + left - corner, for the columns `above` (u8[4], zero-extended twice) and rows `left`. */
@inline
function trueMotion(above: u32, left: u32, corner: i32): v128 {
  const columns = i16x8.sub(
    i16x8.extend_low_i8x16_u(i32x4.splat(above)),
    i16x8.splat(<i16>corner),
  );
  const rows = i32x4.splat(left);
  const r01 = i16x8.extend_low_i8x16_u(
    i8x16.swizzle(rows, i8x16(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)),
  );
  const r23 = i16x8.extend_low_i8x16_u(
    i8x16.swizzle(rows, i8x16(2, 2, 2, 2, 3, 3, 3, 3, 2, 2, 2, 2, 3, 3, 3, 3)),
  );
  return i8x16.narrow_i16x8_u(i16x8.add(columns, r01), i16x8.add(columns, r23));
}

/** The left neighbours of four rows. */
@inline
export function leftOf(at: usize, stride: usize): u32 {
  return (
    <u32>load<u8>(at - 1) |
    (<u32>load<u8>(at - 1 + stride) << 8) |
    (<u32>load<u8>(at - 1 + 2 * stride) << 16) |
    (<u32>load<u8>(at - 1 + 3 * stride) << 24)
  );
}

@inline
function sum4(samples: u32): i32 {
  const pairs = (samples & 0x00ff00ff) + ((samples >> 8) & 0x00ff00ff);
  return <i32>((pairs & 0xffff) + (pairs >> 16));
}

/**
 * Writes the ten predictions of the 4 x 4 block at `at`, in the order of the modes. What is decoded
 * already lies around it: four samples to the left, the corner, eight above.
 */
export function predictBlock(at: usize, stride: usize, target: usize): void {
  const above = load<u64>(at - stride);
  const left = leftOf(at, stride);
  const corner = <i32>load<u8>(at - stride - 1);
  // Bottom to top, corner, left to right, with both ends doubled.
  const turned = <u64>bswap<u32>(left);
  const low = (turned & 0xff) | (turned << 8) | (<u64>corner << 40) | (above << 48);
  const high = (above >> 16) | ((above >> 56) << 48);
  const edge = i64x2.replace_lane(i64x2.splat(low), 1, high);
  const next = v128.shuffle<u8>(edge, edge, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15);
  const after = v128.shuffle<u8>(next, next, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15);
  const three = smooth(edge, next, after);
  const two = i8x16.avgr_u(edge, next);

  const mean = (sum4(<u32>above) + sum4(left) + 4) >> 3;
  v128.store(target, i8x16.splat(<i8>mean));
  v128.store(target, trueMotion(<u32>above, left, corner), 16);
  v128.store(target, v128.shuffle<u8>(three, two, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8), 32);
  v128.store(target, v128.shuffle<u8>(three, two, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0), 48);
  v128.store(
    target,
    v128.shuffle<u8>(three, two, 6, 7, 8, 9, 7, 8, 9, 10, 8, 9, 10, 11, 9, 10, 11, 12),
    64,
  );
  v128.store(target, v128.shuffle<u8>(three, two, 4, 5, 6, 7, 3, 4, 5, 6, 2, 3, 4, 5, 1, 2, 3, 4), 80);
  v128.store(
    target,
    v128.shuffle<u8>(three, two, 21, 22, 23, 24, 4, 5, 6, 7, 3, 21, 22, 23, 2, 4, 5, 6),
    96,
  );
  v128.store(
    target,
    v128.shuffle<u8>(three, two, 22, 23, 24, 25, 6, 7, 8, 9, 23, 24, 25, 10, 7, 8, 9, 11),
    112,
  );
  v128.store(
    target,
    v128.shuffle<u8>(three, two, 20, 4, 5, 6, 19, 3, 20, 4, 18, 2, 19, 3, 17, 1, 18, 2),
    128,
  );
  v128.store(
    target,
    v128.shuffle<u8>(three, two, 19, 2, 18, 1, 18, 1, 17, 0, 17, 0, 16, 16, 16, 16, 16, 16),
    144,
  );
}

/**
 * One 4 x 4 part of a larger prediction: `at` is its first sample, `origin` the whole block's; `mean`
 * is the whole block's DC.
 */
@inline
export function predictPart(mode: i32, origin: usize, x: i32, y: i32, stride: usize, mean: i32): v128 {
  if (mode == DC) return i8x16.splat(<i8>mean);
  const above = load<u32>(origin - stride + x);
  if (mode == VERTICAL) return i32x4.splat(above);
  const left = leftOf(origin + <usize>y * stride, stride);
  if (mode == HORIZONTAL) {
    return i8x16.swizzle(
      i32x4.splat(left),
      i8x16(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3),
    );
  }
  return trueMotion(above, left, <i32>load<u8>(origin - stride - 1));
}

/** DC of the square of `side` samples at `origin`: the mean of the neighbours that exist. */
export function meanOf(origin: usize, stride: usize, side: i32, hasAbove: bool, hasLeft: bool): i32 {
  if (!hasAbove && !hasLeft) return 128;
  let sum = 0;
  for (let i = 0; i < side; i += 4) {
    if (hasAbove) sum += sum4(load<u32>(origin - stride + i));
    if (hasLeft) sum += sum4(leftOf(origin + <usize>i * stride, stride));
  }
  const count = hasAbove && hasLeft ? 2 * side : side;
  return (sum + (count >> 1)) / count;
}

/** Writes a 4 x 4 block of samples to `at`. */
@inline
export function storeBlock(at: usize, stride: usize, samples: v128): void {
  v128.store32_lane(at, samples, 0);
  v128.store32_lane(at + stride, samples, 1);
  v128.store32_lane(at + 2 * stride, samples, 2);
  v128.store32_lane(at + 3 * stride, samples, 3);
}
