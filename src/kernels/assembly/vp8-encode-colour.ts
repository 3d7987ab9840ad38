// Pixels to the samples of macroblocks: BT.601 in the studio range, as WebP wants it. Chroma is the
// mean of 2 x 2 pixels in a light that is nearly linear (power 0.8), with libwebp's weights and
// rounding, so that pictures compare.
import {
  CHANNELS,
  COLUMNS,
  EDGE,
  FROM_LINEAR,
  MACROBLOCK_BYTES,
  SOURCE,
  TO_LINEAR,
  WIDTH,
} from "./vp8-encode-layout";

// Pairs of 16 bits of four pixels: red and green, blue and green.
@inline
function pairs3(pixels: v128, blue: bool): v128 {
  return blue
    ? i8x16.swizzle(pixels, i8x16(2, -1, 1, -1, 5, -1, 4, -1, 8, -1, 7, -1, 11, -1, 10, -1))
    : i8x16.swizzle(pixels, i8x16(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
}
// The same for pixels from byte 4 on, so as not to read past the last.
@inline
function latePairs3(pixels: v128, blue: bool): v128 {
  return blue
    ? i8x16.swizzle(pixels, i8x16(6, -1, 5, -1, 9, -1, 8, -1, 12, -1, 11, -1, 15, -1, 14, -1))
    : i8x16.swizzle(pixels, i8x16(4, -1, 5, -1, 7, -1, 8, -1, 10, -1, 11, -1, 13, -1, 14, -1));
}
@inline
function pairs4(pixels: v128, blue: bool): v128 {
  return blue
    ? i8x16.swizzle(pixels, i8x16(2, -1, 1, -1, 6, -1, 5, -1, 10, -1, 9, -1, 14, -1, 13, -1))
    : i8x16.swizzle(pixels, i8x16(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
}

// Green's weight, 33059, is split, as it does not fit 16 signed bits.
@inline
function luma(redGreen: v128, blueGreen: v128): v128 {
  const sum = i32x4.add(
    i32x4.dot_i16x8_s(redGreen, i16x8(16839, 16675, 16839, 16675, 16839, 16675, 16839, 16675)),
    i32x4.dot_i16x8_s(blueGreen, i16x8(6420, 16384, 6420, 16384, 6420, 16384, 6420, 16384)),
  );
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat((16 << 16) + 32768)), 16);
}

/** 16 luma samples of a row. */
@inline
function lumaRow(row: usize, channels: i32): v128 {
  let a: v128;
  let b: v128;
  let c: v128;
  let d: v128;
  if (channels == 3) {
    const p = v128.load(row);
    const q = v128.load(row, 8);
    const r = v128.load(row, 24);
    const s = v128.load(row, 32);
    a = luma(pairs3(p, false), pairs3(p, true));
    b = luma(latePairs3(q, false), latePairs3(q, true));
    c = luma(pairs3(r, false), pairs3(r, true));
    d = luma(latePairs3(s, false), latePairs3(s, true));
  } else {
    const p = v128.load(row);
    const q = v128.load(row, 16);
    const r = v128.load(row, 32);
    const s = v128.load(row, 48);
    a = luma(pairs4(p, false), pairs4(p, true));
    b = luma(pairs4(q, false), pairs4(q, true));
    c = luma(pairs4(r, false), pairs4(r, true));
    d = luma(pairs4(s, false), pairs4(s, true));
  }
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

@inline
function light(state: usize, sample: usize): i32 {
  return <i32>load<u16>(state + TO_LINEAR + (<usize>load<u8>(sample) << 1));
}

/** Four times the mean of a channel over 2 x 2 pixels. */
@inline
function mean(state: usize, top: usize, bottom: usize, channels: i32): i32 {
  const sum =
    light(state, top) +
    light(state, top + channels) +
    light(state, bottom) +
    light(state, bottom + channels);
  return <i32>load<u16>(state + FROM_LINEAR + (<usize>sum << 1));
}

/** The same of pixels with these alphas, whose sum is `alpha`: what is transparent does not count. */
@inline
function meanVisible(
  state: usize,
  top: usize,
  bottom: usize,
  a: i32,
  b: i32,
  c: i32,
  d: i32,
  alpha: i32,
): i32 {
  const sum =
    a * light(state, top) +
    b * light(state, top + 4) +
    c * light(state, bottom) +
    d * light(state, bottom + 4);
  return <i32>load<u16>(state + FROM_LINEAR + (<usize>((sum << 2) / alpha) << 1));
}

@inline
function clip(value: i32): i32 {
  return max(0, min(255, value));
}

const HALF: i32 = (128 << 18) + (1 << 17);

@inline
function convertMacroblock(
  state: usize,
  source: usize,
  stride: i32,
  last: i32,
  channels: i32,
  target: usize,
): void {
  for (let r = 0; r < 16; r++) {
    const row = source + min(r, last) * stride;
    const y = lumaRow(row, channels);
    const at = target + ((r >> 2) << 6) + ((r & 3) << 2);
    v128.store32_lane(at, y, 0);
    v128.store32_lane(at, y, 1, 16);
    v128.store32_lane(at, y, 2, 32);
    v128.store32_lane(at, y, 3, 48);
  }
  for (let r = 0; r < 8; r++) {
    let top = source + min(2 * r, last) * stride;
    let bottom = source + min(2 * r + 1, last) * stride;
    const at = target + 256 + ((r >> 2) << 5) + ((r & 3) << 2);
    for (let x = 0; x < 8; x++) {
      let red: i32;
      let green: i32;
      let blue: i32;
      const a = channels == 4 ? <i32>load<u8>(top, 3) : 255;
      const b = channels == 4 ? <i32>load<u8>(top, 7) : 255;
      const c = channels == 4 ? <i32>load<u8>(bottom, 3) : 255;
      const d = channels == 4 ? <i32>load<u8>(bottom, 7) : 255;
      if (a == b && a == c && a == d) {
        red = mean(state, top, bottom, channels);
        green = mean(state, top + 1, bottom + 1, channels);
        blue = mean(state, top + 2, bottom + 2, channels);
      } else {
        const alpha = a + b + c + d;
        red = meanVisible(state, top, bottom, a, b, c, d, alpha);
        green = meanVisible(state, top + 1, bottom + 1, a, b, c, d, alpha);
        blue = meanVisible(state, top + 2, bottom + 2, a, b, c, d, alpha);
      }
      const sample = at + ((x >> 2) << 4) + (x & 3);
      store<u8>(sample, clip((28800 * blue - 9719 * red - 19081 * green + HALF) >> 18));
      store<u8>(sample, clip((28800 * red - 24116 * green - 4684 * blue + HALF) >> 18), 64);
      top += 2 * channels;
      bottom += 2 * channels;
    }
  }
}

/** Copies a macroblock of which only `columns` lie in the picture, repeating its last column. */
function completeEdge(
  target: usize,
  source: usize,
  stride: i32,
  last: i32,
  columns: i32,
  channels: i32,
): void {
  for (let r = 0; r < 16; r++) {
    const row = source + min(r, last) * stride;
    for (let x = 0; x < 16; x++) {
      const pixel = row + min(x, columns - 1) * channels;
      for (let c = 0; c < channels; c++) store<u8>(target++, load<u8>(pixel + c));
    }
  }
}

/** Converts `rows` packed rows (1 to 16) at `pixels` to the macroblocks at SOURCE; missing rows repeat the last. */
export function vp8Convert(state: usize, pixels: usize, rows: i32): void {
  const width = load<i32>(state, WIDTH);
  const channels = load<i32>(state, CHANNELS);
  const columns = load<i32>(state, COLUMNS);
  const stride = width * channels;
  let target = <usize>load<u32>(state, SOURCE);
  for (let x = 0; x < columns; x++) {
    const source = pixels + x * 16 * channels;
    const left = width - x * 16;
    if (left >= 16) {
      if (channels == 3) convertMacroblock(state, source, stride, rows - 1, 3, target);
      else convertMacroblock(state, source, stride, rows - 1, 4, target);
    } else {
      completeEdge(state + EDGE, source, stride, rows - 1, left, channels);
      convertMacroblock(state, state + EDGE, 16 * channels, 15, channels, target);
    }
    target += MACROBLOCK_BYTES;
  }
}
