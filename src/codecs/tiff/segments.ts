/** Rows out of strips and tiles. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { SegmentLayout } from "./header.ts";
import { addDifferences, packedRowBytes } from "./samples.ts";
import { createOpener, segmentBytesMemory, type Opened, type Opener } from "./segment-bytes.ts";
import { countPlanes, describePacking, rowsOf, type SegmentTable } from "./segment-table.ts";

/** A tile as wide as the picture is a strip, however high. */
const isInColumns = ({ segments, width }: SegmentLayout): boolean =>
  segments.isTiled && segments.width !== width;

/** Buffers for tiles: one tile, and a row of them. */
function tileBuffers(header: SegmentLayout) {
  const { segments, width, height } = header;
  const packing = describePacking(header);
  const rows = Math.min(segments.height, height);
  return {
    tile: rows * packedRowBytes(segments.width, packing),
    band: rows * packedRowBytes(width, packing),
  };
}

/** Upper bound of what the rows' readers hold, in bytes. */
export function segmentMemory(header: SegmentLayout): number {
  const { tile, band } = tileBuffers(header);
  const tiles = isInColumns(header) ? countPlanes(header) * (tile + band) : 0;
  const table = header.segments.count * 8;
  return table + tiles + segmentBytesMemory(header);
}

/** Reads a plane's rows from top to bottom, packed, with differences undone. */
export interface RowReader {
  /** Fills `target` with the next rows. */
  read(target: Uint8Array): Promise<void>;
  /** Goes on with the first row of a strip, or of a row of tiles. */
  seek(segmentRow: number): Promise<void>;
  /** Frees what a strip that was not read to its end holds. */
  close(): Promise<void>;
}

/** @param plane 0 where all samples are in one */
export function createRowReader(
  source: ByteSource,
  header: SegmentLayout,
  table: SegmentTable,
  plane: number,
  workspace: Workspace,
): RowReader {
  const { segments } = header;
  const first = plane * segments.columns * segments.rows;
  const open = createOpener(source, header, table, workspace);
  return isInColumns(header)
    ? createTileReader(header, open, first, workspace)
    : createStripReader(header, open, first);
}

function createStripReader(header: SegmentLayout, open: Opener, first: number): RowReader {
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
    async seek(segmentRow) {
      await strip?.close();
      strip = undefined;
      index = first + segmentRow;
    },
    close: async () => await strip?.close(),
  };
}

function createTileReader(
  header: SegmentLayout,
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
    seek(segmentRow) {
      index = first + segmentRow * segments.columns;
      ready = ready.subarray(ready.length);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
