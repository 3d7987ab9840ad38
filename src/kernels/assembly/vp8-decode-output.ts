// Samples to pixels, as libwebp makes them: chroma interpolated from four samples around ("fancy
// upsampling"), and BT.601 colours of limited range in fixed point.
import {
  CHROMA_STRIDE,
  FIRST_ROW,
  HEIGHT,
  LUMA_STRIDE,
  PLANES,
  RGB_ROW,
  WIDTH,
} from "./vp8-decode-layout";
import { addAlpha, storePixels } from "./pixels";

@inline
function tripled(samples: v128): v128 {
  return i16x8.add(samples, i16x8.add(samples, samples));
}

@inline
function blend(near: usize, far: usize): v128 {
  return i16x8.add(tripled(v128.load_ext<u8>(near)), v128.load_ext<u8>(far));
}

/** Repeats a row's first and last sample once outwards: interpolation then needs no edges. */
@inline
function pad(row: usize, width: i32): void {
  store<u8>(row - 1, load<u8>(row));
  store<u8>(row + width, load<u8>(row + width - 1));
}

/** samples * (whole * 256 + rest) / 256, as a multiplication of 16 bits has it. */
@inline
function scale(samples: v128, whole: i16, rest: i16): v128 {
  return i16x8.add(
    i16x8.mul(samples, i16x8.splat(whole)),
    i16x8.shr_u(i16x8.mul(samples, i16x8.splat(rest)), 8),
  );
}

@inline
function red(y: v128, v: v128): v128 {
  const sum = i16x8.add(y, scale(v, 102, 37));
  return i16x8.shr_u(i16x8.sub_sat_u(sum, i16x8.splat(14234)), 6);
}
@inline
function green(y: v128, u: v128, v: v128): v128 {
  const sum = i16x8.sub(i16x8.add(y, i16x8.splat(8708)), scale(u, 25, 19));
  return i16x8.shr_s(i16x8.sub(sum, scale(v, 52, 8)), 6);
}
@inline
function blue(y: v128, u: v128): v128 {
  const sum = i16x8.add(y, scale(u, 129, 26));
  return i16x8.shr_u(i16x8.sub_sat_u(sum, i16x8.splat(17685)), 6);
}

/** Even and odd samples in turn, eight of them. */
@inline
function mixLow(even: v128, odd: v128): v128 {
  return i16x8.shuffle(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
}
@inline
function mixHigh(even: v128, odd: v128): v128 {
  return i16x8.shuffle(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
}

@inline
function sixteenth(sum: v128): v128 {
  return i16x8.shr_u(i16x8.add(sum, i16x8.splat(8)), 4);
}

function writeRow(
  y: usize,
  nearU: usize,
  farU: usize,
  nearV: usize,
  farV: usize,
  width: i32,
  target: usize,
): void {
  for (let x = 0; x < width; x += 16) {
    let here = tripled(blend(nearU, farU));
    const evenU = sixteenth(i16x8.add(here, blend(nearU - 1, farU - 1)));
    const oddU = sixteenth(i16x8.add(here, blend(nearU + 1, farU + 1)));
    here = tripled(blend(nearV, farV));
    const evenV = sixteenth(i16x8.add(here, blend(nearV - 1, farV - 1)));
    const oddV = sixteenth(i16x8.add(here, blend(nearV + 1, farV + 1)));
    const y0 = scale(v128.load_ext<u8>(y), 74, 133);
    const y1 = scale(v128.load_ext<u8>(y, 8), 74, 133);
    const u0 = mixLow(evenU, oddU);
    const u1 = mixHigh(evenU, oddU);
    const v0 = mixLow(evenV, oddV);
    const v1 = mixHigh(evenV, oddV);
    storePixels(
      target,
      i8x16.narrow_i16x8_u(red(y0, v0), red(y1, v1)),
      i8x16.narrow_i16x8_u(green(y0, u0, v0), green(y1, u1, v1)),
      i8x16.narrow_i16x8_u(blue(y0, u0), blue(y1, u1)),
    );
    y += 16;
    nearU += 8;
    farU += 8;
    nearV += 8;
    farV += 8;
    target += 48;
  }
}

/**
 * Output rows `y` to `end`, packed, to `target`: RGBA if `alpha` points to these rows of a plane, RGB
 * if it is 0. May write 48 bytes past the last.
 */
export function vp8WriteRows(
  decoder: usize,
  y: i32,
  end: i32,
  target: usize,
  alpha: usize,
): void {
  const width = load<i32>(decoder, WIDTH);
  const chromaWidth = (width + 1) >> 1;
  const lastChroma = (load<i32>(decoder, HEIGHT) - 1) >> 1;
  const first = load<i32>(decoder, FIRST_ROW);
  const stride = <usize>load<u32>(decoder, LUMA_STRIDE);
  const chromaStride = <usize>load<u32>(decoder, CHROMA_STRIDE);
  const luma = <usize>load<u32>(decoder, PLANES);
  const u = <usize>load<u32>(decoder, PLANES + 4);
  const v = <usize>load<u32>(decoder, PLANES + 8);
  for (; y < end; y++) {
    const neighbour = (y >> 1) + (y & 1 ? 1 : -1);
    const near = <usize>((y >> 1) - (first >> 1)) * chromaStride;
    const far = <usize>(min(max(neighbour, 0), lastChroma) - (first >> 1)) * chromaStride;
    pad(u + near, chromaWidth);
    pad(u + far, chromaWidth);
    pad(v + near, chromaWidth);
    pad(v + far, chromaWidth);
    const row = luma + <usize>(y - first) * stride;
    const rgb = alpha ? <usize>load<u32>(decoder, RGB_ROW) : target;
    writeRow(row, u + near, u + far, v + near, v + far, width, rgb);
    if (alpha) {
      addAlpha(rgb, alpha, width, target);
      alpha += width;
      target += width;
    }
    target += width * 3;
  }
}
