/** An animated WebP's frames on their canvas. */
import { slice, withWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Animation, Frame } from "../../pipeline/picture.ts";
import { canvasBytes, compose, paintStrip, type Canvas } from "../animation/canvas.ts";
import type { CodedPicture, Movie, WebpFrame } from "./header.ts";
import type { Place } from "./input.ts";
import { decodeLossless, planLossless } from "./lossless.ts";
import { decodeLossy, planLossy } from "./lossy.ts";

/** Frames are small and follow each other: each time is a request to the store. */
const WINDOW_BYTES = 1024 * 1024;
/** Of a stream over the window. */
const STREAM_BYTES = 256 * 1024;

/** Bytes that decoding the picture takes, an upper bound. */
export const planPicture = (image: CodedPicture): number =>
  "frame" in image ? planLossy(image) : planLossless(image);

export const channelsOf = (image: CodedPicture): 3 | 4 =>
  "frame" in image ? (image.alpha ? 4 : 3) : image.channels;

export const decodePicture = (bytes: ByteSource, image: CodedPicture, workspace: Workspace) =>
  "frame" in image ? decodeLossy(bytes, image, workspace) : decodeLossless(bytes, image, workspace);

export function toAnimation(bytes: ByteSource, movie: Movie, icc: Uint8Array | null): Animation {
  const windows = 2 * Math.min(WINDOW_BYTES, bytes.size) + STREAM_BYTES;
  const largest = movie.frames.reduce((most, { image }) => Math.max(most, planPicture(image)), 0);
  return {
    plays: movie.plays,
    colours: null,
    memory: () => canvasBytes(movie, 0) + largest + windows,
    frames: (_plan, workspace) => playFrames(bytes, movie, icc, workspace),
  };
}

function playFrames(
  bytes: ByteSource,
  { width, height, frames }: Movie,
  icc: Uint8Array | null,
  workspace: Workspace,
): AsyncGenerator<Frame, void, undefined> {
  const near = withWindow(bytes, WINDOW_BYTES);
  return compose(
    {
      size: { width, height },
      icc,
      restoredPixels: 0,
      patches: list(frames),
      paint: (frame, canvas) => paint(near, frame, canvas, workspace),
    },
    workspace,
  );
}

// Async only in form: the frames are known.
async function* list(frames: readonly WebpFrame[]): AsyncGenerator<WebpFrame> {
  yield* frames;
}

async function paint(
  bytes: ByteSource,
  { rect, image, blends }: WebpFrame,
  canvas: Canvas,
  workspace: Workspace,
): Promise<void> {
  const { part, place } = cutOut(bytes, image);
  const channels = channelsOf(image);
  for await (const strip of await decodePicture(part, place, workspace)) {
    paintStrip(canvas, rect, strip, channels, blends);
  }
}

/** The picture's own bytes: what reads on to the end of these does not read the whole file. */
function cutOut(bytes: ByteSource, image: CodedPicture): { part: ByteSource; place: CodedPicture } {
  const places: Place[] = "frame" in image ? [image.frame] : [image.place];
  if ("frame" in image && image.alpha) places.push(image.alpha);
  const start = Math.min(...places.map(({ offset }) => offset));
  const end = Math.max(...places.map((place) => place.end));
  const move = <P extends Place>(place: P): P => ({
    ...place,
    offset: place.offset - start,
    end: place.end - start,
  });
  const part = slice(bytes, start, end - start);
  if (!("frame" in image)) return { part, place: { ...image, place: move(image.place) } };
  const { frame, alpha } = image;
  return { part, place: { ...image, frame: move(frame), alpha: alpha && move(alpha) } };
}
