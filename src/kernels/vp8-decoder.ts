/** The VP8 decoder kernel from outside: its record, planes and readers in the engine's memory. */
import * as layout from "./assembly/vp8-decode-layout.ts";
import { align, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "./engine.ts";

export interface Vp8Plan {
  /** Pixels, 1 to 16,383. */
  width: number;
  height: number;
  /** Of the frame's first part: header and modes. At most 512 KiB by its format. */
  headBytes: number;
  /** Four: with a plane of alpha that is decoded elsewhere. */
  channels: 3 | 4;
}

/** Rows of a strip. */
export const STRIP_ROWS = 16;
/** What `vp8WriteRows` may write past the last row. */
const OVERRUN_BYTES = 64;
const SINGLE_WINDOW_BYTES = 64 * 1024;
const WINDOWS_BYTES = 512 * 1024;
const CACHE_LINE_BYTES = 64;

/** Sizes in macroblocks and bytes. */
function measure({ width, height, headBytes, channels }: Vp8Plan) {
  const columns = Math.ceil(width / 16);
  const lumaStride = strideOf(columns * 16);
  const chromaStride = strideOf(columns * 8);
  return {
    columns,
    rows: Math.ceil(height / 16),
    lumaStride,
    chromaStride,
    lumaBytes: align(lumaStride * layout.HELD_ROWS + OVERRUN_BYTES),
    chromaBytes: align((chromaStride * layout.HELD_ROWS) / 2 + OVERRUN_BYTES),
    rowBytes: channels === 4 ? align(width * 3 + OVERRUN_BYTES) : 0,
    stripBytes: align(width * channels * STRIP_ROWS + OVERRUN_BYTES),
    headBytes: align(headBytes + layout.READER_SLACK),
  };
}

/** An odd number of cache lines: rows would share few sets of the cache otherwise. */
function strideOf(samples: number): number {
  const lines = Math.ceil((samples + 3 * layout.PLANE_MARGIN) / CACHE_LINE_BYTES);
  return (lines | 1) * CACHE_LINE_BYTES;
}

/** What of a part is read at a time. */
export function windowBytes(parts: number): number {
  return parts === 1 ? SINGLE_WINDOW_BYTES : WINDOWS_BYTES / parts;
}

/** Everything the decoder allocates in the engine. An upper bound. */
export function vp8DecoderBytes(plan: Vp8Plan): number {
  const { columns, lumaBytes, chromaBytes, rowBytes, stripBytes, headBytes } = measure(plan);
  const perColumn = layout.MODES_BYTES + 4 + layout.FLAGS_BYTES + 8;
  return (
    ENGINE_BASE_BYTES +
    PAGE_BYTES +
    align(layout.DECODER_BYTES) +
    align(columns * perColumn + 5 * 16) +
    lumaBytes +
    2 * chromaBytes +
    rowBytes +
    stripBytes +
    headBytes +
    WINDOWS_BYTES +
    layout.MAX_PARTS * align(2 * layout.READER_SLACK)
  );
}

/** Allocates the kernel's memory in `engine` and sets it up. */
export function startVp8Decoder(engine: Engine, plan: Vp8Plan) {
  const { exports } = engine;
  const sizes = measure(plan);
  const { columns, rows, lumaStride, chromaStride } = sizes;
  const decoder = engine.allocate(layout.DECODER_BYTES);
  const head = engine.allocate(sizes.headBytes);
  const strip = engine.allocate(sizes.stripBytes);
  const inputs: number[] = [];

  const get = (offset: number): number =>
    new DataView(engine.memory).getInt32(decoder + offset, true);
  function setAll(record: number, values: readonly (readonly [number, number])[]): void {
    const view = new DataView(engine.memory);
    for (const [offset, value] of values) view.setInt32(record + offset, value, true);
  }
  /** 0 is the head's reader, then come the parts'. */
  const readerOf = (index: number): number => layout.READERS + index * layout.READER_BYTES;

  const planes = [sizes.lumaBytes, sizes.chromaBytes, sizes.chromaBytes].map(
    (bytes) => engine.allocate(bytes) + layout.PLANE_MARGIN,
  );
  const perColumn = (bytes: number): number => engine.allocate(columns * bytes);
  setAll(decoder, [
    [layout.WIDTH, plan.width],
    [layout.HEIGHT, plan.height],
    [layout.COLUMNS, columns],
    [layout.ROWS, rows],
    ...planes.map((plane, i) => [layout.PLANES + 4 * i, plane] as const),
    [layout.LUMA_STRIDE, lumaStride],
    [layout.CHROMA_STRIDE, chromaStride],
    [layout.MODES, perColumn(layout.MODES_BYTES)],
    [layout.ABOVE_MODES, perColumn(4)],
    [layout.ABOVE_FLAGS, perColumn(layout.FLAGS_BYTES)],
    [layout.STRENGTHS, perColumn(4)],
    [layout.STRENGTHS + 4, perColumn(4)],
    [layout.RGB_ROW, engine.allocate(sizes.rowBytes)],
    [readerOf(0) + layout.AT, head],
    [readerOf(0) + layout.END, head + plan.headBytes],
    [readerOf(0) + layout.FINAL, 1],
  ]);

  return {
    /** Rows of macroblocks. */
    rows,
    strip,
    /** Where the frame's first part must be before `readHeader`. */
    head,

    /** Returns the kernel's status, and how many parts the coefficients are in. */
    readHeader: () => ({ status: exports.vp8ReadHeader(decoder), parts: get(layout.PARTS) }),

    /** Before the first row: room for the parts' bytes. */
    start(parts: number): void {
      for (let i = 0; i < parts; i++) {
        const input = engine.allocate(windowBytes(parts) + 2 * layout.READER_SLACK);
        inputs.push(input);
        setAll(decoder + readerOf(i + 1), [
          [layout.AT, input],
          [layout.END, input],
        ]);
      }
      exports.vp8Start(decoder);
    },

    /** Gives `chunk` to a part's reader, behind the bytes that it has not taken yet. */
    addInput(part: number, chunk: Uint8Array, final: boolean): void {
      const reader = readerOf(part + 1);
      const input = inputs[part] ?? 0;
      const at = get(reader + layout.AT);
      const kept = get(reader + layout.END) - at;
      if (kept > layout.READER_SLACK) throw new Error("the reader did not take its input");
      engine.copy(at, input, kept);
      engine.view(input + kept, chunk.length).set(chunk);
      setAll(decoder + reader, [
        [layout.AT, input],
        [layout.END, input + kept + chunk.length],
        [layout.FINAL, final ? 1 : 0],
      ]);
    },

    readRow: (): number => exports.vp8ReadRow(decoder),

    /** How many rows of the picture are final after so many rows of macroblocks. */
    rowsKnown: (read: number): number =>
      read === rows ? plan.height : Math.max(0, (read - 1) * 16 - DELAY_ROWS),

    /**
     * Output rows `from` to `to` into the strip, whose first is row `first`.
     * @param alpha pointer to these rows of a plane, or 0 for RGB
     */
    writeRows(from: number, to: number, first: number, alpha: number): void {
      const target = strip + (from - first) * plan.width * plan.channels;
      exports.vp8WriteRows(decoder, from, to, target, alpha);
    },
  };
}

/**
 * The filter of the row below changes six rows of luma's height (three of chroma), and pixels
 * depend on the chroma below theirs.
 */
const DELAY_ROWS = 9;

export type Vp8Decoder = ReturnType<typeof startVp8Decoder>;
