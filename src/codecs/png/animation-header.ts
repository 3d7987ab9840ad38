/** What an animated PNG says of its frames (PNG specification, third edition, clauses 11.3.6 and 13.13). */
import { MAX_FRAMES } from "../../limits.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Disposal, Patch } from "../animation/canvas.ts";
import {
  CHUNK_FRAME_BYTES,
  CHUNK_HEAD_BYTES,
  damaged,
  readType,
  readUint32,
  SIGNATURE,
  truncated,
  type ImageData,
} from "./chunks.ts";

export interface PngFrame extends Patch {
  /** Whether its pixels lie over what is there, or take its place. */
  blends: boolean;
  imageData: ImageData;
  /** Where what follows its chunks starts. */
  end: number;
}

/** The frames of an animation. */
export interface Movie extends Size {
  frames: PngFrame[];
  /** May be more than are listed: too many to be used. */
  count: number;
}

/** Chunks follow each other closely: each time is a request to the store. */
const WINDOW_BYTES = 256 * 1024;
const CONTROL_BYTES = 26;
/** What a denominator of 0 means. */
const HUNDREDTHS = 100;

const DISPOSALS: readonly Disposal[] = ["keep", "clear", "restore"];

/**
 * Walks all chunks, so that a file that ends too early is known before a pixel is decoded.
 * @throws AppError invalid_image, truncated_image
 */
export async function readMovie(source: ByteSource, canvas: Size): Promise<Movie> {
  const read = createWindow(source, WINDOW_BYTES);
  const frames: PngFrame[] = [];
  let count = 0;
  let control: Omit<PngFrame, "imageData" | "end"> | null = null;
  for (let offset = SIGNATURE.length; ;) {
    const head = await read(offset, CHUNK_HEAD_BYTES);
    if (head.length < CHUNK_HEAD_BYTES) throw truncated();
    const type = readType(head, 4);
    const end = offset + CHUNK_FRAME_BYTES + readUint32(head, 0);
    if (end > source.size) throw truncated();
    if (type === "IEND") return { width: canvas.width, height: canvas.height, frames, count };
    if (type === "fcTL") {
      const data = await read(offset + CHUNK_HEAD_BYTES, CONTROL_BYTES);
      if (end - offset !== CHUNK_FRAME_BYTES + CONTROL_BYTES) throw damaged();
      control = parseControl(data, canvas, count === 0);
    } else if (type === "IDAT" || type === "fdAT") {
      // A picture in front of the frames is none of them.
      if (control) {
        if (count++ < MAX_FRAMES) frames.push({ ...control, imageData: { offset, type }, end });
        control = null;
      } else {
        const last = frames.at(-1);
        if (last && last.imageData.type === type && last.end === offset) last.end = end;
      }
    }
    offset = end;
  }
}

function parseControl(
  data: Uint8Array,
  canvas: Size,
  isFirst: boolean,
): Omit<PngFrame, "imageData" | "end"> {
  const [width = 0, height = 0, x = 0, y = 0] = [4, 8, 12, 16].map((at) => readUint32(data, at));
  if (width === 0 || height === 0) throw damaged("The PNG's frame has no pixels.");
  if (x + width > canvas.width || y + height > canvas.height) {
    throw damaged("The PNG's frame is not within its picture.");
  }
  const view = new DataView(data.buffer, data.byteOffset);
  const durationMs = (1000 * view.getUint16(20)) / (view.getUint16(22) || HUNDREDTHS);
  const disposal = DISPOSALS[data[24] ?? 0] ?? "keep";
  return {
    rect: { x, y, width, height },
    durationMs,
    // Before the first there is nothing.
    disposal: isFirst && disposal === "restore" ? "clear" : disposal,
    blends: data[25] === 1,
  };
}
