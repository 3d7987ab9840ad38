/** A file's blocks of samples: lines, or tiles of which those of full size come first. */
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Rect } from "../../pipeline/geometry.ts";
import { damaged, truncated } from "./failures.ts";
import type { ExrHeader } from "./header.ts";
import { sampleBytes } from "./layout.ts";

const OFFSET_BYTES = 8;
const WINDOW_BYTES = 64 * 1024;
/** Rows of blocks are read together until they have as many lines as a strip should. */
const GROUP_LINES = 16;

/** How the blocks lie. */
export interface BlockGrid {
  columns: number;
  rows: number;
  /** Of one. */
  width: number;
  height: number;
  /** Rows that are read together. */
  group: number;
}

export function gridOf({ data, tiles, compression }: ExrHeader): BlockGrid {
  const [width, height] = [data.right - data.left + 1, data.bottom - data.top + 1];
  const size = tiles ?? { width, height: compression.lines };
  return {
    columns: Math.ceil(width / size.width),
    rows: Math.ceil(height / size.height),
    width: Math.min(width, size.width),
    height: Math.min(height, size.height),
    group: tiles ? 1 : Math.ceil(GROUP_LINES / size.height),
  };
}

/** The most that a block of `pixels` pixels takes when it is not compressed. */
export const blockBytes = ({ channels }: ExrHeader, pixels: number): number =>
  pixels * channels.reduce((sum, channel) => sum + sampleBytes(channel), 0);

const headBytes = ({ tiles, isMultipart }: ExrHeader): number =>
  (isMultipart ? 4 : 0) + (tiles ? 20 : 8);

/** Upper bound of what `createBlockReader` holds, in bytes. */
export function readerBytes(header: ExrHeader): number {
  const { width, height, group, columns } = gridOf(header);
  const read = group * (blockBytes(header, width * height) + headBytes(header));
  return 2 * (2 * read + columns * OFFSET_BYTES) + 2 * WINDOW_BYTES;
}

export interface Block {
  /** In the coordinates of the windows. */
  area: Rect;
  coded: Uint8Array;
}

/** @returns the blocks of a row, or of the rows that are read together from there on */
export type ReadBlocks = (row: number) => AsyncGenerator<Block, void, undefined>;

/** @throws AppError invalid_image, truncated_image */
export function createBlockReader(source: ByteSource, header: ExrHeader): ReadBlocks {
  const grid = gridOf(header);
  const readTable = createWindow(source, WINDOW_BYTES);
  const head = headBytes(header);
  const most = head + blockBytes(header, grid.width * grid.height);

  async function readOffsets(row: number, rows: number): Promise<number[]> {
    const count = rows * grid.columns;
    const at = header.tableOffset + row * grid.columns * OFFSET_BYTES;
    const bytes = await readTable(at, count * OFFSET_BYTES);
    if (bytes.length < count * OFFSET_BYTES) throw truncated();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: count }, (_, i) => {
      const offset = Number(view.getBigUint64(i * OFFSET_BYTES, true));
      // A file that was not finished has none.
      if (offset === 0 || offset > source.size) throw truncated();
      return offset;
    });
  }

  return async function* readBlocks(row) {
    const rows = Math.min(grid.group, grid.rows - row);
    const offsets = await readOffsets(row, rows);
    const start = Math.min(...offsets);
    const span = Math.max(...offsets) + most - start;
    const together = rows > 1 && span <= 2 * rows * most ? await source.read(start, span) : null;
    for (const [i, offset] of offsets.entries()) {
      const bytes = together?.subarray(offset - start) ?? (await source.read(offset, most));
      const place = { column: i % grid.columns, row: row + Math.floor(i / grid.columns) };
      yield { area: areaOf(header, grid, place), coded: codedPart(bytes, header, grid, place) };
    }
  };
}

interface Place {
  column: number;
  row: number;
}

function areaOf({ data }: ExrHeader, { width, height }: BlockGrid, { column, row }: Place): Rect {
  const [x, y] = [data.left + column * width, data.top + row * height];
  return {
    ...{ x, y },
    width: Math.min(width, data.right + 1 - x),
    height: Math.min(height, data.bottom + 1 - y),
  };
}

/** What is behind a block's head, which must be of this block. */
function codedPart(
  bytes: Uint8Array,
  header: ExrHeader,
  grid: BlockGrid,
  place: Place,
): Uint8Array {
  const head = headBytes(header);
  if (bytes.length < head) throw truncated();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = [
    ...(header.isMultipart ? [0] : []),
    ...(header.tiles
      ? [place.column, place.row, 0, 0]
      : [header.data.top + place.row * grid.height]),
  ];
  if (wanted.some((value, i) => view.getInt32(i * 4, true) !== value)) throw damaged();
  const length = view.getInt32(head - 4, true);
  if (length < 0) throw damaged();
  if (head + length > bytes.length) {
    throw length > blockBytes(header, grid.width * grid.height) ? damaged() : truncated();
  }
  return bytes.subarray(head, head + length);
}
