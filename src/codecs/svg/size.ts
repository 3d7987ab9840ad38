/** How large an SVG wants to be: CSS pixels, 96 an inch. */
import type { Rect, Size } from "../../pipeline/geometry.ts";

/** Of what says nothing of its size, as in browsers (CSS 2.1, 10.3.2). */
const DEFAULT: Size = { width: 300, height: 150 };

/** Pixels in a unit. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  px: 1,
  in: 96,
  cm: 96 / 2.54,
  mm: 96 / 25.4,
  q: 96 / 101.6,
  pt: 96 / 72,
  pc: 16,
  em: 16,
  rem: 16,
  ex: 8,
};

/** No length is longer, and none that is should be looked at. */
const MAX_LENGTH = 64;

/** Null where it is a share of what surrounds it, or nothing at all. */
function readLength(text: string | undefined): number | null {
  if (text === undefined || text.length > MAX_LENGTH) return null;
  const [, number, unit = ""] = /^\s*\+?(\d*\.?\d+(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return number === undefined || factor === undefined ? null : Number(number) * factor;
}

export function readViewBox(text: string | undefined): Rect | null {
  const numbers = (text ?? "")
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers;
  const isBox = numbers.length === 4 && numbers.every(Number.isFinite) && width > 0 && height > 0;
  return isBox ? { x, y, width, height } : null;
}

/** Whether anything says how large it is; shares of what surrounds it do not. */
export function hasSize(attributes: ReadonlyMap<string, string>): boolean {
  const sides = [attributes.get("width"), attributes.get("height")].map(readLength);
  return sides.some((side) => side !== null) || readViewBox(attributes.get("viewBox")) !== null;
}

/** A side that is not given follows from the other and the view box's ratio. */
export function readSize(attributes: ReadonlyMap<string, string>): Size {
  const width = readLength(attributes.get("width"));
  const height = readLength(attributes.get("height"));
  const box = readViewBox(attributes.get("viewBox"));
  if (width !== null && height !== null) return { width, height };
  if (!box) return { width: width ?? DEFAULT.width, height: height ?? DEFAULT.height };
  if (width !== null) return { width, height: (width * box.height) / box.width };
  if (height !== null) return { width: (height * box.width) / box.height, height };
  return { width: box.width, height: box.height };
}
