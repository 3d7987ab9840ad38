/** From the profile connection space (D50) to sRGB. */
import type { IccProfile } from "./icc.ts";
import { clamp, fromLinear } from "./curves.ts";

/** D50, the connection space's white. */
export const D50 = [0.9642, 1, 0.8249] as const;

/** XYZ of D50 to linear sRGB: Bradford's adaptation to D65 and sRGB's primaries in one. */
export const XYZ_TO_LINEAR = [
  3.133_856_1, -1.616_866_7, -0.490_614_6, -0.978_768_4, 1.916_141_5, 0.033_454, 0.071_945_3,
  -0.228_991_4, 1.405_242_7,
] as const;

/** The columns of sRGB's matrix, adapted to D50, as profiles hold them. */
export const SRGB_COLORANTS = {
  rXYZ: [0.436_07, 0.222_49, 0.013_92],
  gXYZ: [0.385_15, 0.716_87, 0.097_08],
  bXYZ: [0.143_07, 0.060_61, 0.714_1],
} as const;

/**
 * Replaces a colour of the connection space (Lab: L 0 to 100; XYZ: white's Y is 1) by sRGB, 0 to 1.
 * @param black luminance that becomes black, the others being scaled towards white (black point
 *   compensation): the darkest print is lighter than the darkest screen
 */
export function pcsToSrgb(pcs: IccProfile["pcs"], colour: Float64Array, black = 0): void {
  pcsToXyz(pcs, colour);
  const scale = 1 / (1 - black);
  const x = ((colour[0] as number) - D50[0] * black) * scale;
  const y = ((colour[1] as number) - D50[1] * black) * scale;
  const z = ((colour[2] as number) - D50[2] * black) * scale;
  const m = XYZ_TO_LINEAR;
  colour[0] = fromLinear(clamp(m[0] * x + m[1] * y + m[2] * z));
  colour[1] = fromLinear(clamp(m[3] * x + m[4] * y + m[5] * z));
  colour[2] = fromLinear(clamp(m[6] * x + m[7] * y + m[8] * z));
}

export function pcsToXyz(pcs: IccProfile["pcs"], colour: Float64Array): void {
  if (pcs === "Lab ") labToXyz(colour);
}

/** CIE 1976, with D50. */
function labToXyz(colour: Float64Array): void {
  const [lightness = 0, a = 0, b = 0] = colour;
  const y = (lightness + 16) / 116;
  colour[0] = D50[0] * cube(y + a / 500);
  colour[1] = D50[1] * cube(y);
  colour[2] = D50[2] * cube(y - b / 200);
}

export function cube(t: number): number {
  return t > 6 / 29 ? t * t * t : (t - 4 / 29) * 3 * (6 / 29) ** 2;
}
