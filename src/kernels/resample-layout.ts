/** Sizes, weight tables' shapes and buffers' places of a resampling. Pure arithmetic. */
import type { Rect, Size } from "../pipeline/geometry.ts";
import { STRIP_ROWS, type Channels } from "../pipeline/picture.ts";
import { align } from "./engine.ts";
import { fillTaps, maxTaps, type Axis, type FilterName } from "./filters.ts";
import { LIGHT_ENTRIES, type LightTables } from "./light.ts";

/** A rectangle's place in the picture of size `of`. */
export interface Part {
  x: number;
  y: number;
  of: Size;
}

export interface Resampling {
  channels: Channels;
  filter: FilterName;
  input: Size;
  /** Which part of a larger picture the input is; left out, it is all of it. See `findInput`. */
  part?: Part | null;
  /**
   * How much of the whole input is picture, in fractions of its pixels, where that is less: a decoder
   * that reduces 301 pixels to a quarter delivers 76, but they stand for 304.
   */
  extent?: Size;
  /** What the whole input is resampled to ... */
  full: Size;
  /** ... and the part of it that is delivered. */
  window: Rect;
  /** Where it is done in linear light: the tables of `channels`. */
  light?: LightTables | null;
}

/** What is left to filter above this is averaged down first. */
const MIN_FILTER_RATIO = 2;
/** Rows from elsewhere are copied this much at a time, so that they stay in the processor's first cache. */
const SOURCE_BYTES = 24 * 1024;
/** Kernels work in blocks and touch up to this many bytes past a row. */
const SLACK_BYTES = 64;
const BLOCK_SAMPLES = { 1: 16, 3: 24, 4: 16 } as const;

function planAxes({ filter, input, part, extent = part?.of ?? input, full, window }: Resampling) {
  const whole = part?.of ?? input;
  const averages = filter !== "nearest";
  const shrinkX = averages ? wholeFactor(extent.width / full.width) : 1;
  const shrinkY = averages ? wholeFactor(extent.height / full.height) : 1;
  const columns: Axis = {
    size: Math.ceil(whole.width / shrinkX),
    ratio: extent.width / full.width / shrinkX,
    first: window.x,
    count: window.width,
    filter,
  };
  const rows: Axis = {
    size: Math.ceil(whole.height / shrinkY),
    ratio: extent.height / full.height / shrinkY,
    first: window.y,
    count: window.height,
    filter,
  };
  return { shrinkX, shrinkY, columns, rows };
}

/** The part of the input that the window is made of, whole cells of what is averaged first. */
export function findInput(resampling: Resampling): Rect {
  const { shrinkX, shrinkY, columns, rows } = planAxes(resampling);
  const { width, height } = resampling.input;
  const [left, right] = findSpan(columns);
  const [top, bottom] = findSpan(rows);
  const x = left * shrinkX;
  const y = top * shrinkY;
  return {
    ...{ x, y },
    width: Math.min(width, right * shrinkX) - x,
    height: Math.min(height, bottom * shrinkY) - y,
  };
}

/** The first input of the first output, and the end of those of the last. */
function findSpan(axis: Axis): [from: number, to: number] {
  const weights = new Float64Array(maxTaps(axis));
  const last = fillTaps(axis, axis.count - 1, weights);
  return [fillTaps(axis, 0, weights).start, last.start + last.taps];
}

/** Everything derived from the request: sizes, tables' shapes and the places of all buffers. */
export function layOut(resampling: Resampling) {
  const { channels, input, window, light, part } = resampling;
  const { shrinkX, shrinkY, columns, rows } = planAxes(resampling);
  const shrinks = shrinkX > 1 || shrinkY > 1;
  /** Where the input starts after averaging. */
  const firstColumn = (part?.x ?? 0) / shrinkX;
  const firstRow = (part?.y ?? 0) / shrinkY;
  const samples = Math.ceil(input.width / shrinkX) * channels;
  const block = BLOCK_SAMPLES[channels];
  const blockSamples = Math.ceil(samples / block) * block;
  const wide = shrinks || channels === 4 || !!light;
  const pairRowBytes = blockSamples * (wide ? 4 : 2) + SLACK_BYTES;
  // A window that starts at an odd input reaches into one pair more.
  const rowPairs = (maxTaps(rows) >> 1) + 1;
  const columnTaps =
    channels === 1 ? (maxTaps(columns) + 7) & -8 : 2 * ((maxTaps(columns) >> 1) + 1);
  // Pixels of RGB are as far apart as those of RGBA.
  const blendedBytes = channels === 3 ? (blockSamples / 3) * 8 : blockSamples * 2;
  // Their second pass takes two rows at a time.
  const inTwos = channels === 3 && !light;
  const wideRowBytes = blockSamples * 2 + SLACK_BYTES;
  const shrinkRowBytes = shrinks ? wideRowBytes : 0;
  const colours = channels === 1 ? 1 : 3;
  const inputRowBytes = input.width * channels;
  // Even, so that pairs of rows come together.
  const sourceRows = Math.min(
    STRIP_ROWS,
    Math.max(2, Math.floor(SOURCE_BYTES / inputRowBytes) & -2),
  );

  let end = 0;
  const place = (bytes: number): number => {
    const offset = end;
    end += align(bytes);
    return offset;
  };
  return {
    shrinkX,
    shrinkY,
    shrinks,
    columns,
    rows,
    firstColumn,
    firstRow,
    samples,
    wide,
    inTwos,
    colour: channels !== 1,
    rowPairs,
    columnTaps,
    pairRowBytes,
    inputRowBytes,
    sourceRows,
    outputRowBytes: window.width * channels,
    at: {
      source: place(sourceRows * inputRowBytes + SLACK_BYTES),
      held: place((shrinks || light ? wideRowBytes : inputRowBytes) + SLACK_BYTES),
      sums: place(shrinks ? inputRowBytes * 4 + SLACK_BYTES : 0),
      shrunk: place(shrinkRowBytes),
      ring: place(rowPairs * pairRowBytes),
      lit: place(light ? inputRowBytes * 2 + SLACK_BYTES : 0),
      toLight: place(light ? colours * 512 : 0),
      fromLight: place(light ? colours * LIGHT_ENTRIES : 0),
      rowPointers: place(2 * rowPairs * 4),
      rowWeights: place(rows.count * rowPairs * 4),
      blended: place(blendedBytes + columnTaps * 8 + SLACK_BYTES),
      nextBlended: place(inTwos ? blendedBytes + columnTaps * 8 + SLACK_BYTES : 0),
      columnStarts: place(columns.count * 4),
      columnWeights: place(columns.count * columnTaps * 2),
      output: place(STRIP_ROWS * window.width * channels + SLACK_BYTES),
    },
    totalBytes: end,
  };
}

export type Layout = ReturnType<typeof layOut>;

function wholeFactor(ratio: number): number {
  return Math.max(1, Math.floor(ratio / MIN_FILTER_RATIO));
}
