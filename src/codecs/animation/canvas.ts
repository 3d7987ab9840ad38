/** An animation's frames, which paint parts of a canvas, as pictures of the whole canvas. */
import { AppError } from "../../errors.ts";
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import {
  shownDuration,
  STRIP_ROWS,
  type Frame,
  type Picture,
  type Strip,
} from "../../pipeline/picture.ts";

/** What becomes of a frame's area before the next one: it stays, is cleared, or is as it was before. */
export type Disposal = "keep" | "clear" | "restore";

/** A frame in the file, before its pixels. */
export interface Patch {
  rect: Rect;
  disposal: Disposal;
  durationMs: number;
}

/** RGBA. */
export interface Canvas extends Size {
  pixels: Uint8Array;
  /** The same memory, a pixel each. */
  words: Uint32Array;
}

/** A transparent one. */
export function createCanvas({ width, height }: Size, workspace: Workspace): Canvas {
  const pixels = workspace.allocate(width * height * 4);
  return { width, height, pixels, words: new Uint32Array(pixels.buffer) };
}

/** @param restoredPixels of the largest frame whose area is restored */
export const canvasBytes = ({ width, height }: Size, restoredPixels: number): number =>
  4 * (width * height + restoredPixels);

interface Painting<T extends Patch> {
  size: Size;
  icc: Uint8Array | null;
  restoredPixels: number;
  patches: AsyncIterable<T>;
  /** Puts the patch's pixels on the canvas. What it takes of the workspace is given back after it. */
  paint(patch: T, canvas: Canvas): Promise<void>;
}

/**
 * The canvas after each patch, as a frame. Rectangles may reach past the canvas; painting must not.
 * @throws whatever `patches` and `paint` throw
 */
export async function* compose<T extends Patch>(
  { size, icc, restoredPixels, patches, paint }: Painting<T>,
  workspace: Workspace,
): AsyncGenerator<Frame, void, undefined> {
  const { width, height } = size;
  const canvas = createCanvas(size, workspace);
  const saved = new Uint32Array(workspace.allocate(restoredPixels * 4).buffer);
  for await (const patch of patches) {
    const rect = clip(patch.rect, size);
    if (patch.disposal === "restore") copyRect(canvas, rect, saved, "save");
    const mark = workspace.mark();
    await paint(patch, canvas);
    workspace.rewind(mark);
    const durationMs = shownDuration(patch.durationMs);
    yield { width, height, channels: 4, icc, durationMs, strips: stripsOf(canvas) };
    if (patch.disposal === "restore") copyRect(canvas, rect, saved, "restore");
    if (patch.disposal === "clear") clearRect(canvas, rect);
  }
}

/**
 * A picture of RGB or RGBA as a canvas.
 * @param opaqueFrom least alpha that counts as opaque; all below it, and 0 always, is nothing at all.
 *   Null keeps what is between
 */
export async function readPicture(
  { width, height, channels, strips }: Picture,
  { words }: Canvas,
  opaqueFrom: number | null,
): Promise<void> {
  let at = 0;
  for await (const { data } of strips) {
    for (let i = 0; i < data.length; i += channels, at++) {
      let alpha = channels === 4 ? (data[i + 3] as number) : 255;
      if (opaqueFrom !== null) alpha = alpha < opaqueFrom ? 0 : 255;
      words[at] =
        alpha === 0
          ? 0
          : (data[i] as number) |
            ((data[i + 1] as number) << 8) |
            ((data[i + 2] as number) << 16) |
            (alpha << 24);
    }
  }
  if (at !== width * height) throw new AppError("internal", "A frame ended before its last row.");
}

/** The part of `rect` that is on the canvas; empty ones have a side of 0. */
export function clip({ x, y, width, height }: Rect, canvas: Size): Rect {
  return {
    x,
    y,
    width: Math.max(0, Math.min(x + width, canvas.width) - x),
    height: Math.max(0, Math.min(y + height, canvas.height) - y),
  };
}

export function clearRect({ width, words }: Canvas, rect: Rect): void {
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    words.fill(0, y * width + rect.x, y * width + rect.x + rect.width);
  }
}

function copyRect(
  { width, words }: Canvas,
  rect: Rect,
  saved: Uint32Array,
  what: "save" | "restore",
): void {
  for (let row = 0; row < rect.height; row++) {
    const at = (rect.y + row) * width + rect.x;
    const kept = saved.subarray(row * rect.width, (row + 1) * rect.width);
    if (what === "save") kept.set(words.subarray(at, at + rect.width));
    else words.set(kept, at);
  }
}

// Async only in form: the canvas is in memory.
async function* stripsOf({ width, height, pixels }: Canvas): AsyncGenerator<Strip> {
  const rowBytes = width * 4;
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    yield { y, rows, data: pixels.subarray(y * rowBytes, (y + rows) * rowBytes) };
  }
}
