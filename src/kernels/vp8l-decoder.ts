/** The VP8L decoder kernel from outside: its record, window and rows in the engine's memory. */
import * as layout from "./assembly/vp8l-layout.ts";
import { align, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "./engine.ts";

export interface Vp8lPlan {
  width: number;
  height: number;
  /** Of the coded picture, which is held. */
  inputBytes: number;
}

const MIB = 1_048_576;
const PIXEL_BYTES = 4;
const ROW_MARGIN_BYTES = 64;
/** Pixels of the smallest block that has a predictor, or codes of its own. */
const BLOCK_PIXELS = 16;
/** A group's tables at their largest. */
const GROUP_TABLES_BYTES = 16 * 1024;
/** What a picture's codes take at most, where an encoder made them. */
const TABLES_BYTES = 8 * MIB;
/** Three images of a pixel a block describe a picture; encoders' blocks are larger, save in small pictures. */
const DESCRIPTION_BYTES = 4 * MIB;

function measure({ width, height, inputBytes }: Vp8lPlan) {
  const pixels = width * height;
  const blocks = Math.ceil(width / 4) * Math.ceil(height / 4);
  const description = 3 * PIXEL_BYTES * blocks;
  return {
    windowPixels: Math.min(2 ** Math.ceil(Math.log2(pixels)), layout.MAX_WINDOW_PIXELS),
    rowBytes: align(width * PIXEL_BYTES + 2 * ROW_MARGIN_BYTES),
    poolBytes: align(
      Math.min(description, DESCRIPTION_BYTES + (pixels * 3) / BLOCK_PIXELS) +
        Math.min(blocks * GROUP_TABLES_BYTES, TABLES_BYTES) +
        2 * GROUP_TABLES_BYTES,
    ),
    inputBytes: align(inputBytes + layout.INPUT_SLACK),
  };
}

/** Everything the decoder allocates in an engine that has allocated nothing else. An upper bound. */
export function vp8lDecoderBytes(plan: Vp8lPlan): number {
  return ENGINE_BASE_BYTES + PAGE_BYTES + vp8lPartBytes(plan);
}

/** The same, beside others. */
export function vp8lPartBytes(plan: Vp8lPlan): number {
  const { windowPixels, rowBytes, poolBytes, inputBytes } = measure(plan);
  return (
    align(layout.DECODER_BYTES) +
    windowPixels * PIXEL_BYTES +
    3 * rowBytes +
    poolBytes +
    inputBytes +
    5 * 16
  );
}

/** Allocates the kernel's memory in `engine` and sets it up. */
export function startVp8lDecoder(engine: Engine, plan: Vp8lPlan) {
  const { exports } = engine;
  const sizes = measure(plan);
  const decoder = engine.allocate(layout.DECODER_BYTES);
  const input = engine.allocate(sizes.inputBytes);
  const window = engine.allocate(sizes.windowPixels * PIXEL_BYTES);
  const [work = 0, unpacked = 0, above = 0] = [0, 1, 2].map(
    () => engine.allocate(sizes.rowBytes) + ROW_MARGIN_BYTES,
  );
  const pool = engine.allocate(sizes.poolBytes);
  const view = new DataView(engine.memory);
  for (const [offset, value] of [
    [layout.WIDTH, plan.width],
    [layout.HEIGHT, plan.height],
    [layout.AT, input],
    [layout.END, input + plan.inputBytes],
    [layout.POOL_AT, pool],
    [layout.POOL_END, pool + sizes.poolBytes],
    [layout.WORK, work],
    [layout.UNPACKED, unpacked],
    [layout.ABOVE, above],
    [layout.MAIN + layout.WINDOW, window],
    [layout.MAIN + layout.WINDOW_MASK, sizes.windowPixels - 1],
  ] as const) {
    view.setInt32(decoder + offset, value, true);
  }
  return {
    /** Where the coded picture must be before `readHeader`. */
    input,
    /** Both return one of the layout's statuses. */
    readHeader: (): number => exports.vp8lReadHeader(decoder),
    readRow: (): number => exports.vp8lReadRow(decoder),
    /** The row read last, packed, with three or four channels. May write 16 bytes past it. */
    writeRow: (target: number, channels: number): void =>
      exports.vp8lWriteRow(decoder, target, channels),
    /** Its green alone, which is how planes are coded. May write 4 bytes past it. */
    writePlane: (target: number): void => exports.vp8lWritePlane(decoder, target),
  };
}

export type Vp8lDecoder = ReturnType<typeof startVp8lDecoder>;
