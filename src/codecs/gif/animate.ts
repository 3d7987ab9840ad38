/** A GIF's frames on their canvas. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Frame as Shown } from "../../pipeline/picture.ts";
import { canvasBytes, clip, compose, type Canvas } from "../animation/canvas.ts";
import { readBlocks, type BlockReader, type Frame } from "./blocks.ts";
import {
  indicesMemory,
  interlacedOrder,
  openIndices,
  WINDOW_BYTES,
  windowsMemory,
} from "./decode.ts";
import type { GifHeader } from "./header.ts";

/** Upper bound, in bytes. */
export const animationMemory = (source: ByteSource, header: GifHeader): number =>
  canvasBytes(header, header.restoredPixels) +
  indicesMemory(header.largestFrame) +
  windowsMemory(source);

/** @throws AppError invalid_image, truncated_image */
export async function* playFrames(
  source: ByteSource,
  { width, height, icc, restoredPixels }: GifHeader,
  workspace: Workspace,
): AsyncGenerator<Shown, void, undefined> {
  const reader = await readBlocks(source, WINDOW_BYTES);
  yield* compose(
    {
      size: { width, height },
      icc,
      restoredPixels,
      patches: listFrames(reader),
      paint: (frame, canvas) => paint(reader, frame, canvas, workspace),
    },
    workspace,
  );
}

async function* listFrames(reader: BlockReader): AsyncGenerator<Frame, void, undefined> {
  for (let frame = await reader.next(); frame; frame = await reader.next()) yield frame;
}

async function paint(
  { cursor }: BlockReader,
  frame: Frame,
  canvas: Canvas,
  workspace: Workspace,
): Promise<void> {
  const { rect, interlaced } = frame;
  const visible = clip(rect, canvas);
  const order = interlaced ? interlacedOrder(rect.height) : null;
  const colours = toWords(frame);
  const indices = await openIndices(cursor, frame, workspace);
  for (let done = 0; done < rect.height; done += STRIP_ROWS) {
    const count = Math.min(STRIP_ROWS, rect.height - done);
    const rows = await indices.rows(count);
    for (let i = 0; i < count; i++) {
      const row = order ? (order[done + i] as number) : done + i;
      if (row >= visible.height) continue;
      const from = i * rect.width;
      const to = (rect.y + row) * canvas.width + rect.x;
      paintRow(rows.subarray(from, from + visible.width), colours, canvas.words, to);
    }
  }
  await indices.end();
}

/** Each index as a pixel; 0, which no opaque colour is, is not painted. */
function toWords({ palette, transparentIndex }: Frame): Uint32Array {
  const colours = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) {
    if (i === transparentIndex) continue;
    colours.set(palette.subarray(i * 3, i * 3 + 3), i * 4);
    colours[i * 4 + 3] = 255;
  }
  return new Uint32Array(colours.buffer);
}

function paintRow(indices: Uint8Array, colours: Uint32Array, words: Uint32Array, at: number): void {
  for (let i = 0; i < indices.length; i++) {
    const colour = colours[indices[i] as number] as number;
    if (colour !== 0) words[at + i] = colour;
  }
}
