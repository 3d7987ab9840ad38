/** The first frame on its canvas: sub-blocks → LZW → indices → colours, a strip at a time. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Channels, type Strip } from "../../pipeline/picture.ts";
import { Cursor } from "./cursor.ts";
import { damaged } from "./failures.ts";
import type { Frame } from "./blocks.ts";
import type { GifHeader } from "./header.ts";
import { LONGEST_STRING, LZW_DECODER_BYTES, LzwDecoder } from "./lzw-decoder.ts";

export const WINDOW_BYTES = 1024 * 1024;

/** First row and distance of the rows in each pass (appendix E). */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

const stripIndices = ({ width, height }: Size): number =>
  Math.min(STRIP_ROWS, height) * width + LONGEST_STRING;

/** What is delivered: with alpha where the frame leaves any of the canvas unpainted. */
export function deliveredChannels({ width, height, frame, icc }: GifHeader): Channels {
  const covers = frame.rect.width === width && frame.rect.height === height;
  if (frame.transparentIndex !== null || !covers) return 4;
  return icc === null && isGray(frame.palette) ? 1 : 3;
}

function isGray(palette: Uint8Array): boolean {
  for (let i = 0; i < palette.length; i += 3) {
    if (palette[i] !== palette[i + 1] || palette[i] !== palette[i + 2]) return false;
  }
  return true;
}

/** Upper bound, in bytes; interlaced frames are kept as indices. */
export function decodeMemory(source: ByteSource, header: GifHeader): number {
  const { width, frame } = header;
  const strip = STRIP_ROWS * width * deliveredChannels(header);
  const { rect, interlaced } = frame;
  const whole = interlaced ? rect.width * rect.height : 0;
  return strip + whole + indicesMemory(rect) + windowsMemory(source);
}

/** What windows over the file hold: the one in use, and the one before it. */
export const windowsMemory = ({ size }: ByteSource): number => 2 * Math.min(WINDOW_BYTES, size);

/** What `openIndices` holds for a frame of the size. */
export const indicesMemory = (size: Size): number => stripIndices(size) + LZW_DECODER_BYTES;

/** @throws AppError invalid_image, truncated_image */
export async function* decodeStrips(
  source: ByteSource,
  header: GifHeader,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { width, height, frame } = header;
  const { rect } = frame;
  const channels = deliveredChannels(header);
  const buffer = workspace.allocate(Math.min(STRIP_ROWS, height) * width * channels);
  const paint = createPainter(header, channels, buffer);
  const cursor = new Cursor(source, header.dataOffset, WINDOW_BYTES);
  const indices = await openIndices(cursor, frame, workspace);
  const rowsOf = frame.interlaced ? await gather(indices, frame, workspace) : indices.rows;
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    const first = Math.max(y, rect.y);
    const count = Math.min(y + rows, rect.y + rect.height) - first;
    if (channels === 4) buffer.fill(0);
    if (count > 0) paint(await rowsOf(count), count, first - y);
    yield { y, rows, data: buffer.subarray(0, rows * width * channels) };
  }
}

type Rows = (count: number) => Promise<Uint8Array>;

export interface Indices {
  /** The frame's next rows in the file's order, STRIP_ROWS at most, valid until the next call. */
  rows: Rows;
  /** Skips what is left of the frame's data. */
  end(): Promise<void>;
}

/** @param cursor at the frame's image data */
export async function openIndices(
  cursor: Cursor,
  { rect }: Frame,
  workspace: Workspace,
): Promise<Indices> {
  const minimumBits = await cursor.takeByte();
  // The specification forbids 1, and decoders disagree on what it would mean.
  if (minimumBits < 2 || minimumBits > 8) throw damaged();
  const output = workspace.allocate(stripIndices(rect));
  const decoder = new LzwDecoder(minimumBits, output);
  /** Bytes of the sub-block that are not decoded yet. */
  let left = 0;
  let taken = 0;
  return {
    async rows(count) {
      const wanted = count * rect.width;
      decoder.shift(taken);
      taken = wanted;
      while (decoder.filled < wanted) {
        if (left === 0) {
          left = await cursor.takeByte();
          if (left === 0) throw damaged("The GIF's frame has fewer pixels than it says.");
          if (!cursor.has(left)) await cursor.load(left);
        }
        const stop = decoder.decode(cursor.bytes, cursor.at, cursor.at + left, wanted);
        left -= stop - cursor.at;
        cursor.at = stop;
        if (decoder.ended && decoder.filled < wanted) {
          throw damaged("The GIF's frame has fewer pixels than it says.");
        }
      }
      return output.subarray(0, wanted);
    },
    async end() {
      cursor.at += left;
      await cursor.skipSubBlocks();
    },
  };
}

/** The rows of an interlaced frame as they follow each other in the file. */
export const interlacedOrder = (height: number): number[] =>
  PASSES.flatMap(([first, step]) =>
    Array.from(
      { length: Math.max(0, Math.ceil((height - first) / step)) },
      (_, i) => first + i * step,
    ),
  );

/** An interlaced frame as a whole. */
async function gather(indices: Indices, { rect }: Frame, workspace: Workspace): Promise<Rows> {
  const { width, height } = rect;
  const whole = workspace.allocate(width * height);
  const order = interlacedOrder(height);
  for (let done = 0; done < height; done += STRIP_ROWS) {
    const count = Math.min(STRIP_ROWS, height - done);
    const rows = await indices.rows(count);
    for (let i = 0; i < count; i++) {
      whole.set(rows.subarray(i * width, (i + 1) * width), (order[done + i] as number) * width);
    }
  }
  let at = 0;
  return (count) => {
    at += count * width;
    return Promise.resolve(whole.subarray(at - count * width, at));
  };
}

/** Puts rows of indices into a strip. Indices behind the palette's end are black, as in PNG. */
function createPainter({ width, frame }: GifHeader, channels: Channels, strip: Uint8Array) {
  const { palette, transparentIndex, rect } = frame;
  const colours = new Uint8Array(256 * channels);
  for (let i = 0; i < 256; i++) {
    for (let c = 0; c < Math.min(channels, 3); c++) {
      colours[i * channels + c] = palette[i * 3 + c] ?? 0;
    }
    if (channels !== 4) continue;
    if (i === transparentIndex) colours.fill(0, i * 4, i * 4 + 4);
    else colours[i * 4 + 3] = 255;
  }
  /** @param top the strip's row that the first one belongs to */
  return (indices: Uint8Array, rows: number, top: number): void => {
    for (let row = 0, from = 0; row < rows; row++) {
      let to = ((top + row) * width + rect.x) * channels;
      for (const end = from + rect.width; from < end; from++) {
        const at = (indices[from] as number) * channels;
        strip[to++] = colours[at] as number;
        if (channels === 1) continue;
        strip[to++] = colours[at + 1] as number;
        strip[to++] = colours[at + 2] as number;
        if (channels === 4) strip[to++] = colours[at + 3] as number;
      }
    }
  };
}
