/** Turns a picture upright. */
import { align, ENGINE, type Engine } from "../kernels/engine.ts";
import { toStored, transposeSize, type Rect, type Turn } from "../pipeline/geometry.ts";
import type { Workspace } from "../pipeline/memory.ts";
import { STRIP_ROWS, type Orientation, type PictureInfo, type Strip } from "../pipeline/picture.ts";
import { sliceStrips, type Operation } from "./operation.ts";

const turn = (transpose: boolean, flipColumns: boolean, flipRows: boolean): Turn => ({
  transpose,
  flipColumns,
  flipRows,
});

/** By EXIF orientation. */
export const TURNS: Record<Orientation, Turn> = {
  1: turn(false, false, false),
  2: turn(false, true, false),
  3: turn(false, true, true),
  4: turn(false, false, true),
  5: turn(true, false, false),
  6: turn(true, true, false),
  7: turn(true, true, true),
  8: turn(true, false, true),
};

/** Each pass decodes the picture: more of them would keep others waiting for too long. */
const MAX_PASSES = 16;

/** How often the picture may be made for a turn that is short of memory. */
export const maxPasses = (orientation: Orientation): number => (orientation <= 2 ? 1 : MAX_PASSES);

/**
 * Holds as many of its output's rows as `passes` passes leave to each, all of them at best: put it
 * where the picture is smallest. In each pass its input is made anew, since what becomes a band of
 * rows are columns, or rows that come last. Where only columns are reversed, one strip will do.
 */
export function orient(input: PictureInfo, orientation: Orientation, passes = 1): Operation | null {
  if (orientation === 1) return null;
  const turned = TURNS[orientation];
  const output = { ...input, ...transposeSize(input, turned) };
  const streams = orientation === 2;
  const strips = Math.ceil(output.height / STRIP_ROWS);
  const bandRows = streams ? STRIP_ROWS : STRIP_ROWS * Math.ceil(strips / passes);
  const bandBytes = Math.min(bandRows, output.height) * output.width * output.channels;
  const run = streams ? mirror : turnInBands;
  return {
    name: "orient",
    output,
    memoryBytes: align(bandBytes) + align(STRIP_ROWS * input.width * input.channels),
    run: (source, workspace) =>
      run(source, workspace, { input, output, turned, bandRows, bandBytes }),
  };
}

interface Bands {
  input: PictureInfo;
  output: PictureInfo;
  turned: Turn;
  bandRows: number;
  bandBytes: number;
}

async function* turnInBands(
  source: AsyncIterable<Strip>,
  workspace: Workspace,
  { input, output, turned, bandRows, bandBytes }: Bands,
): AsyncGenerator<Strip, void, undefined> {
  const engine = await workspace.take(ENGINE);
  const band = engine.allocate(bandBytes);
  const place = createPlacer(engine, input, turned);
  const rowBytes = output.width * output.channels;
  for (let first = 0; first < output.height; first += bandRows) {
    const rows = Math.min(bandRows, output.height - first);
    const region = toStored({ x: 0, y: first, width: output.width, height: rows }, output, turned);
    const mark = workspace.mark();
    for await (const strip of sliceStrips(source, input.width * input.channels, workspace)) {
      place(strip, region, band);
      if (strip.y + strip.rows >= region.y + region.height) break;
    }
    // The next pass begins where this one did.
    workspace.rewind(mark);
    for (let row = 0; row < rows; row += STRIP_ROWS) {
      const count = Math.min(STRIP_ROWS, rows - row);
      const data = engine.view(band + row * rowBytes, count * rowBytes);
      yield { y: first + row, rows: count, data };
    }
  }
}

async function* mirror(
  source: AsyncIterable<Strip>,
  workspace: Workspace,
  { input, turned, bandBytes }: Bands,
): AsyncGenerator<Strip, void, undefined> {
  const engine = await workspace.take(ENGINE);
  const target = engine.allocate(bandBytes);
  const place = createPlacer(engine, input, turned);
  const { width, channels } = input;
  for await (const strip of sliceStrips(source, width * channels, workspace)) {
    const { y, rows } = strip;
    place(strip, { x: 0, y, width, height: rows }, target);
    yield { y, rows, data: engine.view(target, rows * width * channels) };
  }
}

/** Puts what a strip of the stored picture has of `region` where it belongs in the turned region. */
function createPlacer(engine: Engine, { width, height, channels }: PictureInfo, turned: Turn) {
  const { exports } = engine;
  const { transpose, flipColumns, flipRows } = turned;
  const move = { 1: exports.turn1, 3: exports.turn3, 4: exports.turn4 }[channels];
  const rowBytes = width * channels;
  const copy = engine.allocate(STRIP_ROWS * rowBytes);

  /** Where the strip is in the engine. */
  function locate(data: Uint8Array): number {
    if (engine.holds(data)) return data.byteOffset;
    engine.view(copy, data.length).set(data);
    return copy;
  }

  return ({ y, rows, data }: Strip, region: Rect, target: number): void => {
    const from = Math.max(y, region.y);
    const end = Math.min(y + rows, region.y + region.height);
    if (end <= from) return;
    const start = locate(data) + (from - y) * rowBytes + region.x * channels;
    const lines = end - from;
    // Rows of the result are made of rows, or of columns as long as the strip is high.
    const [length, runs] = transpose ? [lines, region.width] : [region.width, lines];
    const [along, across] = transpose ? [rowBytes, channels] : [channels, rowBytes];
    const size = transposeSize(region, turned);
    const stride = size.width * channels;
    const column = transpose ? (flipColumns ? height - end : from) : 0;
    const line = transpose ? 0 : from - region.y;
    const row = flipRows ? size.height - 1 - line : line;
    move(
      flipColumns ? start + (length - 1) * along : start,
      flipColumns ? -along : along,
      across,
      length,
      runs,
      target + row * stride + column * channels,
      flipRows ? -stride : stride,
    );
  };
}
