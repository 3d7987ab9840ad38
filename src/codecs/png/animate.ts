/** An animated PNG's frames on their canvas. */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { slice, withWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Animation, Frame } from "../../pipeline/picture.ts";
import { canvasBytes, compose, paintStrip, type Canvas } from "../animation/canvas.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import type { Movie, PngFrame } from "./animation-header.ts";
import { CHUNK_FRAME_BYTES } from "./chunks.ts";
import { decodeMemory, startDecode } from "./decode.ts";
import { COLOUR_TYPES, type PngHeader } from "./header.ts";
import { describeLayout } from "./layout.ts";
import { passesMemory, startPasses } from "./passes.ts";

/** Frames are small and follow each other: each time is a request to the store. */
const WINDOW_BYTES = 1024 * 1024;
/** Of a stream over the window. */
const STREAM_BYTES = 256 * 1024;

export function toAnimation(source: ByteSource, header: PngHeader, movie: Movie): Animation {
  const { frames } = movie;
  const largest = {
    ...header,
    width: Math.max(...frames.map(({ rect }) => rect.width)),
    height: Math.max(...frames.map(({ rect }) => rect.height)),
  };
  const decodes = header.interlaced ? passesMemory : decodeMemory;
  const restoredPixels = frames.reduce(
    (most, { rect, disposal }) =>
      disposal === "restore" ? Math.max(most, rect.width * rect.height) : most,
    0,
  );
  const bytes =
    canvasBytes(header, restoredPixels) +
    decodes(largest, describeLayout(largest)) +
    2 * Math.min(WINDOW_BYTES, source.size) +
    STREAM_BYTES;
  return {
    plays: header.plays,
    colours: coloursOf(header),
    memory: () => bytes,
    frames: (_plan, workspace) => playFrames(source, header, movie, restoredPixels, workspace),
  };
}

/** Those of the palette, and black for what is behind its end; null where any shows through. */
function coloursOf({ colourType, palette, transparency }: PngHeader): Uint8Array | null {
  if (colourType !== COLOUR_TYPES.palette) return null;
  const alphas = transparency ?? new Uint8Array(0);
  if (alphas.some((alpha) => alpha !== 0 && alpha !== 255)) return null;
  const colours = new ColourSet();
  if (palette.length < 3 * MAX_COLOURS) colours.add(0);
  colours.addAll(palette);
  return colours.size <= MAX_COLOURS ? colours.colours : null;
}

function playFrames(
  source: ByteSource,
  header: PngHeader,
  { width, height, frames }: Movie,
  restoredPixels: number,
  workspace: Workspace,
): AsyncGenerator<Frame, void, undefined> {
  const near = withWindow(source, WINDOW_BYTES);
  const { channels, icc } = describeLayout(header);
  // The canvas is of RGB, where a profile of gray means nothing.
  const toSrgb = channels === 1 && icc ? createGrayToSrgb(icc) : null;
  return compose(
    {
      size: { width, height },
      icc: channels === 1 ? null : icc,
      restoredPixels,
      patches: list(frames),
      paint: (frame, canvas) => paint(near, header, frame, canvas, toSrgb, workspace),
    },
    workspace,
  );
}

// Async only in form: the frames are known.
async function* list(frames: readonly PngFrame[]): AsyncGenerator<PngFrame> {
  yield* frames;
}

async function paint(
  source: ByteSource,
  whole: PngHeader,
  { rect, blends, imageData, end }: PngFrame,
  canvas: Canvas,
  toSrgb: Uint8Array | null,
  workspace: Workspace,
): Promise<void> {
  const { offset, type } = imageData;
  // With the head of the chunk behind, which ends it.
  const part = slice(source, offset, end + CHUNK_FRAME_BYTES - offset);
  const { width, height } = rect;
  const header: PngHeader = { ...whole, width, height, imageData: { offset: 0, type } };
  const layout = describeLayout(header);
  const start = header.interlaced ? startPasses : startDecode;
  for await (const strip of await start(part, header, layout, workspace)) {
    const data = toSrgb ? strip.data.map((gray) => toSrgb[gray] ?? gray) : strip.data;
    paintStrip(canvas, rect, { ...strip, data }, layout.channels, blends);
  }
}
