// Planes of a video codec, of 8 to 12 bits a sample, to packed pixels.
import * as layout from "./planar-layout";

/**
 * Y'CbCr (or whatever the matrix makes colours of) → RGB, or RGBA where the job has a plane of
 * alpha. Chroma samples of half the columns or rows serve the pixels they cover. Reads up to 16
 * bytes behind a row.
 */
export function planarToRgb(job: usize): void {
  const rows = load<i32>(job, layout.ROWS);
  const halfRows = load<i32>(job, layout.HALF_ROWS);
  const lumaStride = load<i32>(job, layout.LUMA_STRIDE);
  const chromaStride = load<i32>(job, layout.CHROMA_STRIDE);
  const alphaStride = load<i32>(job, layout.ALPHA_STRIDE);
  const targetStride = load<i32>(job, layout.TARGET_STRIDE);
  const luma = <usize>load<u32>(job, layout.LUMA);
  const cb = <usize>load<u32>(job, layout.CB);
  const cr = <usize>load<u32>(job, layout.CR);
  const alpha = <usize>load<u32>(job, layout.ALPHA);
  const target = <usize>load<u32>(job, layout.TARGET);
  for (let y: i32 = 0; y < rows; y++) {
    const chroma = (y >> halfRows) * chromaStride;
    convertRow(
      job,
      luma + y * lumaStride,
      cb + chroma,
      cr + chroma,
      alpha ? alpha + y * alphaStride : 0,
      target + y * targetStride,
    );
  }
}

function convertRow(
  job: usize,
  luma: usize,
  cb: usize,
  cr: usize,
  alpha: usize,
  target: usize,
): void {
  const width = load<i32>(job, layout.WIDTH);
  const wide = load<i32>(job, layout.WIDE);
  const half = load<i32>(job, layout.HALF_COLUMNS);
  const step = alpha ? 4 : 3;
  for (let x: i32 = 0; x < width; x += 4) {
    const y = four(luma, x, wide);
    const u = half ? twoTwice(cb, x >> 1, wide) : four(cb, x, wide);
    const v = half ? twoTwice(cr, x >> 1, wide) : four(cr, x, wide);
    const red = weigh(job + layout.MATRIX, y, u, v);
    const green = weigh(job + layout.MATRIX + 16, y, u, v);
    const blue = weigh(job + layout.MATRIX + 32, y, u, v);
    const opacity = alpha ? four(alpha, x, 0) : i32x4.splat(255);
    const planes = i8x16.narrow_i16x8_u(
      i16x8.narrow_i32x4_s(red, green),
      i16x8.narrow_i32x4_s(blue, opacity),
    );
    // The last pixels' store must not reach what lies behind the row.
    const left = width - x;
    const at = left > 5 ? target : job + layout.SCRATCH;
    if (alpha) {
      v128.store(
        at,
        v128.shuffle<u8>(planes, planes, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
      );
    } else {
      v128.store(
        at,
        v128.shuffle<u8>(planes, planes, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 12, 12, 12),
      );
    }
    if (left <= 5) memory.copy(target, at, min(left, 4) * step);
    target += 4 * step;
  }
}

@inline
function weigh(row: usize, y: v128, u: v128, v: v128): v128 {
  const sum = i32x4.add(
    i32x4.add(
      i32x4.mul(y, i32x4.splat(load<i32>(row))),
      i32x4.mul(u, i32x4.splat(load<i32>(row, 4))),
    ),
    i32x4.add(i32x4.mul(v, i32x4.splat(load<i32>(row, 8))), i32x4.splat(load<i32>(row, 12))),
  );
  return i32x4.shr_s(sum, 16);
}

@inline
function four(plane: usize, x: i32, wide: i32): v128 {
  return wide
    ? i32x4.extend_low_i16x8_u(v128.load64_zero(plane + 2 * x))
    : i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(plane + x)));
}

@inline
function twoTwice(plane: usize, x: i32, wide: i32): v128 {
  const nothing = i32x4.splat(0);
  if (wide) {
    const samples = v128.load32_zero(plane + 2 * x);
    return v128.shuffle<u16>(samples, nothing, 0, 8, 0, 8, 1, 8, 1, 8);
  }
  const samples = i16x8.extend_low_i8x16_u(v128.load32_zero(plane + x));
  return v128.shuffle<u16>(samples, nothing, 0, 8, 0, 8, 1, 8, 1, 8);
}

/** One plane → bytes: `(sample × scale + offset) / 65536`, up to 255. */
export function planeToBytes(
  source: usize,
  wide: i32,
  target: usize,
  count: i32,
  scale: i32,
  offset: i32,
): void {
  for (let x: i32 = 0; x < count; x++) {
    const sample: i32 = wide ? <i32>load<u16>(source + 2 * x) : <i32>load<u8>(source + x);
    store<u8>(target + x, min(max((sample * scale + offset) >> 16, 0), 255));
  }
}
