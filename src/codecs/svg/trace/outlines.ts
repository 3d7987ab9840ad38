/** Outlines of regions, along the sides of their pixels. */
import type { Size } from "../../../pipeline/geometry.ts";

export type Direction = 0 | 1 | 2 | 3;

/** East, south, west, north: the region is on the right. */
export const STEPS = [
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: -1, y: 0 },
  { x: 0, y: -1 },
] as const;

/** From the corner that is reached, the pixels before it on the left and on the right, by direction. */
const AHEAD = [
  { left: { x: 0, y: -1 }, right: { x: 0, y: 0 } },
  { left: { x: 0, y: 0 }, right: { x: -1, y: 0 } },
  { left: { x: -1, y: 0 }, right: { x: -1, y: -1 } },
  { left: { x: -1, y: -1 }, right: { x: 0, y: -1 } },
] as const;

/**
 * Follows an outline around from a pixel's upper left corner to the east. Pixels that touch at a
 * corner only are not connected.
 * @param isInside is asked of pixels of the picture only
 * @param step is told of each side: where it begins, and its direction
 */
export function follow(
  start: number,
  { width, height }: Size,
  isInside: (pixel: number) => boolean,
  step: (x: number, y: number, direction: Direction) => void,
): void {
  const holds = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && isInside(y * width + x);
  const [startX, startY] = [start % width, Math.floor(start / width)];
  let [x, y, direction] = [startX, startY, 0 as Direction];
  do {
    step(x, y, direction);
    x += STEPS[direction].x;
    y += STEPS[direction].y;
    const { left, right } = AHEAD[direction];
    if (!holds(x + right.x, y + right.y)) direction = ((direction + 1) % 4) as Direction;
    else if (holds(x + left.x, y + left.y)) direction = ((direction + 3) % 4) as Direction;
  } while (x !== startX || y !== startY || direction !== 0);
}
