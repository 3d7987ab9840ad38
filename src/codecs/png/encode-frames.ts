/**
 * Animated PNGs: of each frame the rectangle that has changed. All frames have one kind of pixels:
 * indices where the colours are known beforehand to be few enough, else RGB or RGBA.
 */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture } from "../../pipeline/picture.ts";
import {
  findHiddenPixels,
  readRect,
  showFrames,
  shownFramesBytes,
  type Hiding,
  type ShownFrame,
} from "../animation/shown-frames.ts";
import type { AnimationInfo, EncodeOptions, MovingPicture } from "../codec.ts";
import { concat } from "../concat.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import { writeChunk } from "./chunks.ts";
import { deflateRows } from "./deflate-rows.ts";
import { createChunker, truecolourMemory } from "./encode.ts";
import { packIndices, type Palette } from "./indexed.ts";
import { writeHead } from "./write-head.ts";

/** Milliseconds are thousandths of a second; longer delays than fit are cut. */
const DELAY_UNITS = 1000;
const MAX_DELAY = 0xffff;

/** Upper bound, in bytes. */
export function framesMemory(animation: AnimationInfo, options: EncodeOptions): number {
  const { width, height } = animation;
  const truecolour = truecolourMemory({ ...animation, channels: 4 }, options);
  return shownFramesBytes(animation) + truecolour + width * height + STRIPS * width * 4;
}

/** Rows of a strip, once as pixels and once as packed indices. */
const STRIPS = 32;

export async function* encodeFrames(
  animation: MovingPicture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { frames, plays, channels, colours } = animation;
  const indexed = colours && createIndex(colours);
  const pixels = channels === 4 ? 4 : 3;
  yield writeHead(animation, options.metadata, indexed?.palette ?? null);
  yield writeChunk("acTL", concat([uint32(frames), uint32(plays)]));
  const sequence = createSequence();
  for await (const frame of showFrames(animation, animation.pictures, 1, workspace)) {
    const hiding = frame.isFirst || pixels === 3 ? null : findHiddenPixels(frame);
    yield writeChunk("fcTL", concat([sequence.next(), describe(frame, hiding)]));
    const picture = indexed
      ? indexed.read(frame, hiding, workspace)
      : { ...sized(frame, pixels), strips: readRect(frame, pixels, hiding, workspace) };
    const kind = indexed ? "indices" : "samples";
    const data = createChunker((bytes) =>
      frame.isFirst
        ? writeChunk("IDAT", bytes)
        : writeChunk("fdAT", concat([sequence.next(), bytes])),
    );
    for await (const part of deflateRows(picture, options.effort, kind, workspace)) {
      yield* data.add(part);
    }
    yield* data.finish();
  }
  yield writeChunk("IEND", new Uint8Array(0));
}

const uint32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

/** Control chunks and those with pixels are counted together. */
function createSequence() {
  let number = 0;
  return { next: () => uint32(number++) };
}

const sized = ({ rect }: ShownFrame, channels: 3 | 4) =>
  ({ width: rect.width, height: rect.height, channels, icc: null }) as const;

/** All of a control chunk but its number; the frame stays when the next one comes. */
function describe({ rect, durationMs }: ShownFrame, hiding: Hiding | null): Uint8Array {
  const data = new Uint8Array(22);
  const view = new DataView(data.buffer);
  [rect.width, rect.height, rect.x, rect.y].forEach((value, i) => view.setUint32(4 * i, value));
  // In units of a thousandth while they fit, then of a hundredth or a tenth.
  const units =
    [DELAY_UNITS, 100, 10].find((unit) => (durationMs * unit) / 1000 <= MAX_DELAY) ?? 10;
  view.setUint16(16, Math.min(MAX_DELAY, Math.round((durationMs * units) / 1000)));
  view.setUint16(18, units);
  data[21] = hiding ? 1 : 0;
  return data;
}

/** Null where there is no entry left for what is transparent. */
function createIndex(colours: Uint8Array) {
  if (colours.length >= 3 * MAX_COLOURS) return null;
  const set = new ColourSet();
  set.addAll(colours);
  const transparent = set.size;
  const count = transparent + 1;
  const alphas = new Uint8Array(count).fill(255);
  alphas[transparent] = 0;
  const palette: Palette = {
    colours: concat([set.colours, new Uint8Array(3)]),
    alphas,
    depth: count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8,
    keepsProfile: true,
  };

  function read(frame: ShownFrame, hiding: Hiding | null, workspace: Workspace): Picture {
    const { rect, before, after } = frame;
    const indices = workspace.allocate(rect.width * rect.height);
    let to = 0;
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      const start = y * after.width + rect.x;
      for (let at = start; at < start + rect.width; at++, to++) {
        const word = after.words[at] as number;
        const isLeft = word === 0 || (hiding !== null && word === before.words[at]);
        indices[to] = isLeft ? transparent : set.add(toColour(word));
      }
    }
    return packIndices(sized(frame, 3), { palette, indices });
  }

  return { palette, read };
}

/** A word of RGBA as (red << 16) | (green << 8) | blue. */
const toColour = (word: number): number =>
  ((word & 255) << 16) | (word & 0xff00) | ((word >> 16) & 255);
