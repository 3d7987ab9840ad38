// Samples to pixels: libjpeg's interpolation of reduced components (jdsample.c) and its colour
// conversion (jdcolor.c), bit by bit.
import {
  COLOUR,
  COLOUR_CMYK,
  COLOUR_GRAY,
  COLOUR_YCC,
  COLOUR_YCCK,
  COMPONENT_BYTES,
  COMPONENTS,
  FANCY,
  INK_MASK,
  LEFT,
  PLANE,
  PLANE_STRIDE,
  RING_ROWS,
  ROWS,
  SAMPLES_HIGH,
  SAMPLES_WIDE,
  SCALE_X,
  SCALE_Y,
  WIDTH,
} from "./jpeg-decode-layout";
import { storePixels } from "./pixels";

@inline
function sampleRow(component: usize, y: i32): usize {
  const stride = load<i32>(component, PLANE_STRIDE);
  return load<u32>(component, PLANE) + (y % load<i32>(component, RING_ROWS)) * stride;
}

/**
 * Repeats a row's first and last sample once outwards, where `first` to `end` reach that far:
 * interpolation then needs no edges.
 */
@inline
function pad(row: usize, first: i32, end: i32, width: i32): void {
  if (first == 0) store<u8>(row - 1, load<u8>(row));
  if (end >= width) store<u8>(row + width, load<u8>(row + width - 1));
}

/** Pointer to the component's samples for pixels `left` to `right` of row `y`, one a pixel. */
function widen(component: usize, y: i32, left: i32, right: i32, target: usize): usize {
  const scaleX = load<i32>(component, SCALE_X);
  const scaleY = load<i32>(component, SCALE_Y);
  const row = sampleRow(component, y / scaleY);
  if (scaleX == 1 && scaleY == 1) return row + left;
  const width = load<i32>(component, SAMPLES_WIDE);
  const first = left / scaleX;
  const end = (right - 1) / scaleX + 1;
  const count = end - first;
  const start = target + (left - first * scaleX);
  const near = row + first;
  if (!load<i32>(component, FANCY)) {
    if (scaleX == 1) return near;
    if (scaleX == 2) repeatTwice(near, count, target);
    else repeat(near, count, scaleX, target);
    return start;
  }
  if (scaleY == 1) {
    pad(row, first, end, width);
    widenRow(near, count, target);
    return start;
  }
  const lower = y & 1;
  const next = (y >> 1) + (lower ? 1 : -1);
  const other = sampleRow(component, min(max(next, 0), load<i32>(component, SAMPLES_HIGH) - 1));
  const far = other + first;
  if (scaleX == 1) {
    blendRows(near, far, count, lower ? 2 : 1, target);
  } else {
    pad(row, first, end, width);
    pad(other, first, end, width);
    widenRows(near, far, count, target);
  }
  return start;
}

function repeat(row: usize, width: i32, times: i32, target: usize): void {
  for (let x = 0; x < width; x++) {
    const sample = load<u8>(row + x);
    for (let i = 0; i < times; i++) store<u8>(target++, sample);
  }
}

function repeatTwice(row: usize, width: i32, target: usize): void {
  for (let x = 0; x < width; x += 8) {
    const samples = v128.load64_zero(row + x);
    const pairs = i8x16.shuffle(samples, samples, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    v128.store(target + (x << 1), pairs);
  }
}

@inline
function tripled(samples: v128): v128 {
  return i16x8.add(samples, i16x8.add(samples, samples));
}

/** Bytes of pairs of 16 bits below 256: the first in the even places. */
@inline
function interleave(even: v128, odd: v128): v128 {
  return v128.or(even, i16x8.shl(odd, 8));
}

/** h2v1_fancy_upsample: three parts of the nearer sample, one of the further. */
function widenRow(row: usize, width: i32, target: usize): void {
  for (let x = 0; x < width; x += 8) {
    const here = tripled(v128.load_ext<u8>(row + x));
    const left = i16x8.add(here, v128.load_ext<u8>(row + x - 1));
    const right = i16x8.add(here, v128.load_ext<u8>(row + x + 1));
    const even = i16x8.shr_u(i16x8.add(left, i16x8.splat(1)), 2);
    const odd = i16x8.shr_u(i16x8.add(right, i16x8.splat(2)), 2);
    v128.store(target + (x << 1), interleave(even, odd));
  }
}

@inline
function blend(near: usize, far: usize): v128 {
  return i16x8.add(tripled(v128.load_ext<u8>(near)), v128.load_ext<u8>(far));
}

/** h2v2_fancy_upsample: the same in both directions. */
function widenRows(near: usize, far: usize, width: i32, target: usize): void {
  for (let x = 0; x < width; x += 8) {
    const here = tripled(blend(near + x, far + x));
    const left = i16x8.add(here, blend(near + x - 1, far + x - 1));
    const right = i16x8.add(here, blend(near + x + 1, far + x + 1));
    const even = i16x8.shr_u(i16x8.add(left, i16x8.splat(8)), 4);
    const odd = i16x8.shr_u(i16x8.add(right, i16x8.splat(7)), 4);
    v128.store(target + (x << 1), interleave(even, odd));
  }
}

/** h1v2_fancy_upsample. */
function blendRows(near: usize, far: usize, width: i32, bias: i32, target: usize): void {
  const rounding = i16x8.splat(<i16>bias);
  for (let x = 0; x < width; x += 8) {
    const sum = i16x8.shr_u(i16x8.add(blend(near + x, far + x), rounding), 2);
    v128.store64_lane(target + x, i8x16.narrow_i16x8_u(sum, sum), 0);
  }
}

/** Output rows `y` to `end`, packed, to `target`; may write 64 bytes past the last. */
export function jpegWriteRows(decoder: usize, y: i32, end: i32, target: usize): void {
  const width = load<i32>(decoder, WIDTH);
  const left = load<i32>(decoder, LEFT);
  const right = left + width;
  const colour = load<i32>(decoder, COLOUR);
  const first = decoder + COMPONENTS;
  for (; y < end; y++) {
    const a = widen(first, y, left, right, load<u32>(decoder, ROWS));
    if (colour == COLOUR_GRAY) {
      memory.copy(target, a, width);
      target += width;
      continue;
    }
    const b = widen(first + COMPONENT_BYTES, y, left, right, load<u32>(decoder, ROWS + 4));
    const c = widen(first + 2 * COMPONENT_BYTES, y, left, right, load<u32>(decoder, ROWS + 8));
    if (colour == COLOUR_CMYK || colour == COLOUR_YCCK) {
      const k = widen(first + 3 * COMPONENT_BYTES, y, left, right, load<u32>(decoder, ROWS + 12));
      const mask = i8x16.splat(<i8>load<i32>(decoder, INK_MASK));
      if (colour == COLOUR_CMYK) joinInks(a, b, c, k, mask, width, target);
      else convertInks(a, b, c, k, mask, width, target);
      target += width << 2;
      continue;
    }
    if (colour == COLOUR_YCC) convertRow(a, b, c, width, target);
    else joinRow(a, b, c, width, target);
    target += width * 3;
  }
}

function joinRow(r: usize, g: usize, b: usize, width: i32, target: usize): void {
  for (let x = 0; x < width; x += 16) {
    storePixels(target, v128.load(r + x), v128.load(g + x), v128.load(b + x));
    target += 48;
  }
}

@inline
function greenPart(cb: v128, cr: v128): v128 {
  const half = i32x4.splat(32768);
  const weights = i16x8(-22554, 18734, -22554, 18734, -22554, 18734, -22554, 18734);
  const l = i32x4.dot_i16x8_s(i16x8.shuffle(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11), weights);
  const h = i32x4.dot_i16x8_s(i16x8.shuffle(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15), weights);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(l, half), 16),
    i32x4.shr_s(i32x4.add(h, half), 16),
  );
}

/** 1.402 cr: with whole numbers of cr the product of 16 bits rounds as libjpeg's of 32. */
@inline
function red(y: v128, cr: v128): v128 {
  return i16x8.add(i16x8.add(y, cr), i16x8.q15mulr_sat_s(cr, i16x8.splat(13173)));
}
@inline
function green(y: v128, cb: v128, cr: v128): v128 {
  return i16x8.add(i16x8.sub(y, cr), greenPart(cb, cr));
}
@inline
function blue(y: v128, cb: v128): v128 {
  const sum = i16x8.add(y, i16x8.add(cb, cb));
  return i16x8.add(sum, i16x8.q15mulr_sat_s(cb, i16x8.splat(-7471)));
}

function convertRow(y: usize, cb: usize, cr: usize, width: i32, target: usize): void {
  const middle = i16x8.splat(128);
  for (let x = 0; x < width; x += 16) {
    const y0 = v128.load_ext<u8>(y + x);
    const y1 = v128.load_ext<u8>(y + x, 8);
    const cb0 = i16x8.sub(v128.load_ext<u8>(cb + x), middle);
    const cb1 = i16x8.sub(v128.load_ext<u8>(cb + x, 8), middle);
    const cr0 = i16x8.sub(v128.load_ext<u8>(cr + x), middle);
    const cr1 = i16x8.sub(v128.load_ext<u8>(cr + x, 8), middle);
    storePixels(
      target,
      i8x16.narrow_i16x8_u(red(y0, cr0), red(y1, cr1)),
      i8x16.narrow_i16x8_u(green(y0, cb0, cr0), green(y1, cb1, cr1)),
      i8x16.narrow_i16x8_u(blue(y0, cb0), blue(y1, cb1)),
    );
    target += 48;
  }
}

/** 16 pixels of four inks each. */
@inline
function storeInks(target: usize, c: v128, m: v128, y: v128, k: v128, mask: v128): void {
  const cmLow = i8x16.shuffle(c, m, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const ykLow = i8x16.shuffle(y, k, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const cmHigh = i8x16.shuffle(c, m, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const ykHigh = i8x16.shuffle(y, k, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(target, v128.xor(mask, i16x8.shuffle(cmLow, ykLow, 0, 8, 1, 9, 2, 10, 3, 11)));
  v128.store(target, v128.xor(mask, i16x8.shuffle(cmLow, ykLow, 4, 12, 5, 13, 6, 14, 7, 15)), 16);
  v128.store(target, v128.xor(mask, i16x8.shuffle(cmHigh, ykHigh, 0, 8, 1, 9, 2, 10, 3, 11)), 32);
  v128.store(target, v128.xor(mask, i16x8.shuffle(cmHigh, ykHigh, 4, 12, 5, 13, 6, 14, 7, 15)), 48);
}

function joinInks(
  c: usize,
  m: usize,
  y: usize,
  k: usize,
  mask: v128,
  width: i32,
  target: usize,
): void {
  for (let x = 0; x < width; x += 16) {
    const cyan = v128.load(c + x);
    storeInks(target, cyan, v128.load(m + x), v128.load(y + x), v128.load(k + x), mask);
    target += 64;
  }
}

function convertInks(
  y: usize,
  cb: usize,
  cr: usize,
  k: usize,
  mask: v128,
  width: i32,
  target: usize,
): void {
  const middle = i16x8.splat(128);
  for (let x = 0; x < width; x += 16) {
    const y0 = v128.load_ext<u8>(y + x);
    const y1 = v128.load_ext<u8>(y + x, 8);
    const cb0 = i16x8.sub(v128.load_ext<u8>(cb + x), middle);
    const cb1 = i16x8.sub(v128.load_ext<u8>(cb + x, 8), middle);
    const cr0 = i16x8.sub(v128.load_ext<u8>(cr + x), middle);
    const cr1 = i16x8.sub(v128.load_ext<u8>(cr + x, 8), middle);
    storeInks(
      target,
      v128.not(i8x16.narrow_i16x8_u(red(y0, cr0), red(y1, cr1))),
      v128.not(i8x16.narrow_i16x8_u(green(y0, cb0, cr0), green(y1, cb1, cr1))),
      v128.not(i8x16.narrow_i16x8_u(blue(y0, cb0), blue(y1, cb1))),
      v128.load(k + x),
      mask,
    );
    target += 64;
  }
}
