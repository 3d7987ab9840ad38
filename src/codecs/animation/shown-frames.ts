/**
 * The frames of formats that paint over what is shown, or replace it with anything (WebP and PNG):
 * of each the rectangle that has changed, and whether what has not may be left out of it.
 */
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Frame } from "../../pipeline/picture.ts";
import { createCanvas, readPicture, type Canvas } from "./canvas.ts";
import { findChanges } from "./changes.ts";

export interface ShownFrame {
  /** What is shown before. */
  before: Canvas;
  after: Canvas;
  /** What has changed; of the first frame all, of one like the one before it a corner. */
  rect: Rect;
  isFirst: boolean;
  durationMs: number;
}

/** Two canvases, in bytes. */
export const shownFramesBytes = ({ width, height }: Size): number => 2 * width * height * 4;

/**
 * @param step multiple of which x and y must be
 * @param pictures of RGB or RGBA
 */
export async function* showFrames(
  size: Size,
  pictures: AsyncIterable<Frame>,
  step: 1 | 2,
  workspace: Workspace,
): AsyncGenerator<ShownFrame, void, undefined> {
  let before = createCanvas(size, workspace);
  let after = createCanvas(size, workspace);
  let isFirst = true;
  for await (const picture of pictures) {
    await readPicture(picture, after, null);
    const { durationMs } = picture;
    const changes = findChanges(size, before.words, after.words) ?? CORNER;
    const rect = isFirst ? { x: 0, y: 0, ...sizeOf(size) } : widen(changes, step);
    yield { before, after, rect, isFirst, durationMs };
    [before, after] = [after, before];
    isFirst = false;
  }
}

const CORNER: Rect = { x: 0, y: 0, width: 1, height: 1 };

const sizeOf = ({ width, height }: Size): Size => ({ width, height });

function widen({ x, y, width, height }: Rect, step: number): Rect {
  const [left, top] = [x % step, y % step];
  return { x: x - left, y: y - top, width: width + left, height: height + top };
}

/** Whether painting `after` over `before` gives `after`: over what shows through nothing may lie. */
export const canLieOver = (before: number, after: number): boolean =>
  after >>> 24 === 255 || before === 0;

/** Whether all pixels of the rectangle are opaque. */
export function isOpaque({ width, words }: Canvas, rect: Rect): boolean {
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const start = y * width + rect.x;
    for (let at = start; at < start + rect.width; at++) {
      if ((words[at] as number) >>> 24 !== 255) return false;
    }
  }
  return true;
}
