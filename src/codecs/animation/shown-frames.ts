/**
 * The frames of formats that paint over what is shown, or replace it with anything (WebP and PNG):
 * of each the rectangle that has changed, and whether what has not may be left out of it.
 */
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Frame, type Strip } from "../../pipeline/picture.ts";
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

/** What of a frame is not painted. */
export interface Hiding {
  /**
   * Makes what is not painted of a row of RGBA transparent.
   * @param row of the rectangle
   */
  hide(row: number, after: Uint32Array, before: Uint32Array, rgba: Uint8Array): void;
}

/** Share of the rectangle from which leaving single pixels out pays. */
const LEAST_SHARE = 0.3;

/** Each pixel that is as before; null where there are few, or the frame cannot lie over what is. */
export function findHiddenPixels({ before, after, rect }: ShownFrame): Hiding | null {
  let same = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const start = y * after.width + rect.x;
    for (let at = start; at < start + rect.width; at++) {
      const [old, now] = [before.words[at] as number, after.words[at] as number];
      if (old === now) same++;
      else if (!canLieOver(old, now)) return null;
    }
  }
  if (same < LEAST_SHARE * rect.width * rect.height) return null;
  return {
    hide(_row, now, old, rgba) {
      for (let i = 0; i < now.length; i++) if (now[i] === old[i]) rgba.fill(0, i * 4, i * 4 + 4);
    },
  };
}

/** The rectangle's pixels, what is hidden of them transparent: that takes four channels. */
export async function* readRect(
  { before, after, rect }: ShownFrame,
  channels: 3 | 4,
  hiding: Hiding | null,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const rowBytes = rect.width * channels;
  const buffer = workspace.allocate(Math.min(STRIP_ROWS, rect.height) * rowBytes);
  for (let y = 0; y < rect.height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, rect.height - y);
    for (let row = 0; row < rows; row++) {
      const at = (rect.y + y + row) * after.width + rect.x;
      const target = buffer.subarray(row * rowBytes, (row + 1) * rowBytes);
      const words = after.words.subarray(at, at + rect.width);
      writeRow(words, channels, target);
      hiding?.hide(y + row, words, before.words.subarray(at, at + rect.width), target);
    }
    yield { y, rows, data: buffer.subarray(0, rows * rowBytes) };
  }
}

function writeRow(words: Uint32Array, channels: 3 | 4, target: Uint8Array): void {
  for (let i = 0, to = 0; i < words.length; i++, to += channels) {
    const word = words[i] as number;
    target[to] = word & 255;
    target[to + 1] = (word >> 8) & 255;
    target[to + 2] = (word >> 16) & 255;
    if (channels === 4) target[to + 3] = word >>> 24;
  }
}
