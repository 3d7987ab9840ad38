// What the resampler does otherwise where it works in linear light: bytes come in and go out
// through tables, and between them are i16 with LIGHT_ONE for full light (what 255 is with 6
// fractional bits), so that alpha and the passes between need nothing of their own.
import { sumPairs } from "./resample-horizontal";

/** Full light, and opaque. */
const LIGHT_ONE: i32 = 255 << 6;
/** Bytes of one channel's tables: 256 u16 in; a byte for each light, padded, out. */
const IN_BYTES: usize = 512;
const OUT_BYTES: usize = 16384;

/** One row of gray bytes → light. */
export function lighten1(source: usize, target: usize, table: usize, pixels: i32): void {
  for (let x: i32 = 0; x < pixels; x++) {
    store<u16>(target, lightOf(table, load<u8>(source)));
    source++;
    target += 2;
  }
}

/** One row of RGB → light; `tables`: one a channel. */
export function lighten3(source: usize, target: usize, tables: usize, pixels: i32): void {
  for (let x: i32 = 0; x < pixels; x++) {
    store<u16>(target, lightOf(tables, load<u8>(source)));
    store<u16>(target, lightOf(tables + IN_BYTES, load<u8>(source, 1)), 2);
    store<u16>(target, lightOf(tables + 2 * IN_BYTES, load<u8>(source, 2)), 4);
    source += 3;
    target += 6;
  }
}

/** One row of RGBA → light, premultiplied, and alpha with 6 fractional bits. */
export function lighten4(source: usize, target: usize, tables: usize, pixels: i32): void {
  for (let x: i32 = 0; x < pixels; x++) {
    const alpha = <u32>load<u8>(source, 3);
    // 255 becomes 65536.
    const share = alpha * 257 + (alpha >> 7);
    store<u16>(target, scaled(lightOf(tables, load<u8>(source)), share));
    store<u16>(target, scaled(lightOf(tables + IN_BYTES, load<u8>(source, 1)), share), 2);
    store<u16>(target, scaled(lightOf(tables + 2 * IN_BYTES, load<u8>(source, 2)), share), 4);
    store<u16>(target, <u16>(alpha << 6), 6);
    source += 4;
    target += 8;
  }
}

@inline
function lightOf(table: usize, value: u8): u16 {
  return load<u16>(table + (<usize>value << 1));
}

@inline
function scaled(light: u16, share: u32): u16 {
  return <u16>((<u32>light * share + 0x8000) >> 16);
}

/** Adds one row of light to `sums`. Works on whole blocks of 8 samples. */
export function accumulateLight(source: usize, sums: usize, samples: i32): void {
  for (let x: i32 = 0; x < samples; x += 8) {
    const row = v128.load(source);
    v128.store(sums, i32x4.add(v128.load(sums), i32x4.extend_low_i16x8_u(row)));
    v128.store(sums, i32x4.add(v128.load(sums, 16), i32x4.extend_high_i16x8_u(row)), 16);
    source += 16;
    sums += 32;
  }
}

/** As filter1, from light; `table` has the byte of each light. */
export function filterLight1(
  source: usize,
  target: usize,
  starts: usize,
  weights: usize,
  taps: i32,
  outputs: i32,
  table: usize,
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
    const light = i32x4.shr_s(i32x4.add(sum, i32x4.splat(1 << 13)), 14);
    store<u8>(target, load<u8>(table + <usize>i32x4.extract_lane(clamp(light), 0)));
    starts += 4;
    target++;
  }
}

/** As filter3, from light; `tables`: one a channel. */
export function filterLight3(
  source: usize,
  target: usize,
  starts: usize,
  weights: usize,
  pairs: i32,
  outputs: i32,
  tables: usize,
): void {
  const bytes = <usize>pairs << 2;
  const half = i32x4.splat(1 << 13);
  for (let x: i32 = 0; x < outputs; x++) {
    const sum = i32x4.add(half, sumPairs(source + load<u32>(starts), weights, bytes));
    storeColour(target, clamp(i32x4.shr_s(sum, 14)), tables);
    weights += bytes;
    starts += 4;
    target += 3;
  }
}

/** As filter4, from light. */
export function filterLight4(
  source: usize,
  target: usize,
  starts: usize,
  weights: usize,
  pairs: i32,
  outputs: i32,
  tables: usize,
): void {
  const bytes = <usize>pairs << 2;
  const opaque: f32 = 255 * 1048576;
  const unit: f32 = 1.0 / 1048576.0;
  const half = f32x4.splat(0.5);
  for (let x: i32 = 0; x < outputs; x++) {
    const sum = f32x4.convert_i32x4_s(sumPairs(source + load<u32>(starts), weights, bytes));
    const alpha = min<f32>(f32x4.extract_lane(sum, 3), opaque);
    if (alpha * unit < 0.5) {
      store<u32>(target, 0);
    } else {
      const straight = f32x4.mul(sum, f32x4.splat(<f32>LIGHT_ONE / alpha));
      storeColour(target, clamp(i32x4.trunc_sat_f32x4_s(f32x4.add(straight, half))), tables);
      store<u8>(target, <u8>(alpha * unit + 0.5), 3);
    }
    weights += bytes;
    starts += 4;
    target += 4;
  }
}

@inline
function clamp(light: v128): v128 {
  return i32x4.min_s(i32x4.max_s(light, i32x4.splat(0)), i32x4.splat(LIGHT_ONE));
}

@inline
function storeColour(target: usize, light: v128, tables: usize): void {
  store<u8>(target, load<u8>(tables + <usize>i32x4.extract_lane(light, 0)));
  store<u8>(target, load<u8>(tables + OUT_BYTES + <usize>i32x4.extract_lane(light, 1)), 1);
  store<u8>(target, load<u8>(tables + 2 * OUT_BYTES + <usize>i32x4.extract_lane(light, 2)), 2);
}
