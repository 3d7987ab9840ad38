/** What is new in a canvas against the one before it. Pixels are compared as words of RGBA. */
import type { Rect, Size } from "../../pipeline/geometry.ts";

/** Whether the pixel at a place counts. */
export type Counts = (before: number, after: number) => boolean;

export const differs: Counts = (before, after) => before !== after;

/** The smallest rectangle around all pixels that count; null where none does. */
export function findChanges(
  { width, height }: Size,
  before: Uint32Array,
  after: Uint32Array,
  counts: Counts = differs,
): Rect | null {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let first = 0;
    while (first < width && !counts(before[row + first] as number, after[row + first] as number)) {
      first++;
    }
    if (first === width) continue;
    let last = width - 1;
    while (!counts(before[row + last] as number, after[row + last] as number)) last--;
    if (top < 0) top = y;
    bottom = y;
    left = Math.min(left, first);
    right = Math.max(right, last);
  }
  if (top < 0) return null;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The smallest rectangle around both. */
export function unite(a: Rect | null, b: Rect | null): Rect | null {
  if (!a || !b) return a ?? b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}
