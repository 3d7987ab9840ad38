/** Strips, however high, to rows of MCUs (VP8: macroblocks) in the engine's memory. */
import type { Engine } from "../kernels/engine.ts";
import type { Strip } from "../pipeline/picture.ts";

export interface McuRow {
  /** Address in the engine's memory. */
  pixels: number;
  rows: number;
}

/** What a kernel says of its rows. */
export interface McuRowKernel {
  mcuSide: number;
  rowBytes: number;
  /** Where an unfinished row is gathered. */
  gathered: number;
}

/**
 * Cuts a strip into rows of MCUs. Rows are used where they are if the strip lies in the engine's
 * memory and holds them all, else copied to the kernel's buffer, which keeps an unfinished row.
 */
export function* gatherRows(
  strip: Strip,
  height: number,
  kernel: McuRowKernel,
  engine: Engine,
): Generator<McuRow> {
  const { mcuSide, rowBytes, gathered } = kernel;
  // The memory may grow, and detach the strip's view, between two rows of MCUs.
  const inEngine = engine.holds(strip.data);
  const address = strip.data.byteOffset;
  const data = engine.pin(strip.data);

  let row = 0;
  while (row < strip.rows) {
    const y = strip.y + row;
    const waiting = y % mcuSide;
    const rows = Math.min(mcuSide - waiting, strip.rows - row);
    const complete = waiting + rows === mcuSide || y + rows === height;
    if (complete && waiting === 0 && inEngine) {
      yield { pixels: address + row * rowBytes, rows };
    } else {
      const part = data().subarray(row * rowBytes, (row + rows) * rowBytes);
      engine.view(gathered + waiting * rowBytes, part.length).set(part);
      if (complete) yield { pixels: gathered, rows: waiting + rows };
    }
    row += rows;
  }
}
