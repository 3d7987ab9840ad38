/**
 * All three colours at each pixel of a Bayer pattern: H. S. Malvar, L. He, R. Cutler, "High-quality
 * linear interpolation for demosaicing of Bayer-patterned color images", ICASSP 2004. Five by five
 * pixels, weights in sixteenths here.
 */
import type { Colour } from "./sensor.ts";

/** The colour beside green in a row, and whether the row's first pixel is green. */
export interface RowPattern {
  own: Colour;
  startsGreen: boolean;
}

/** @param x of the first pixel; as `y` it is counted as the pattern is */
export function rowPattern(
  pattern: readonly [Colour, Colour, Colour, Colour],
  x: number,
  y: number,
): RowPattern {
  const row = (y & 1) * 2;
  const [first, second] = [pattern[row + (x & 1)] ?? 1, pattern[row + ((x + 1) & 1)] ?? 1];
  return first === 1 ? { own: second, startsGreen: true } : { own: first, startsGreen: false };
}

const clamp = (value: number): number => (value < 0 ? 0 : value > 65_535 ? 65_535 : value);

/**
 * A row of `width` pixels.
 * @param at of its first pixel in `light`, which has two more pixels on every side
 * @param rgb of the camera
 */
export function demosaicRow(
  light: Uint16Array,
  stride: number,
  at: number,
  width: number,
  { own, startsGreen }: RowPattern,
  rgb: Uint16Array,
): void {
  const other = 2 - own;
  const two = 2 * stride;
  let isGreen = startsGreen;
  for (let x = 0, i = at, to = 0; x < width; x++, i++, to += 3) {
    const centre = light[i] as number;
    const near = (light[i - 1] as number) + (light[i + 1] as number);
    const far = (light[i - 2] as number) + (light[i + 2] as number);
    const upright = (light[i - stride] as number) + (light[i + stride] as number);
    const upFar = (light[i - two] as number) + (light[i + two] as number);
    const corners =
      (light[i - stride - 1] as number) +
      (light[i - stride + 1] as number) +
      (light[i + stride - 1] as number) +
      (light[i + stride + 1] as number);
    if (isGreen) {
      const even = 10 * centre - 2 * corners;
      rgb[to + own] = clamp((even + 8 * near - 2 * far + upFar + 8) >> 4);
      rgb[to + 1] = centre;
      rgb[to + other] = clamp((even + 8 * upright - 2 * upFar + far + 8) >> 4);
    } else {
      const round = far + upFar;
      rgb[to + own] = centre;
      rgb[to + 1] = clamp((8 * centre + 4 * (near + upright) - 2 * round + 8) >> 4);
      rgb[to + other] = clamp((12 * centre + 4 * corners - 3 * round + 8) >> 4);
    }
    isGreen = !isGreen;
  }
}

/**
 * A row of half as many pixels, each of the four that have its place.
 * @param at of the upper row's first pixel
 * @param count of squares
 */
export function binRow(
  light: Uint16Array,
  stride: number,
  at: number,
  count: number,
  { own, startsGreen }: RowPattern,
  rgb: Uint16Array,
): void {
  const other = 2 - own;
  const [ownAt, otherAt] = startsGreen ? [1, stride] : [0, stride + 1];
  const [greenAt, lowerAt] = startsGreen ? [0, stride + 1] : [1, stride];
  for (let x = 0, i = at, to = 0; x < count; x++, i += 2, to += 3) {
    rgb[to + own] = light[i + ownAt] as number;
    rgb[to + 1] = ((light[i + greenAt] as number) + (light[i + lowerAt] as number)) >> 1;
    rgb[to + other] = light[i + otherAt] as number;
  }
}
