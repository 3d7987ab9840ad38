/** Rows of one zlib stream: inflate → undo filters → expand, so many at a time as are asked for. */
import type { Engine } from "../../kernels/engine.ts";
import { kernelBufferBytes } from "../../kernels/png-filter.ts";
import { inflate, type ZlibFailures } from "../zlib-stream.ts";
import { damaged, truncated } from "./chunks.ts";
import type { PngHeader } from "./header.ts";
import type { Layout } from "./layout.ts";

const TABLE_BYTES = 1024;
const KEY_BYTES = 16;

const FAILURES: ZlibFailures = { damaged: (cause) => damaged(undefined, cause), truncated };

/** Buffers of the arena, in bytes. */
function bufferSizes(header: PngHeader, layout: Layout, rows: number) {
  return {
    /** As inflated, each row behind its filter byte. */
    filtered: rows * (layout.rowBytes + 1),
    /** Filters undone; first the row above the strip. */
    packed: (rows + 1) * layout.rowBytes,
    /** Only where samples are not delivered as they are. */
    expanded: isDeliveredAsStored(header, layout) ? 0 : rows * header.width * layout.channels,
    table: TABLE_BYTES,
    key: KEY_BYTES,
  };
}

function isDeliveredAsStored(header: PngHeader, layout: Layout): boolean {
  return header.depth === 8 && layout.channels === layout.samples && !layout.table;
}

/** What a reader of up to `rows` rows at a time takes of the engine. */
export function rowReaderBytes(header: PngHeader, layout: Layout, rows: number): number {
  return Object.values(bufferSizes(header, layout, rows)).reduce(
    (sum, bytes) => sum + kernelBufferBytes(bytes),
    0,
  );
}

/** Where in the stream the rows begin, and whether all behind them is read, for its checksums. */
export interface Extent {
  start: number;
  readsToEnd: boolean;
}

/**
 * @param header of the picture, or of what the stream's part holds of it: its width and height count
 * @param data of the IDAT chunks
 * @param mostRows that are read at a time
 */
export function openRows(
  engine: Engine,
  header: PngHeader,
  layout: Layout,
  data: AsyncIterable<Uint8Array>,
  mostRows: number,
  { start, readsToEnd }: Extent,
) {
  const { height } = header;
  const { rowBytes, step } = layout;
  const sizes = bufferSizes(header, layout, mostRows);
  const allocate = (bytes: number): number => engine.allocate(kernelBufferBytes(bytes));
  const filtered = allocate(sizes.filtered);
  const packed = allocate(sizes.packed);
  const expand = prepareExpand(engine, header, layout, {
    source: packed + rowBytes,
    target: allocate(sizes.expanded),
    table: allocate(sizes.table),
    key: allocate(sizes.key),
  });
  const bytes = inflate(data, start + height * (rowBytes + 1), FAILURES);
  const { skip, fill } = createFiller(bytes, engine, filtered);
  let left = height;
  return {
    /** @returns where the next `rows` rows are until the next call */
    async read(rows: number): Promise<number> {
      if (left === height) await skip(start);
      await fill(rows * (rowBytes + 1));
      left -= rows;
      // The end's checksums are checked before its pixels are handed out.
      if (left === 0 && readsToEnd) await bytes.next();
      const bad = engine.exports.pngUnfilter(filtered, rows, rowBytes, step, packed + rowBytes);
      if (bad >= 0) throw damaged();
      engine.copy(packed + rows * rowBytes, packed, rowBytes);
      return expand(rows);
    },
    close: async (): Promise<void> => {
      await bytes.return();
    },
  };
}

/** Takes the next so many bytes: away, or to `target`. */
function createFiller(bytes: AsyncIterator<Uint8Array, void>, engine: Engine, target: number) {
  let rest = new Uint8Array(0) as Uint8Array;
  async function take(count: number, use: (part: Uint8Array, at: number) => void): Promise<void> {
    let taken = 0;
    while (taken < count) {
      if (rest.length === 0) {
        const { value } = await bytes.next();
        if (!value) throw truncated();
        rest = value;
      }
      const part = rest.subarray(0, count - taken);
      use(part, taken);
      rest = rest.subarray(part.length);
      taken += part.length;
    }
  }
  return {
    skip: (count: number) => take(count, () => undefined),
    fill: (count: number) =>
      take(count, (part, at) => engine.view(target + at, part.length).set(part)),
  };
}

interface ExpandPlaces {
  source: number;
  target: number;
  table: number;
  key: number;
}

/** @returns what expands the packed rows and says where they are then */
function prepareExpand(
  engine: Engine,
  header: PngHeader,
  layout: Layout,
  { source, target, table, key }: ExpandPlaces,
): (rows: number) => number {
  const { width, depth } = header;
  const { samples, channels } = layout;
  const { exports } = engine;
  if (layout.table) engine.view(table, TABLE_BYTES).set(layout.table);
  if (layout.key) engine.view(key, layout.key.length).set(layout.key);

  if (isDeliveredAsStored(header, layout)) return () => source;
  return (rows) => {
    const pixels = rows * width;
    if (samples === 1 && depth <= 8) {
      exports.pngExpandIndexed(source, rows, width, depth, table, channels, target);
    } else if (layout.key) {
      exports.pngExpandKeyed(source, pixels, samples, depth >> 3, key, table, target);
    } else if (samples === 2) {
      if (depth === 16) exports.pngReduce16(source, pixels * 2, source);
      exports.pngExpandGrayAlpha(source, pixels, table, target);
    } else {
      exports.pngReduce16(source, pixels * samples, target);
    }
    return target;
  };
}
