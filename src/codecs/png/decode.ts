/** Pixels of a PNG that is not interlaced: inflate → undo filters → expand, a strip at a time. */
import { ENGINE, ENGINE_BASE_BYTES, type Engine } from "../../kernels/engine.ts";
import { kernelBufferBytes } from "../../kernels/png-filter.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { damaged, readImageData, truncated } from "./chunks.ts";
import type { PngHeader } from "./header.ts";
import type { Layout } from "./layout.ts";
import { inflate, ZLIB_STREAM_BYTES, type ZlibFailures } from "../zlib-stream.ts";

const PAGE_BYTES = 64 * 1024;
/** The file's bytes on their way to zlib. */
const INPUT_BYTES = 256 * 1024;
const TABLE_BYTES = 1024;
const KEY_BYTES = 16;

const FAILURES: ZlibFailures = { damaged: (cause) => damaged(undefined, cause), truncated };

/** Buffers of the arena, in bytes. */
function bufferSizes(header: PngHeader, layout: Layout) {
  const rows = Math.min(STRIP_ROWS, header.height);
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

/** Upper bound, in bytes. */
export function decodeMemory(header: PngHeader, layout: Layout): number {
  const arena = Object.values(bufferSizes(header, layout)).reduce(
    (sum, bytes) => sum + kernelBufferBytes(bytes),
    0,
  );
  return ENGINE_BASE_BYTES + arena + PAGE_BYTES + ZLIB_STREAM_BYTES + INPUT_BYTES;
}

/** @throws AppError invalid_image, truncated_image */
export async function startDecode(
  source: ByteSource,
  header: PngHeader,
  layout: Layout,
  workspace: Workspace,
): Promise<AsyncIterable<Strip>> {
  const engine = await workspace.take(ENGINE);
  const sizes = bufferSizes(header, layout);
  const allocate = (bytes: number): number => engine.allocate(kernelBufferBytes(bytes));
  const filtered = allocate(sizes.filtered);
  const packed = allocate(sizes.packed);
  const expand = prepareExpand(engine, header, layout, {
    source: packed + layout.rowBytes,
    target: allocate(sizes.expanded),
    table: allocate(sizes.table),
    key: allocate(sizes.key),
  });
  return decodeStrips(source, header, layout, engine, { filtered, packed, expand });
}

interface Buffers {
  filtered: number;
  packed: number;
  /** Expands the packed rows; returns where they are then. */
  expand(rows: number): number;
}

async function* decodeStrips(
  source: ByteSource,
  { width, height, imageDataOffset }: PngHeader,
  { rowBytes, step, channels }: Layout,
  engine: Engine,
  { filtered, packed, expand }: Buffers,
): AsyncGenerator<Strip, void, undefined> {
  const bytes = inflate(readImageData(source, imageDataOffset), height * (rowBytes + 1), FAILURES);
  const fill = createFiller(bytes, engine, filtered);
  try {
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      await fill(rows * (rowBytes + 1));
      // The end's checksums are checked before its pixels are handed out.
      if (y + rows === height) await bytes.next();
      const bad = engine.exports.pngUnfilter(filtered, rows, rowBytes, step, packed + rowBytes);
      if (bad >= 0) throw damaged();
      const last = packed + rows * rowBytes;
      engine.view(packed, rowBytes).set(engine.view(last, rowBytes));
      yield { y, rows, data: engine.view(expand(rows), rows * width * channels) };
    }
  } finally {
    await bytes.return();
  }
}

/** Moves the next so many bytes to `target`. */
function createFiller(
  bytes: AsyncIterator<Uint8Array, void>,
  engine: Engine,
  target: number,
): (count: number) => Promise<void> {
  let rest = new Uint8Array(0) as Uint8Array;
  return async (count) => {
    let filled = 0;
    while (filled < count) {
      if (rest.length === 0) {
        const { value } = await bytes.next();
        if (!value) throw truncated();
        rest = value;
      }
      const part = rest.subarray(0, count - filled);
      engine.view(target + filled, part.length).set(part);
      rest = rest.subarray(part.length);
      filled += part.length;
    }
  };
}

interface ExpandPlaces {
  source: number;
  target: number;
  table: number;
  key: number;
}

function prepareExpand(
  engine: Engine,
  header: PngHeader,
  layout: Layout,
  { source, target, table, key }: ExpandPlaces,
): Buffers["expand"] {
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
