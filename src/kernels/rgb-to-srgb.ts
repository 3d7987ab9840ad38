/** Colours of a profile's primaries and curves to sRGB, in the engine. */
import { align, type Engine } from "./engine.ts";
import { LIGHT_ONE } from "./light.ts";

/** Pixels at a time of what lies elsewhere. */
const BLOCK_PIXELS = 2048;

const COLUMN_VALUES = 3 * 256 * 4;

/** Fractional bits of columns beyond those of light. */
export const COLUMN_FRACTION = 12;

/** What the kernel adds up and looks up. */
export interface RgbTables {
  /**
   * What each of 256 values of red, then green, then blue adds to the light of sRGB's red, green and
   * blue (and a fourth that is not used); full light is LIGHT_ONE << COLUMN_FRACTION.
   * The sum of any three is below 2³¹.
   */
  columns: Int32Array;
  /** The value of each light from 0 to LIGHT_ONE. */
  values: Uint8Array;
}

/** Converts `pixels` pixels in place, leaving alpha as it is. */
export type RgbToSrgb = (rgb: Uint8Array, pixels: number, channels: 3 | 4) => void;

const AT_VALUES = align(COLUMN_VALUES * 4);
const AT_BLOCK = AT_VALUES + align(LIGHT_ONE + 1);

/** Bytes of the engine's arena that `startRgbToSrgb` takes. */
export const RGB_KERNEL_BYTES = AT_BLOCK + align(BLOCK_PIXELS * 4);

export function startRgbToSrgb(engine: Engine, { columns, values }: RgbTables): RgbToSrgb {
  const base = engine.allocate(RGB_KERNEL_BYTES);
  new Int32Array(engine.memory, base, COLUMN_VALUES).set(columns);
  engine.view(base + AT_VALUES, values.length).set(values);
  const convert = (at: number, pixels: number, channels: number) =>
    engine.exports.rgbToSrgb(at, pixels, channels, base, base + AT_VALUES);
  return (rgb, pixels, channels) => {
    if (engine.holds(rgb)) {
      convert(rgb.byteOffset, pixels, channels);
      return;
    }
    for (let pixel = 0; pixel < pixels; pixel += BLOCK_PIXELS) {
      const count = Math.min(BLOCK_PIXELS, pixels - pixel);
      const block = engine.view(base + AT_BLOCK, count * channels);
      block.set(rgb.subarray(pixel * channels, (pixel + count) * channels));
      convert(base + AT_BLOCK, count, channels);
      rgb.set(block, pixel * channels);
    }
  };
}
