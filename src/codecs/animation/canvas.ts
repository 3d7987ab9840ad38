/** An animation's frames, which paint parts of a canvas, as pictures of the whole canvas. */
import { AppError } from "../../errors.ts";
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import {
  shownDuration,
  STRIP_ROWS,
  type Channels,
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

/**
 * Rows of a frame onto the canvas.
 * @param rect the frame's place, all of it on the canvas
 * @param channels of the strip; 1 is gray
 * @param blends whether they lie over what is there, or take its place
 */
export function paintStrip(
  { width, words }: Canvas,
  rect: Rect,
  { y, rows, data }: Strip,
  channels: Channels,
  blends: boolean,
): void {
  const second = channels === 1 ? 0 : 1;
  const third = channels === 1 ? 0 : 2;
  let from = 0;
  for (let row = y; row < y + rows; row++) {
    let to = (rect.y + row) * width + rect.x;
    for (const end = to + rect.width; to < end; to++, from += channels) {
      const alpha = channels === 4 ? (data[from + 3] as number) : 255;
      const word =
        alpha === 0
          ? 0
          : (data[from] as number) |
            ((data[from + second] as number) << 8) |
            ((data[from + third] as number) << 16) |
            (alpha << 24);
      if (!blends || alpha === 255) words[to] = word;
      else if (alpha > 0) words[to] = blend(word, words[to] as number);
    }
  }
}

/** A pixel of straight alpha over another (RFC 9649, section 2.7.1.1; the same in PNG, 13.16). */
function blend(over: number, under: number): number {
  const alpha = over >>> 24;
  const left = ((under >>> 24) * (255 - alpha)) / 255;
  if (left === 0) return over;
  const sum = alpha + left;
  const mix = (shift: number): number =>
    Math.round((((over >> shift) & 255) * alpha + ((under >> shift) & 255) * left) / sum) << shift;
  return mix(0) | mix(8) | mix(16) | (Math.round(sum) << 24);
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
