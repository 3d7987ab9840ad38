/** Linear light of the camera's colours → sRGB of 8 bits, as bright as dcraw makes it. */
import type { CameraColour } from "./camera-colour.ts";

const LIGHT_LEVELS = 65_536;
/** Levels of light that brightness is counted in. */
const BINS = 8192;
const BIN_SHIFT = 3;
/** Share of the pixels that may become white. */
const WHITE_SHARE = 0.01;
/** In bins: 16 times as bright at most (dcraw: 256), or noise is all that is seen of a dark picture. */
const LEAST_WHITE = BINS / 16;

/** Bytes of what is made here. */
export const TONE_BYTES = LIGHT_LEVELS + 3 * BINS * 4;

/** How often each level of each of sRGB's linear colours occurs. */
export interface Brightness {
  add(rgb: Uint16Array, pixels: number): void;
  /** The level that is to be white: what 1 % of the pixels are brighter than. */
  white(): number;
}

export function countBrightness({ toRgb }: CameraColour): Brightness {
  const [red, green, blue] = toRgb.map(() => new Uint32Array(BINS)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = toRgb;
  let total = 0;
  return {
    add(rgb, pixels) {
      for (let i = 0; i < pixels * 3; i += 3) {
        const r = rgb[i] as number;
        const g = rgb[i + 1] as number;
        const b = rgb[i + 2] as number;
        count(red, rr * r + rg * g + rb * b);
        count(green, gr * r + gg * g + gb * b);
        count(blue, br * r + bg * g + bb * b);
      }
      total += pixels;
    },
    white: () => Math.max(...[red, green, blue].map((bins) => findWhite(bins, total))),
  };
}

function count(bins: Uint32Array, light: number): void {
  const level = light < 0 ? 0 : light > 65_535 ? 65_535 : light | 0;
  bins[level >> BIN_SHIFT] = (bins[level >> BIN_SHIFT] as number) + 1;
}

function findWhite(bins: Uint32Array, total: number): number {
  let brighter = 0;
  let level = BINS - 1;
  for (; level > LEAST_WHITE; level--) {
    brighter += bins[level] ?? 0;
    if (brighter > total * WHITE_SHARE) break;
  }
  return level << BIN_SHIFT;
}

/** BT.709's curve, continued as a straight line in the dark. */
const EXPONENT = 0.45;
const SLOPE = 4.5;
const LINE_END = 0.018_053_968_5;
const OFFSET = 0.099_296_826_8;

/** @param white the level of light that becomes 255 */
export function createCurve(white: number): Uint8Array {
  return Uint8Array.from({ length: LIGHT_LEVELS }, (_, light) => {
    const share = Math.min(1, light / white);
    const value = share < LINE_END ? share * SLOPE : (1 + OFFSET) * share ** EXPONENT - OFFSET;
    return Math.round(value * 255);
  });
}

/** Pixels of the camera's colours, at most 65,535 each, → sRGB at `to`. */
export function toSrgb(
  rgb: Uint16Array,
  pixels: number,
  { toRgb }: CameraColour,
  curve: Uint8Array,
  target: Uint8Array,
  to: number,
): void {
  const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = toRgb;
  for (let i = 0, at = to; i < pixels * 3; i += 3, at += 3) {
    const r = rgb[i] as number;
    const g = rgb[i + 1] as number;
    const b = rgb[i + 2] as number;
    const red = rr * r + rg * g + rb * b;
    const green = gr * r + gg * g + gb * b;
    const blue = br * r + bg * g + bb * b;
    target[at] = curve[red < 0 ? 0 : red > 65_535 ? 65_535 : red | 0] as number;
    target[at + 1] = curve[green < 0 ? 0 : green > 65_535 ? 65_535 : green | 0] as number;
    target[at + 2] = curve[blue < 0 ? 0 : blue > 65_535 ? 65_535 : blue | 0] as number;
  }
}
