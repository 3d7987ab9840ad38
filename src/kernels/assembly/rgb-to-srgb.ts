// Colours of one set of primaries and curves to another, by tables: the matrix is worked into those
// of the way in, so that a colour's light is the sum of three columns.

/** Full light: what 255 is with 6 fractional bits. The tables have 12 more. */
const LIGHT_ONE: i32 = 255 << 6;
const FRACTION: i32 = 12;

/** From one channel's table of columns (256 of four i32) to the next. */
const COLUMNS_BYTES: usize = 4096;

/** In place. `columns`: three tables; `bytes`: the value of each light. `step`: 3, or 4 with alpha. */
export function rgbToSrgb(pixel: usize, pixels: i32, step: i32, columns: usize, bytes: usize): void {
  const half = i32x4.splat(1 << (FRACTION - 1));
  const full = i32x4.splat(LIGHT_ONE);
  const none = i32x4.splat(0);
  for (let x: i32 = 0; x < pixels; x++) {
    const red = v128.load(columns + (<usize>load<u8>(pixel) << 4));
    const green = v128.load(columns + (<usize>load<u8>(pixel, 1) << 4), COLUMNS_BYTES);
    const blue = v128.load(columns + (<usize>load<u8>(pixel, 2) << 4), 2 * COLUMNS_BYTES);
    const sum = i32x4.add(i32x4.add(red, green), i32x4.add(blue, half));
    const light = i32x4.min_s(i32x4.max_s(i32x4.shr_s(sum, FRACTION), none), full);
    store<u8>(pixel, load<u8>(bytes + <usize>i32x4.extract_lane(light, 0)));
    store<u8>(pixel, load<u8>(bytes + <usize>i32x4.extract_lane(light, 1)), 1);
    store<u8>(pixel, load<u8>(bytes + <usize>i32x4.extract_lane(light, 2)), 2);
    pixel += <usize>step;
  }
}
