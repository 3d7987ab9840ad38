/**
 * Rows → filtered rows → deflate. What suits photos (a filter for each row, then hardly more than
 * Huffman coding) is bad for drawings and screenshots, which repeat themselves or have a palette's
 * few colours: these need no filter and a real search. Each batch of rows is looked at, or with most
 * effort tried.
 */
import { constants, deflateSync } from "node:zlib";
import { AppError } from "../../errors.ts";
import { READ_AHEAD_BYTES } from "../../kernels/deflater.ts";
import { ENGINE, ENGINE_BASE_BYTES, type Engine } from "../../kernels/engine.ts";
import { FILTERS, kernelBufferBytes, MARGIN_BYTES } from "../../kernels/png-filter.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { Effort } from "../codec.ts";
import { ZLIB_STREAM_BYTES, type DeflateSettings } from "../zlib-stream.ts";
import { hasFewColours } from "./few-colours.ts";
import {
  createZlibWriter,
  RUNS,
  ZLIB_WRITER_BYTES,
  ZLIB_WRITER_ENGINE_BYTES,
  type Deflation,
} from "./zlib-writer.ts";

const PAGE_BYTES = 64 * 1024;
/** Raw bytes that are filtered and deflated at a time. */
const BATCH_BYTES = 128 * 1024;

const { Z_DEFAULT_STRATEGY } = constants;

interface Way {
  /** Least share of bytes in a batch that repeat for this way to be taken. */
  fromShare: number;
  filter: number | typeof TRIED;
  deflate: Deflation;
}

const { none, sub, up, paeth, choose } = FILTERS;

/** The one of these whose rows deflate best by themselves. */
const TRIED = "tried";
const TRIALS = [choose, none, sub, up, paeth];
const TRIAL: DeflateSettings = { level: 5, strategy: Z_DEFAULT_STRATEGY };

/**
 * By share of bytes that repeat. Measured on photos: level 1 for shares of 0.1 to 0.3, too, changes
 * files by 2 or 3 % to either side, and whole conversions take a third longer. Level 3 takes twice as
 * long as 1 and saves 5 to 8 %.
 * Trying filters costs as much as level 9 and saves up to 6 %.
 */
const WAYS: Readonly<Record<Effort, readonly [Way, ...Way[]]>> = {
  fast: [
    { fromShare: 0, filter: paeth, deflate: RUNS },
    { fromShare: 0.5, filter: none, deflate: { level: 1, strategy: Z_DEFAULT_STRATEGY } },
  ],
  default: [
    { fromShare: 0, filter: choose, deflate: RUNS },
    { fromShare: 0.3, filter: choose, deflate: { level: 1, strategy: Z_DEFAULT_STRATEGY } },
    { fromShare: 0.5, filter: none, deflate: { level: 6, strategy: Z_DEFAULT_STRATEGY } },
  ],
  max: [{ fromShare: 0, filter: TRIED, deflate: { level: 9, strategy: Z_DEFAULT_STRATEGY } }],
};

/** Indices of a palette mean nothing by their difference. */
const INDEX_WAYS: Readonly<Record<Effort, readonly [Way]>> = {
  fast: [{ fromShare: 0, filter: none, deflate: { level: 1, strategy: Z_DEFAULT_STRATEGY } }],
  default: [{ fromShare: 0, filter: none, deflate: { level: 6, strategy: Z_DEFAULT_STRATEGY } }],
  max: [{ fromShare: 0, filter: TRIED, deflate: { level: 9, strategy: Z_DEFAULT_STRATEGY } }],
};

export type RowKind = "samples" | "indices";

function findWay([first, ...others]: readonly [Way, ...Way[]], share: number): Way {
  return others.findLast(({ fromShare }) => share >= fromShare) ?? first;
}

function bufferSizes({ width, height, channels }: PictureInfo) {
  const rowBytes = width * channels;
  const rows = Math.min(height, Math.max(1, Math.floor(BATCH_BYTES / rowBytes)));
  return {
    raw: rows * rowBytes,
    filtered: rows * (rowBytes + 1) + READ_AHEAD_BYTES,
    above: MARGIN_BYTES + rowBytes,
    current: MARGIN_BYTES + rowBytes,
    previous: rowBytes,
  };
}

/** Upper bound, in bytes. */
export function deflateMemory(picture: PictureInfo, effort: Effort): number {
  const arena = Object.values(bufferSizes(picture)).reduce(
    (sum, bytes) => sum + kernelBufferBytes(bytes),
    0,
  );
  const trial = effort === "max" ? ZLIB_STREAM_BYTES : 0;
  const writer = ZLIB_WRITER_ENGINE_BYTES + ZLIB_WRITER_BYTES;
  return ENGINE_BASE_BYTES + arena + PAGE_BYTES + writer + trial;
}

/**
 * The picture's rows as a zlib stream.
 * @param kind "indices": rows of packed indices, as if each byte were a gray pixel
 */
export async function* deflateRows(
  picture: Picture,
  effort: Effort,
  kind: RowKind,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const engine = await workspace.take(ENGINE);
  const batches = prepareBatches(engine, picture);
  const writer = createZlibWriter(engine);
  const ways = kind === "indices" ? INDEX_WAYS[effort] : WAYS[effort];
  let way = findWay(ways, 0);
  /** The first batch decides for all where time counts most, and one way leaves no choice. */
  let isSettled = ways.length === 1;
  try {
    for await (const rows of batches.fill()) {
      if (way.filter === TRIED) filterBest(engine, batches, rows);
      else if (isSettled) batches.filter(rows, way.filter);
      else {
        const share = batches.filter(rows, FILTERS.choose);
        way = findWay(ways, batches.fewColours(rows) ? 1 : share);
        if (way.filter === FILTERS.none) batches.filter(rows, FILTERS.none);
        isSettled = effort === "fast";
      }
      const { address, bytes } = batches.filtered(rows);
      yield* writer.write(address, bytes, way.deflate);
    }
    yield* writer.end();
  } finally {
    writer.close();
  }
}

/** Leaves the batch filtered in the way that suits it. */
function filterBest(engine: Engine, batches: Batches, rows: number): void {
  const lengths = TRIALS.map((filter) => {
    batches.filter(rows, filter);
    const { address, bytes } = batches.filtered(rows);
    return deflateSync(engine.view(address, bytes), TRIAL).length;
  });
  const best = lengths.indexOf(Math.min(...lengths));
  batches.filter(rows, TRIALS[best] ?? choose);
}

export const incomplete = (): AppError =>
  new AppError("internal", "The picture ended before its last row.");

type Batches = ReturnType<typeof prepareBatches>;

/** Strips may have any number of rows; what is filtered and deflated at a time should not depend on it. */
function prepareBatches(engine: Engine, picture: Picture) {
  const { width, height, channels } = picture;
  const rowBytes = width * channels;
  const sizes = bufferSizes(picture);
  const allocate = (bytes: number): number => engine.allocate(kernelBufferBytes(bytes));
  const raw = allocate(sizes.raw);
  const filtered = allocate(sizes.filtered);
  const above = allocate(sizes.above) + MARGIN_BYTES;
  const current = allocate(sizes.current) + MARGIN_BYTES;
  const previous = allocate(sizes.previous);
  const places = 16 * Math.ceil(rowBytes / 16);

  return {
    /** Yields how many rows there are to filter. */
    async *fill(): AsyncGenerator<number, void, undefined> {
      let filled = 0;
      let left = height * rowBytes;
      for await (const { data } of picture.strips) {
        for (let at = 0; at < data.length;) {
          const part = data.subarray(at, at + sizes.raw - filled);
          engine.view(raw + filled, part.length).set(part);
          at += part.length;
          filled += part.length;
          left -= part.length;
          if (filled < sizes.raw && left > 0) continue;
          yield filled / rowBytes;
          engine.copy(raw + filled - rowBytes, previous, rowBytes);
          filled = 0;
        }
      }
      if (left !== 0) throw incomplete();
    },
    /** @returns the share of bytes that repeat, where the filter is chosen */
    filter(rows: number, filter: number): number {
      const { pngFilter } = engine.exports;
      engine.copy(previous, above, rowBytes); // where the rows of another try ended
      return (
        pngFilter(raw, rows, rowBytes, channels, filter, above, current, filtered) / (rows * places)
      );
    },
    fewColours: (rows: number): boolean =>
      hasFewColours(engine.view(raw, rows * rowBytes), channels),
    filtered: (rows: number) => ({ address: filtered, bytes: rows * (rowBytes + 1) }),
  };
}
