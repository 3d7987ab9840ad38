/** The JPEG decoder kernel from outside: its records, tables and readers in the engine's memory. */
import * as layout from "./assembly/jpeg-decode-layout.ts";
import type { Engine } from "./engine.ts";
import {
  INPUT_SLACK_BYTES,
  measure,
  planeBytes,
  type DecoderPlan,
} from "./jpeg-decode-geometry.ts";
import { ZIGZAG, type HuffmanTable } from "./jpeg-encoder.ts";

export const COLOURS = {
  gray: layout.COLOUR_GRAY,
  ycc: layout.COLOUR_YCC,
  rgb: layout.COLOUR_RGB,
  cmyk: layout.COLOUR_CMYK,
  ycck: layout.COLOUR_YCCK,
} as const;

/** One component's part in a scan; sequential scans have both tables. */
export interface ScanPart {
  /** Index in the frame. */
  component: number;
  dc: HuffmanTable | null;
  ac: HuffmanTable | null;
}

export interface ReaderPlan {
  parts: readonly ScanPart[];
  /** One of the layout's KIND_*. */
  kind: number;
  /** Spectral selection and the bits that are still to come. */
  first: number;
  last: number;
  shift: number;
  restartInterval: number;
}

const FIRST_RESTART = 0xd0;

/** Allocates the kernel's memory in `engine` and sets it up. */
export function startJpegDecoder(
  engine: Engine,
  plan: DecoderPlan,
  { colour, invertInks }: { colour: keyof typeof COLOURS; invertInks: boolean },
) {
  const geometry = measure(plan);
  const { exports } = engine;
  const decoder = engine.allocate(layout.DECODER_BYTES);
  const rows = geometry.components.map(() => engine.allocate(geometry.rowBytes));
  const strip = engine.allocate(geometry.stripBytes);
  const tables = new Map<HuffmanTable, Map<boolean, number>>();
  let tableCount = 0;

  const setAll = (record: number, values: readonly (readonly [number, number])[]): void => {
    const view = new DataView(engine.memory);
    for (const [offset, value] of values) view.setInt32(record + offset, value, true);
  };
  const recordOf = (index: number) => decoder + layout.COMPONENTS + index * layout.COMPONENT_BYTES;

  setAll(decoder, [
    [layout.WIDTH, geometry.region.width],
    [layout.LEFT, geometry.region.x],
    [layout.FIRST_MCU, geometry.firstMcu],
    [layout.END_MCU, geometry.endMcu],
    [layout.FIRST_ROW, geometry.firstRow],
    [layout.COLOUR, COLOURS[colour]],
    [layout.INK_MASK, invertInks ? 0xff : 0],
    [layout.COMPONENT_COUNT, geometry.components.length],
    [layout.MCUS, geometry.mcus],
    ...rows.map((row, i) => [layout.ROWS + 4 * i, row] as const),
  ]);
  const order = engine.view(decoder + layout.ORDER, 80).fill(63 * 2);
  ZIGZAG.forEach((index, k) => {
    order[k] = index * 2;
  });
  new Uint16Array(engine.memory, decoder + layout.ONES, 80).fill(1);
  geometry.components.forEach((part, i) => {
    const coefficientStride = geometry.mcus * part.horizontal;
    const blocks = geometry.multipleScans ? coefficientStride * part.vertical : 0;
    const coefficients = engine.allocate(blocks * 128);
    const nonzero = engine.allocate(blocks * 8);
    const plane = engine.allocate(planeBytes(geometry, part));
    setAll(recordOf(i), [
      [layout.HORIZONTAL, part.horizontal],
      [layout.VERTICAL, part.vertical],
      [layout.BLOCKS_WIDE, part.blocksWide],
      [layout.BLOCKS_HIGH, part.blocksHigh],
      [layout.COEFFICIENTS, coefficients],
      [layout.COEFFICIENT_STRIDE, coefficientStride],
      [layout.NONZERO, nonzero],
      [layout.SIZE, part.size],
      [layout.PLANE, plane + layout.PLANE_MARGIN - geometry.firstMcu * part.horizontal * part.size],
      [layout.PLANE_STRIDE, part.stride],
      [layout.RING_ROWS, part.rows * geometry.ringParts],
      [layout.SCALE_X, part.scaleX],
      [layout.SCALE_Y, part.scaleY],
      [layout.FANCY, part.fancy ? 1 : 0],
      [layout.SAMPLES_WIDE, part.samplesWide],
      [layout.SAMPLES_HIGH, part.samplesHigh],
    ]);
  });

  /** Where the table is in memory; `withValues` for those whose values follow their codes. */
  function place(table: HuffmanTable | null, withValues: boolean): number {
    if (!table) return 0;
    const placed = tables.get(table) ?? new Map<boolean, number>();
    tables.set(table, placed);
    const known = placed.get(withValues);
    if (known !== undefined) return known;
    tableCount++;
    const pointer = engine.allocate(layout.TABLE_BYTES);
    writeTable(engine.view(pointer, layout.TABLE_BYTES), table, withValues);
    placed.set(withValues, pointer);
    return pointer;
  }

  return {
    geometry,
    strip,
    tableCount: () => tableCount,

    /** @param divisors in zigzag order */
    setQuantisation(component: number, divisors: Uint16Array): void {
      const record = recordOf(component);
      const view = new DataView(engine.memory);
      divisors.forEach((divisor, k) => {
        const natural = ZIGZAG[k] ?? 0;
        view.setUint16(record + layout.QUANTISATION + natural * 2, divisor, true);
        view.setUint16(record + layout.QUANTISATION_ZIGZAG + k * 2, divisor, true);
      });
    },

    /** A reader of one scan's data. */
    openReader(scan: ReaderPlan): number {
      const reader = engine.allocate(layout.READER_BYTES);
      const window = engine.allocate(geometry.windowBytes);
      const withValues = scan.kind !== layout.KIND_AC_REFINE;
      const parts = scan.parts.map(({ component, dc, ac }) => [
        [layout.RECORD, recordOf(component)],
        [layout.DC_TABLE, place(dc, false)],
        [layout.AC_TABLE, place(ac, withValues)],
      ]);
      const top = window + geometry.windowBytes;
      setAll(reader, [
        [layout.AT, top],
        [layout.END, top],
        [layout.WINDOW, window],
        [layout.WINDOW_TOP, top],
        [layout.RESTART_INTERVAL, scan.restartInterval],
        [layout.RESTART_LEFT, scan.restartInterval],
        [layout.RESTART_MARKER, FIRST_RESTART],
        [layout.KIND, scan.kind],
        [layout.FIRST, scan.first],
        [layout.LAST, scan.last],
        [layout.SHIFT, scan.shift],
        [layout.SCAN_COMPONENT_COUNT, parts.length],
        [layout.DECODER, decoder],
        ...parts.flatMap((fields, i) =>
          fields.map(([offset = 0, value = 0]): readonly [number, number] => [
            layout.SCAN_COMPONENTS + i * layout.SCAN_COMPONENT_BYTES + offset,
            value,
          ]),
        ),
      ]);
      return reader;
    },

    /** What the reader is to read next: bytes of the file in the engine's memory. */
    setInput(reader: number, start: number, end: number): void {
      setAll(reader, [
        [layout.RAW_AT, start],
        [layout.RAW_END, end],
      ]);
    },

    /** Copies `chunk` into `input`, behind the bytes that the reader has not taken yet. */
    addInput(reader: number, input: number, chunk: Uint8Array): void {
      const start = this.get(reader, layout.RAW_AT);
      const end = this.get(reader, layout.RAW_END);
      const kept = end - start;
      if (kept > INPUT_SLACK_BYTES) throw new Error("the reader did not take its input");
      engine.copy(start, input, kept);
      engine.view(input + kept, chunk.length).set(chunk);
      this.setInput(reader, input, input + kept + chunk.length);
    },

    get: (record: number, offset: number): number =>
      new DataView(engine.memory).getInt32(record + offset, true),

    readRow: (reader: number, row: number): number => exports.jpegReadRow(reader, row),
    readCoefficients: (reader: number, row: number): number =>
      exports.jpegReadCoefficients(reader, row),
    transformRow: (row: number): void => exports.jpegTransformRow(decoder, row),
    skip: (reader: number): number => exports.jpegSkip(reader),

    /** Rows `from` to `to` of the picture into the strip, whose first is row `first`. */
    writeRows(from: number, to: number, first: number): void {
      const target = strip + (from - first) * geometry.region.width * geometry.channels;
      exports.jpegWriteRows(decoder, from, to, target);
    },
  };
}

export type JpegDecoder = ReturnType<typeof startJpegDecoder>;

/** T.81, F.2.2.3, with a lookup for short codes; see the layout. */
function writeTable(memory: Uint8Array, { counts, symbols }: HuffmanTable, withValues: boolean) {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  memory.set(symbols, layout.SYMBOLS);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    view.setInt32(layout.OFFSETS + length * 4, index - code, true);
    for (let i = 0; i < count; i++, code++, index++) {
      if (length > layout.LOOKUP_BITS) continue;
      const symbol = symbols[index] ?? 0;
      const spare = layout.LOOKUP_BITS - length;
      for (let rest = 0; rest < 1 << spare; rest++) {
        const entry = withValues ? shortEntry(symbol, length, rest, spare) : 0;
        const at = ((code << spare) | rest) * 4;
        view.setUint32(layout.LOOKUP + at, entry || (symbol << 8) | length, true);
      }
    }
    view.setUint32(layout.LIMITS + length * 4, code << (16 - length), true);
    code <<= 1;
  }
}

/** The entry of a code with its value, if the `spare` bits behind it hold that; else 0. */
function shortEntry(symbol: number, length: number, rest: number, spare: number): number {
  const size = symbol & 15;
  if (size === 0 || size > spare) return 0;
  const bits = rest >> (spare - size);
  const value = bits >> (size - 1) ? bits : bits - (1 << size) + 1;
  return ((value << 16) | ((symbol >> 4) << 8) | (length + size)) >>> 0;
}
