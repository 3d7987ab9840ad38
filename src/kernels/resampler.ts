/**
 * Separable resampling of a stream of strips, rows first, memory by width and window only. Alpha is
 * premultiplied inside. Far reductions are averaged by whole pixels first, down to between two and
 * four times the target (as libvips does), which keeps the window small. In linear light, tables
 * lead to it from the bytes that come, and from it to those that go.
 */
import type { Workspace } from "../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../pipeline/picture.ts";
import { ENGINE, type Engine } from "./engine.ts";
import { fillTaps, maxTaps } from "./filters.ts";
import { layOut, type Layout, type Resampling } from "./resample-layout.ts";

export type { Resampling };

/** Bytes of the engine's arena that `resample` takes. */
export function resampleBytes(resampling: Resampling): number {
  return layOut(resampling).totalBytes;
}

/** The window's strips; they lie in the engine's memory. Reads no input row past the last needed. */
export async function* resample(
  strips: AsyncIterable<Strip>,
  resampling: Resampling,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const layout = layOut(resampling);
  const engine = await workspace.take(ENGINE);
  const base = engine.allocate(layout.totalBytes);
  fillColumns(engine, layout, base);
  fillLight(engine, resampling, layout, base);
  const windows = fillRows(engine, layout, base);
  const ring = createRing(engine, resampling, layout, base, windows.first[0] ?? 0);
  // Strips have an even number of rows, so that no two rows that are finished together are parted.
  const finishRow = createFinisher(engine, resampling, layout, base);
  const { inputRowBytes, outputRowBytes, rows, sourceRows } = layout;
  const output = base + layout.at.output;
  const scratch = base + layout.at.source;

  let done = 0;
  let ready = 0;
  for await (const strip of strips) {
    // Kept as an address: a view would be lost if the memory grew while we are suspended.
    const address = engine.holds(strip.data) ? strip.data.byteOffset : null;
    for (let row = 0, end = 0; row < strip.rows; row = end) {
      end = Math.min(row + (address === null ? sourceRows : STRIP_ROWS), strip.rows);
      if (address === null) {
        const slice = strip.data.subarray(row * inputRowBytes, end * inputRowBytes);
        engine.view(scratch, slice.length).set(slice);
      }
      let source = address === null ? scratch : address + row * inputRowBytes;
      for (let left = end - row; left > 0;) {
        const used = ring.push(source, left);
        source += used * inputRowBytes;
        left -= used;
        for (; done < rows.count && (windows.last[done] ?? 0) < ring.pairs(); done++) {
          if (ready === STRIP_ROWS) {
            yield {
              y: done - ready,
              rows: ready,
              data: engine.view(output, ready * outputRowBytes),
            };
            ready = 0;
          }
          const first = windows.first[done] ?? 0;
          const pairs = (windows.last[done] ?? 0) - first + 1;
          finishRow(done, first, pairs, output + ready * outputRowBytes);
          ready++;
        }
        if (done === rows.count) {
          yield { y: done - ready, rows: ready, data: engine.view(output, ready * outputRowBytes) };
          return;
        }
      }
    }
  }
}

/** Writes where each output column's window starts, in bytes, and its weights. */
function fillColumns(engine: Engine, layout: Layout, base: number): void {
  const { columns, columnTaps, colour } = layout;
  const starts = new Uint32Array(engine.memory, base + layout.at.columnStarts, columns.count);
  const table = new Int16Array(
    engine.memory,
    base + layout.at.columnWeights,
    columns.count * columnTaps,
  );
  const weights = new Float64Array(maxTaps(columns));
  for (let x = 0; x < columns.count; x++) {
    const found = fillTaps(columns, x, weights);
    const start = found.start - layout.firstColumn;
    // Colour goes by pairs of pixels of 16 bytes, gray by samples of 2.
    starts[x] = colour ? (start >> 1) * 16 : start * 2;
    const at = x * columnTaps + (colour ? start & 1 : 0);
    for (let tap = 0; tap < found.taps; tap++) table[at + tap] = weights[tap] ?? 0;
  }
}

/** Writes the tables of linear light, where it is asked for. */
function fillLight(engine: Engine, { light }: Resampling, { at }: Layout, base: number): void {
  if (!light) return;
  new Uint16Array(engine.memory, base + at.toLight, light.toLight.length).set(light.toLight);
  engine.view(base + at.fromLight, light.fromLight.length).set(light.fromLight);
}

/** Writes each output row's weights; tells its first and last pair of input rows. */
function fillRows(engine: Engine, layout: Layout, base: number) {
  const { rows, rowPairs } = layout;
  const first = new Uint16Array(rows.count);
  const last = new Uint16Array(rows.count);
  const table = new Int16Array(
    engine.memory,
    base + layout.at.rowWeights,
    rows.count * rowPairs * 2,
  );
  const weights = new Float64Array(maxTaps(rows));
  for (let y = 0; y < rows.count; y++) {
    const { start: inWhole, taps } = fillTaps(rows, y, weights);
    const start = inWhole - layout.firstRow;
    first[y] = start >> 1;
    last[y] = (start + taps - 1) >> 1;
    const at = y * rowPairs * 2 + (start & 1);
    for (let tap = 0; tap < taps; tap++) table[at + tap] = weights[tap] ?? 0;
  }
  return { first, last };
}

/** Where input rows wait, averaged if need be and in pairs, until their outputs are made. */
function createRing(
  engine: Engine,
  { channels, input, light }: Resampling,
  layout: Layout,
  base: number,
  firstPair: number,
) {
  const { exports } = engine;
  const { inputRowBytes, rowPairs, pairRowBytes, samples, shrinkX, shrinkY, shrinks } = layout;
  const held = base + layout.at.held;
  const shrunk = base + layout.at.shrunk;
  const sums = base + layout.at.sums;
  const ring = base + layout.at.ring;
  const pointers = new Uint32Array(engine.memory, base + layout.at.rowPointers, 2 * rowPairs);
  // Twice over, so that any window is a run of this list.
  pointers.forEach((_, i) => (pointers[i] = ring + (i % rowPairs) * pairRowBytes));

  const skippedRows = firstPair * 2 * shrinkY;
  let y = 0;
  let pairs = firstPair;
  const slot = () => ring + (pairs++ % rowPairs) * pairRowBytes;

  const lit = base + layout.at.lit;
  const toLight = base + layout.at.toLight;
  const lighten = { 1: exports.lighten1, 3: exports.lighten3, 4: exports.lighten4 }[channels];

  const interleave =
    shrinks || light
      ? (a: number, b: number) => exports.interleave16(a, b, slot(), samples)
      : channels === 4
        ? (a: number, b: number) => exports.interleaveAlpha(a, b, slot(), input.width)
        : (a: number, b: number) => exports.interleave8(a, b, slot(), samples);
  const shrink = { 1: exports.shrink1, 3: exports.shrink3, 4: exports.shrink4 }[channels];

  /** Takes a pair of rows, or one where its partner is missing yet. */
  function pushRows(source: number, available: number): number {
    if (y % 2 === 1) {
      interleave(held, source);
    } else if (y === input.height - 1) {
      interleave(source, source);
    } else if (available > 1) {
      interleave(source, source + inputRowBytes);
      y += 2;
      return 2;
    } else {
      engine.copy(source, held, inputRowBytes);
    }
    y++;
    return 1;
  }

  /** As pushRows, in linear light and one row at a time. */
  function pushLight(source: number): number {
    const isOdd = y % 2 === 1;
    lighten(source, isOdd ? lit : held, toLight, input.width);
    if (isOdd) interleave(held, lit);
    else if (y === input.height - 1) interleave(held, held);
    y++;
    return 1;
  }

  function addRows(source: number, count: number): void {
    if (light) {
      for (let row = 0; row < count; row++) {
        lighten(source + row * inputRowBytes, lit, toLight, input.width);
        exports.accumulateLight(lit, sums, inputRowBytes);
      }
    } else if (channels === 4) {
      exports.accumulateAlpha(source, inputRowBytes, count, sums, input.width);
    } else {
      exports.accumulate(source, inputRowBytes, count, sums, inputRowBytes);
    }
  }

  /** Takes rows of one row of cells at most. */
  function pushCells(source: number, available: number): number {
    const inCell = y % shrinkY;
    const count = Math.min(available, shrinkY - inCell);
    addRows(source, count);
    y += count;
    const isLast = y === input.height;
    if (y % shrinkY === 0 || isLast) {
      const isOdd = Math.floor((y - 1) / shrinkY) % 2 === 1;
      const cellRows = inCell + count;
      const scale = light ? 1 / cellRows : 64 / cellRows / (channels === 4 ? 255 : 1);
      shrink(sums, isOdd ? shrunk : held, input.width, shrinkX, scale);
      if (isOdd) interleave(held, shrunk);
      else if (isLast) interleave(held, held);
    }
    return count;
  }

  return {
    /** Takes at least one of the rows at `source` and at most what completes a pair. */
    push(source: number, available: number): number {
      if (y < skippedRows) {
        const skipped = Math.min(available, skippedRows - y);
        y += skipped;
        return skipped;
      }
      if (shrinks) return pushCells(source, available);
      return light ? pushLight(source) : pushRows(source, available);
    },
    /** Pairs that have come. */
    pairs: () => pairs,
  };
}

/** Makes output rows of pairs in the ring; of RGB every other one with the one before. */
function createFinisher(
  { exports }: Engine,
  { channels, light }: Resampling,
  layout: Layout,
  base: number,
) {
  const { at, columns, columnTaps, inTwos, rowPairs, rows, samples, wide } = layout;
  const blend = {
    1: wide ? exports.blend16 : exports.blend8,
    3: wide ? exports.blendColour16 : exports.blendColour8,
    4: exports.blendAlpha16,
  }[channels];
  const blended = base + at.blended;
  const nextBlended = base + at.nextBlended;
  const starts = base + at.columnStarts;
  const weights = base + at.columnWeights;
  const fromLight = base + at.fromLight;
  const { count } = columns;
  // Those of colour take two taps at a time.
  const taps = channels === 1 ? columnTaps : columnTaps / 2;
  const filterLight = {
    1: exports.filterLight1,
    3: exports.filterLight3,
    4: exports.filterLight4,
  }[channels];
  const filter = channels === 1 ? exports.filter1 : exports.filter4;
  return (row: number, firstPair: number, pairs: number, target: number): void => {
    const pointers = base + at.rowPointers + (firstPair % rowPairs) * 4;
    const source = inTwos && row % 2 === 1 ? nextBlended : blended;
    blend(pointers, base + at.rowWeights + row * rowPairs * 4, pairs, source, samples);
    if (light) {
      filterLight(source, target, starts, weights, taps, count, fromLight);
    } else if (!inTwos) {
      filter(source, target, starts, weights, taps, count);
    } else if (row % 2 === 1) {
      const before = target - layout.outputRowBytes;
      exports.filter3(blended, source, before, target, starts, weights, taps, count);
    } else if (row === rows.count - 1) {
      exports.filter3(source, source, target, target, starts, weights, taps, count);
    }
  };
}
