/** Rows out of strips and tiles. */
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { readIntegers } from "./directory.ts";
import { createExpand, expandBytes, type FaxRows } from "./expand.ts";
import { damaged, truncated } from "./failures.ts";
import type { TiffHeader } from "./header.ts";
import { createPartReader, jpegPartsBytes, type JpegParts } from "./jpeg-parts.ts";
import { addDifferences, packedRowBytes, type Packing } from "./samples.ts";
import { COMPRESSION } from "./tags.ts";

/** What is read of the file at a time, for all planes together. */
const WINDOW_BYTES = MIB;
/** How much larger than the file its strips may be together: some writers share equal tiles. */
const MAX_OVERLAP = 4;

export function describePacking({ bits, samples, planar, directory }: TiffHeader): Packing {
  return { bits, samples: planar ? 1 : samples, littleEndian: directory.littleEndian };
}

export const countPlanes = ({ planar, samples }: TiffHeader): number => (planar ? samples : 1);

/** Buffers for tiles: one tile, and a row of them. */
function tileBuffers(header: TiffHeader) {
  const { segments, width, height } = header;
  const packing = describePacking(header);
  const rows = Math.min(segments.height, height);
  return {
    tile: rows * packedRowBytes(segments.width, packing),
    band: rows * packedRowBytes(width, packing),
  };
}

const faxRows = ({ segments, isTwoDimensional }: TiffHeader): FaxRows => ({
  width: segments.width,
  isTwoDimensional,
});

/** Upper bound of what the rows' readers hold, in bytes. */
export function segmentMemory(header: TiffHeader): number {
  const planes = countPlanes(header);
  const { tile, band } = tileBuffers(header);
  const tiles = header.segments.isTiled ? tile + band : 0;
  const table = header.segments.count * 8;
  if (header.jpeg) return table + tiles + jpegPartsBytes(header.jpeg);
  const expand = expandBytes(header.compression, faxRows(header));
  // The window before may not be collected yet.
  const windows = (header.isBitReversed ? 3 : 2) * WINDOW_BYTES;
  return table + windows + planes * (expand + tiles);
}

/** Where strips or tiles are, and how long. */
export interface SegmentTable {
  offsets: Uint32Array;
  byteCounts: Uint32Array;
}

/** @throws AppError invalid_image, truncated_image, before anything is decoded */
export async function readTable(
  source: ByteSource,
  header: TiffHeader,
  workspace: Workspace,
): Promise<SegmentTable> {
  const { directory, segments, compression } = header;
  const { count } = segments;
  const allocate = () => new Uint32Array(workspace.allocate(count * 4).buffer);
  const [offsets, byteCounts] = [allocate(), allocate()];
  await readIntegers(source, directory, segments.offsets, offsets);
  if (segments.byteCounts) {
    await readIntegers(source, directory, segments.byteCounts, byteCounts);
  } else if (compression === COMPRESSION.none) {
    byteCounts.forEach((_, index) => (byteCounts[index] = rawBytes(header, index)));
  } else if (count === 1) {
    byteCounts[0] = source.size - (offsets[0] ?? 0);
  } else {
    throw damaged();
  }
  let total = 0;
  for (let index = 0; index < count; index++) {
    const bytes = byteCounts[index] ?? 0;
    if (bytes === 0) throw damaged();
    if ((offsets[index] ?? 0) + bytes > source.size) throw truncated();
    total += bytes;
  }
  if (total > source.size * MAX_OVERLAP) throw damaged("The TIFF's strips overlap.");
  return { offsets, byteCounts };
}

/** Rows that a strip or tile has in the picture. */
function rowsOf({ segments, height }: TiffHeader, index: number): number {
  const row = Math.floor(index / segments.columns) % segments.rows;
  return Math.min(segments.height, height - row * segments.height);
}

function rawBytes(header: TiffHeader, index: number): number {
  const { segments } = header;
  // A tile is stored whole, also where the picture ends before it does.
  const rows = segments.isTiled ? segments.height : rowsOf(header, index);
  return rows * packedRowBytes(segments.width, describePacking(header));
}

/** Reads a plane's rows from top to bottom, packed, with differences undone. */
export interface RowReader {
  /** Fills `target` with the next rows. */
  read(target: Uint8Array): Promise<void>;
  /** Frees what a strip that was not read to its end holds. */
  close(): Promise<void>;
}

/** @param plane 0 where all samples are in one */
export function createRowReader(
  source: ByteSource,
  header: TiffHeader,
  table: SegmentTable,
  plane: number,
  workspace: Workspace,
): RowReader {
  const { segments } = header;
  const first = plane * segments.columns * segments.rows;
  const open = createOpener(source, header, table, workspace);
  return segments.isTiled
    ? createTileReader(header, open, first, workspace)
    : createStripReader(header, open, first);
}

/** A strip or tile whose raw bytes are read in pieces of any length. */
interface Opened {
  fill(target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

type Opener = (index: number, wantedBytes: number) => Opened;

/** Gives the raw bytes of a strip or tile, at least the wanted ones. */
type Expanded = (index: number, wantedBytes: number) => AsyncGenerator<Uint8Array, void, undefined>;

function createOpener(
  source: ByteSource,
  header: TiffHeader,
  table: SegmentTable,
  workspace: Workspace,
): Opener {
  const expand = header.jpeg
    ? expandJpegs(source, header, header.jpeg, table, workspace)
    : expandOthers(source, header, table);
  return (index, wantedBytes) => {
    const bytes = expand(index, wantedBytes);
    let rest = new Uint8Array(0) as Uint8Array;
    return {
      async fill(target) {
        for (let filled = 0; filled < target.length;) {
          if (rest.length === 0) {
            const { value } = await bytes.next();
            if (!value) throw damaged();
            rest = value;
          }
          const part = rest.subarray(0, target.length - filled);
          target.set(part, filled);
          filled += part.length;
          rest = rest.subarray(part.length);
        }
      },
      close: async () => void (await bytes.return()),
    };
  };
}

function expandJpegs(
  source: ByteSource,
  { segments, samples, warnings }: TiffHeader,
  parts: JpegParts,
  { offsets, byteCounts }: SegmentTable,
  workspace: Workspace,
): Expanded {
  const size = { width: segments.width, samples };
  const read = createPartReader(source, parts, size, workspace, warnings);
  return (index) => read(offsets[index] ?? 0, byteCounts[index] ?? 0);
}

function expandOthers(source: ByteSource, header: TiffHeader, table: SegmentTable): Expanded {
  const windowBytes = Math.floor(WINDOW_BYTES / countPlanes(header));
  const read = createWindow(source, windowBytes);
  const expand = createExpand(header.compression, faxRows(header));

  async function* portions(index: number): AsyncGenerator<Uint8Array, void, undefined> {
    const offset = table.offsets[index] ?? 0;
    const count = table.byteCounts[index] ?? 0;
    for (let at = 0; at < count; at += windowBytes) {
      const wanted = Math.min(windowBytes, count - at);
      const portion = await read(offset + at, wanted);
      if (portion.length < wanted) throw truncated();
      yield header.isBitReversed ? portion.map(reverseBits) : portion;
    }
  }

  return (index, wantedBytes) => expand(portions(index), wantedBytes);
}

const reverseBits = (byte: number): number => REVERSED[byte] as number;

/** Bytes with their lowest bit first. */
const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) =>
  [0, 1, 2, 3, 4, 5, 6, 7].reduce(
    (reversed, bit) => reversed | (((byte >> bit) & 1) << (7 - bit)),
    0,
  ),
);

function createStripReader(header: TiffHeader, open: Opener, first: number): RowReader {
  const packing = describePacking(header);
  const rowBytes = packedRowBytes(header.width, packing);
  let index = first;
  let strip: Opened | undefined;
  let left = 0;
  return {
    async read(target) {
      for (let filled = 0; filled < target.length;) {
        if (!strip) {
          left = rowsOf(header, index) * rowBytes;
          strip = open(index, left);
        }
        const part = target.subarray(filled, filled + left);
        await strip.fill(part);
        if (header.predicted) addDifferences(part, rowBytes, packing);
        filled += part.length;
        left -= part.length;
        if (left > 0) continue;
        await strip.close();
        strip = undefined;
        index++;
      }
    },
    close: async () => await strip?.close(),
  };
}

function createTileReader(
  header: TiffHeader,
  open: Opener,
  first: number,
  workspace: Workspace,
): RowReader {
  const { segments, width, predicted } = header;
  const packing = describePacking(header);
  const rowBytes = packedRowBytes(width, packing);
  const tileRowBytes = packedRowBytes(segments.width, packing);
  const sizes = tileBuffers(header);
  const tile = workspace.allocate(sizes.tile);
  const band = workspace.allocate(sizes.band);
  let index = first;
  let ready = new Uint8Array(0) as Uint8Array;

  /** Decodes the next row of tiles into the band. */
  async function fillBand(): Promise<void> {
    const rows = rowsOf(header, index);
    const wanted = tile.subarray(0, rows * tileRowBytes);
    for (let column = 0; column < segments.columns; column++, index++) {
      const opened = open(index, wanted.length);
      try {
        await opened.fill(wanted);
      } finally {
        await opened.close();
      }
      if (predicted) addDifferences(wanted, tileRowBytes, packing);
      const left = column * tileRowBytes;
      const kept = Math.min(tileRowBytes, rowBytes - left);
      for (let y = 0; y < rows; y++) {
        const from = y * tileRowBytes;
        band.set(wanted.subarray(from, from + kept), y * rowBytes + left);
      }
    }
    ready = band.subarray(0, rows * rowBytes);
  }

  return {
    async read(target) {
      for (let filled = 0; filled < target.length;) {
        if (ready.length === 0) await fillBand();
        const part = ready.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        ready = ready.subarray(part.length);
      }
    },
    close: () => Promise.resolve(),
  };
}
