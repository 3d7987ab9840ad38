/**
 * Writes animated GIFs: of each frame the rectangle that has changed, in it only the pixels that
 * have. A pixel can be painted but not erased, so a frame whose successor needs that clears its
 * area, which then holds all that is to be erased; each frame waits for the next one to know.
 */
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import type { RgbToSrgb } from "../../kernels/rgb-to-srgb.ts";
import type { Rect } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { clearRect, createCanvas, readPicture, type Canvas } from "../animation/canvas.ts";
import { findChanges, unite } from "../animation/changes.ts";
import type { AnimationInfo, EncodeOptions, MovingPicture } from "../codec.ts";
import { concat } from "../concat.ts";
import { MAX_COLOURS } from "../palette/colour-set.ts";
import { OPAQUE_FROM } from "./encode.ts";
import {
  indexExactly,
  indexNearly,
  nearlyBytes,
  ROOM_BYTES,
  sharedPalette,
  type FramePixels,
  type IndexedFrame,
  type SharedPalette,
} from "./frame-colours.ts";
import { LZW_ENCODER_BYTES, LzwEncoder } from "./lzw-encoder.ts";
import {
  paletteBits,
  TRAILER,
  writeFrameHead,
  writeLoop,
  writeScreen,
  type FrameHead,
} from "./write-head.ts";

/** In hundredths of a second; shorter ones are shown as if they were a tenth of a second. */
const SHORTEST_DELAY = 2;
const LONGEST_DELAY = 0xffff;

/** Two canvases, what differs, and a frame's pixels as they become indices; in bytes. */
export function framesMemory({ width, height, icc }: AnimationInfo): number {
  const pixels = width * height;
  const canvases = pixels * (4 + 4 + 1 + ROOM_BYTES);
  const colours = nearlyBytes(width, pixels) + rgbToSrgbBytes(icc);
  return canvases + colours + 2 * LZW_ENCODER_BYTES;
}

/** A frame whose successor is not known yet. */
interface Waiting {
  area: Rect;
  durationMs: number;
}

export async function* encodeFrames(
  animation: MovingPicture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height } = animation;
  // What is shown before the frame, then the frame; and what comes after it.
  let current = createCanvas(animation, workspace);
  let following = createCanvas(animation, workspace);
  const changed = workspace.allocate(width * height);
  const room = workspace.allocate(width * height * ROOM_BYTES);
  const toSrgb = await openRgbToSrgb(animation.icc, workspace);
  const write = createWriter(animation, options, toSrgb, room, workspace);
  let waiting: Waiting | null = null;
  for await (const picture of animation.pictures) {
    await readPicture(picture, following, OPAQUE_FROM);
    if (waiting) {
      const erased = findChanges(animation, current.words, following.words, isErased);
      const area = unite(waiting.area, erased) ?? waiting.area;
      yield* write(current, changed, { ...waiting, area }, erased !== null);
      if (erased) clearRect(current, area);
    }
    markChanges(current.words, following.words, changed);
    const area: Rect | null = waiting
      ? findChanges(animation, current.words, following.words)
      : { x: 0, y: 0, width, height };
    waiting = { area: area ?? ONE_PIXEL, durationMs: picture.durationMs };
    [current, following] = [following, current];
  }
  if (waiting) yield* write(current, changed, waiting, false);
  yield Uint8Array.of(TRAILER);
}

/** What a frame without changes has. */
const ONE_PIXEL: Rect = { x: 0, y: 0, width: 1, height: 1 };

const isErased = (before: number, after: number): boolean => before !== 0 && after === 0;

function markChanges(before: Uint32Array, after: Uint32Array, changed: Uint8Array): void {
  for (let i = 0; i < changed.length; i++) changed[i] = before[i] === after[i] ? 0 : 1;
}

/** Writes frames one by one; the first decides on the palette, unless that is known before. */
function createWriter(
  { width, height, plays, colours }: MovingPicture,
  options: EncodeOptions,
  toSrgb: RgbToSrgb | null,
  room: Uint8Array,
  workspace: Workspace,
) {
  const nextDelay = createClock();
  let shared: SharedPalette | null = colours ? sharedPalette(colours, 0) : null;
  let isFirst = true;

  const inSrgb = (palette: Uint8Array): Uint8Array => {
    const converted = palette.slice();
    toSrgb?.(converted, converted.length / 3, 3);
    return converted;
  };

  function* writeFirst({ palette }: SharedPalette): Generator<Uint8Array, void, undefined> {
    isFirst = false;
    yield writeScreen({ width, height }, inSrgb(palette));
    if (plays !== 1) yield writeLoop(plays);
  }

  return function* write(
    { words }: Canvas,
    changed: Uint8Array,
    { area, durationMs }: Waiting,
    clears: boolean,
  ): Generator<Uint8Array, void, undefined> {
    const isFull = isPainted(words, width, area);
    const pixels: FramePixels = { rect: area, canvasWidth: width, words, changed, isFull };
    let frames = indexExactly(pixels, shared, room);
    let error = 0;
    if (frames.length === 0) {
      const nearly = indexNearly(pixels, shared, options, room, workspace);
      frames = [nearly];
      error = nearly.error;
    }
    if (!shared) {
      const [{ palette, transparentIndex }] = frames as [IndexedFrame];
      shared = sharedPalette(
        (palette as Uint8Array).subarray(0, 3 * (transparentIndex ?? MAX_COLOURS)),
        error,
      );
      frames = frames.slice(0, 1).map((frame) => ({ ...frame, palette: null }));
    }
    if (isFirst) yield* writeFirst(shared);
    const { palette } = shared;
    const best = shortest(
      clears ? frames.map((frame) => withUnpainted(frame, shared)) : frames,
      palette,
    );
    const own = best.palette && inSrgb(best.palette);
    const { transparentIndex } = best;
    const delay = nextDelay(durationMs);
    const head = { rect: area, palette: own, transparentIndex, delay, clears };
    yield* encodeFrame(head, best.indices, palette);
  };
}

/**
 * With an index for pixels that are not painted, where there is room for one: some programs clear a
 * frame's area to a colour if it has none.
 */
function withUnpainted(frame: IndexedFrame, shared: SharedPalette | null): IndexedFrame {
  if (frame.transparentIndex !== null) return frame;
  const { palette } = frame;
  if (!palette) return { ...frame, transparentIndex: shared?.transparentIndex ?? null };
  if (palette.length === 3 * MAX_COLOURS) return frame;
  return {
    ...frame,
    palette: concat([palette, new Uint8Array(3)]),
    transparentIndex: palette.length / 3,
  };
}

function* encodeFrame(
  head: FrameHead,
  indices: Uint8Array,
  shared: Uint8Array,
): Generator<Uint8Array, void, undefined> {
  const bits = paletteBits(head.palette ?? shared);
  yield writeFrameHead(head, bits);
  const lzw = new LzwEncoder(bits);
  yield* lzw.add(indices);
  yield lzw.finish();
}

function shortest(frames: readonly IndexedFrame[], shared: Uint8Array): IndexedFrame {
  const [first, ...others] = frames as [IndexedFrame, ...IndexedFrame[]];
  if (others.length === 0) return first;
  const lengths = frames.map((frame) => lengthOf(frame, shared));
  return frames[lengths.indexOf(Math.min(...lengths))] ?? first;
}

function lengthOf({ palette, indices }: IndexedFrame, shared: Uint8Array): number {
  const bits = paletteBits(palette ?? shared);
  const lzw = new LzwEncoder(bits);
  let bytes = palette ? 3 * 2 ** bits : 0;
  for (const part of lzw.add(indices)) bytes += part.length;
  return bytes + lzw.finish().length;
}

function isPainted(
  words: Uint32Array,
  canvasWidth: number,
  { x, y, width, height }: Rect,
): boolean {
  for (let row = y; row < y + height; row++) {
    const start = row * canvasWidth + x;
    if (words.subarray(start, start + width).includes(0)) return false;
  }
  return true;
}

/** Delays in hundredths of a second whose sum stays with that of the durations. */
function createClock(): (durationMs: number) => number {
  let ahead = 0;
  return (durationMs) => {
    const exact = durationMs / 10 - ahead;
    const delay = Math.max(SHORTEST_DELAY, Math.min(LONGEST_DELAY, Math.round(exact)));
    ahead = delay - exact;
    return delay;
  };
}
