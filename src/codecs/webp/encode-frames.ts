/**
 * Strips to animated WebP: of each frame the rectangle that has changed. Blocks of it that have not
 * are left transparent, where that is enough of them to pay for the transparency.
 */
import { MIB } from "../../limits.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Picture, type PictureInfo } from "../../pipeline/picture.ts";
import { createHeldFile, heldBytes } from "../animation/held-file.ts";
import {
  isOpaque,
  readRect,
  showFrames,
  shownFramesBytes,
  type ShownFrame,
} from "../animation/shown-frames.ts";
import type { AnimationEncoder, AnimationInfo, EncodeOptions, MovingPicture } from "../codec.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import { surround, writeFrameHead } from "./container.ts";
import { planWhole } from "./effort.ts";
import { checkSize } from "./encoder.ts";
import { findHidden } from "./hidden-blocks.ts";
import { encodeImage, mostImageBytes, planLossy } from "./lossy-encoder.ts";
import { encodeParts } from "./whole.ts";

/** What the file may have at most: it begins with its size, so it is held. */
const MAX_FILE_BYTES = 32 * MIB;
/** Of a frame beside its picture: heads of chunks, padding, a first partition. */
const FRAME_BYTES = 1024;
/** Bytes a pixel of lossless noise. */
const LOSSLESS_NOISE_BYTES = 4.5;

export const webpAnimationEncoder: AnimationEncoder = {
  memory: framesMemory,
  encode: encodeFrames,
};

function fileLimit(animation: AnimationInfo, options: EncodeOptions): number {
  const { width, height, frames } = animation;
  const noise = options.lossless
    ? width * height * LOSSLESS_NOISE_BYTES
    : mostImageBytes({ ...animation, channels: 4 }, options);
  return Math.min(MAX_FILE_BYTES, Math.ceil(frames * (noise + FRAME_BYTES)));
}

/** Without loss drawings are smaller than with it: so few colours, or so many repeated pixels. */
const FEW_COLOURS = 64;
const PLAIN_SHARE = 0.6;
/** Of frames that are looked at for that: libwebp takes 29 bytes a pixel. */
const MAX_MIXED_PIXELS = 800_000;
/** Of frames for which it may try harder, which takes 30 MiB more. */
const MAX_THOROUGH_PIXELS = 300_000;

/** How frames are coded without loss: all, or drawings. */
function toLossless({ width, height }: Size, options: EncodeOptions): EncodeOptions {
  const isThorough = options.lossless && width * height <= MAX_THOROUGH_PIXELS;
  const effort = isThorough ? options.effort : "fast";
  return { ...options, lossless: true, effort, metadata: { icc: null, exif: null, xmp: null } };
}

const isMixed = ({ width, height }: Size): boolean => width * height <= MAX_MIXED_PIXELS;

/** Upper bound, in bytes. */
function framesMemory(animation: AnimationInfo, options: EncodeOptions): number {
  const frame: PictureInfo = { ...animation, channels: 4 };
  return (
    shownFramesBytes(animation) +
    STRIP_ROWS * animation.width * 4 +
    Math.ceil(animation.width / 16 + 1) * Math.ceil(animation.height / 16 + 1) +
    heldBytes(fileLimit(animation, options)) +
    (options.lossless ? 0 : planLossy(frame, options)) +
    (options.lossless || isMixed(frame)
      ? planWhole(frame, toLossless(frame, options)).memoryBytes
      : 0)
  );
}

/** @throws AppError too_many_pixels, memory_limit */
async function* encodeFrames(
  animation: MovingPicture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  checkSize(animation);
  const file = createHeldFile(fileLimit(animation, options), workspace);
  let alpha = false;
  for await (const frame of showFrames(animation, animation.pictures, 2, workspace)) {
    const { rect, durationMs } = frame;
    const lossless = options.lossless || (isMixed(animation) && isDrawing(frame));
    const hidden = frame.isFirst ? null : findHidden(frame, lossless);
    const channels = !hidden && isOpaque(frame.after, rect) ? 3 : 4;
    alpha ||= channels === 4;
    const { width, height } = rect;
    const strips = readRect(frame, channels, hidden, workspace);
    const picture: Picture = { width, height, channels, icc: null, strips };
    const image = lossless
      ? [(await encodeParts(picture, toLossless(animation, options), workspace)).image]
      : await encodeImage(picture, options, workspace);
    const imageBytes = image.reduce((sum, part) => sum + part.length, 0);
    file.add(writeFrameHead({ rect, durationMs, blends: hidden !== null }, imageBytes));
    for (const part of image) file.add(part);
  }
  const { plays, icc } = animation;
  const metadata = { ...options.metadata, icc: options.metadata.icc && icc };
  const { before, after } = surround(file.bytes, { ...animation, alpha, metadata, plays }, true);
  yield before;
  yield* file.parts();
  if (after.length > 0) yield after;
}

/** Whether the frame has colours for a palette, and a drawing's plain areas or very few of them. */
function isDrawing({ after, rect }: ShownFrame): boolean {
  const colours = new ColourSet();
  let repeats = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const start = y * after.width + rect.x;
    for (let at = start, last = -1; at < start + rect.width; at++) {
      const word = after.words[at] as number;
      if (word === last) repeats++;
      else if (colours.add(word) >= MAX_COLOURS) return false;
      last = word;
    }
  }
  return colours.size <= FEW_COLOURS || repeats >= PLAIN_SHARE * rect.width * rect.height;
}
