/** A sensor's rows as light, a few at a time, with what is beyond the edges mirrored. */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import { STRIP_ROWS } from "../../../pipeline/picture.ts";
import { packedRowBytes } from "../../tiff/samples.ts";
import { describePacking, type SegmentTable } from "../../tiff/segment-table.ts";
import { createRowReader, segmentMemory } from "../../tiff/segments.ts";
import { createLightTable } from "./levels.ts";
import type { Sensor } from "./sensor.ts";

/** What demosaicing looks at on each side of a pixel. */
export const MARGIN = 2;
/** Of the crop that are handed out at a time. */
export const BAND_ROWS = STRIP_ROWS;

/** Rows of the crop, with MARGIN rows above and below, and MARGIN pixels left and right. */
export interface Lines {
  /** 65,535 is white, at `stride` samples a row. */
  readonly light: Uint16Array;
  readonly stride: number;
  /** Makes the crop's row `y` the one to be read next. */
  seek(y: number): Promise<void>;
  /** Makes `light` begin MARGIN rows above the next row, and passes up to BAND_ROWS of them. */
  read(rows: number): Promise<void>;
  close(): Promise<void>;
}

const TABLE_BYTES = 65_536 * 2;

function sizesOf({ layout, crop }: Sensor) {
  const rows = BAND_ROWS + 2 * MARGIN;
  const stride = (crop.width + 2 * MARGIN) * layout.samples;
  const rowBytes = packedRowBytes(layout.width, describePacking(layout));
  return { stride, rowBytes, light: rows * stride * 2, packed: rows * rowBytes };
}

/** Upper bound, in bytes. */
export function linesMemory(sensor: Sensor): number {
  const { light, packed } = sizesOf(sensor);
  const tables = sensor.pattern ? 4 : sensor.layout.samples;
  const row = sensor.layout.width * sensor.layout.samples * 2;
  return segmentMemory(sensor.layout) + light + packed + row + tables * TABLE_BYTES;
}

/** To be sought in before it is read. */
export function createLines(
  source: ByteSource,
  sensor: Sensor,
  segments: SegmentTable,
  workspace: Workspace,
): Lines {
  const { layout, active, crop } = sensor;
  const { stride, rowBytes, ...bytes } = sizesOf(sensor);
  const packed = workspace.allocate(bytes.packed);
  const light = new Uint16Array(workspace.allocate(bytes.light).buffer);
  const develop = createRowDeveloper(sensor, workspace);
  const rows = createRowReader(source, layout, segments, 0, workspace);
  const rowsPacked = bytes.packed / rowBytes;
  const bottom = active.y + active.height;
  // Rows of the file: the next to be read, the one that `light` begins with, and the one it is to.
  let [next, first, wantedFirst] = [0, 0, 0];
  /** Rows that `light` has, those above the active area among them. */
  let filled = 0;

  /** Copies a row of `light` to one that mirrors it. */
  const copy = (from: number, to: number) =>
    light.copyWithin(to * stride, from * stride, (from + 1) * stride);

  return {
    light,
    stride,
    async seek(y) {
      first = crop.y + y - MARGIN;
      wantedFirst = first;
      const top = Math.max(active.y, first);
      filled = top - first;
      const segmentRow = Math.floor(top / layout.segments.height);
      await rows.seek(segmentRow);
      for (next = segmentRow * layout.segments.height; next < top;) {
        const count = Math.min(rowsPacked, top - next);
        await rows.read(packed.subarray(0, count * rowBytes));
        next += count;
      }
    },
    async read(count) {
      const passed = wantedFirst - first;
      light.copyWithin(0, passed * stride, filled * stride);
      filled -= passed;
      first = wantedFirst;
      wantedFirst += count;
      const wanted = count + 2 * MARGIN;
      const missing = Math.min(first + wanted, bottom) - next;
      if (missing > 0) {
        await rows.read(packed.subarray(0, missing * rowBytes));
        for (let i = 0; i < missing; i++, next++, filled++) {
          develop(packed, i * rowBytes, next, light, filled * stride);
        }
      }
      for (let row = first; row < active.y; row++) {
        copy(2 * active.y - row - first, row - first);
      }
      for (; filled < wanted; filled++) copy(2 * (bottom - 1 - first) - filled, filled);
    },
    close: async () => await rows.close(),
  };
}

/** Makes a row of the file, as it is packed at `from`, to light at `to`. */
type DevelopRow = (
  packed: Uint8Array,
  from: number,
  row: number,
  light: Uint16Array,
  to: number,
) => void;

function createRowDeveloper(sensor: Sensor, workspace: Workspace): DevelopRow {
  const { layout, active, crop, pattern, levels, colour } = sensor;
  const { samples, width } = layout;
  const values = new Uint16Array(workspace.allocate(width * samples * 2).buffer);
  const unpack = UNPACKS[unpackingOf(sensor)] as Unpack;
  // Of the pixels of a square of two by two, or of the samples of a pixel.
  const tables = (pattern ?? ([0, 1, 2] as const)).map((channel, i) =>
    createLightTable(levels, pattern ? i : channel, colour.gains[channel]),
  );
  const first = Math.max(active.x, crop.x - MARGIN);
  const end = Math.min(active.x + active.width, crop.x + crop.width + MARGIN);
  const [before, behind] = [first - (crop.x - MARGIN), crop.x + crop.width + MARGIN - end];
  const count = (end - first) * samples;
  const { blackColumns, blackRows, table } = levels;
  const isApart = blackColumns !== null || blackRows !== null;

  return (packed, from, row, light, to) => {
    unpack(packed, from, values, width * samples);
    const start = to + before * samples;
    const y = row - active.y;
    if (isApart) {
      const rowBlack = blackRows?.[y] ?? 0;
      for (let i = 0, at = first * samples; i < count; i++, at++) {
        const value = table ? (table[values[at] as number] as number) : (values[at] as number);
        const black = rowBlack + (blackColumns?.[Math.floor(at / samples) - active.x] ?? 0);
        values[at] = Math.min(65_535, Math.max(0, Math.round(value - black)));
      }
    }
    if (pattern) {
      const parity = (first - active.x) & 1;
      const [even, odd] = [(y & 1) * 2 + parity, (y & 1) * 2 + (1 - parity)];
      apply(values, first, light, start, count, 2, tables[even] as Uint16Array);
      apply(values, first + 1, light, start + 1, count - 1, 2, tables[odd] as Uint16Array);
    } else {
      for (let c = 0; c < samples; c++) {
        const at = first * samples + c;
        apply(values, at, light, start + c, count - c, samples, tables[c] as Uint16Array);
      }
    }
    mirror(light, start, count, samples, before, behind);
  };
}

function apply(
  values: Uint16Array,
  from: number,
  light: Uint16Array,
  to: number,
  count: number,
  step: number,
  table: Uint16Array,
): void {
  for (let i = 0; i < count; i += step) {
    light[to + i] = table[values[from + i] as number] as number;
  }
}

/** The pixel at the edge is the mirror, so that colours alternate on. */
function mirror(
  light: Uint16Array,
  start: number,
  count: number,
  samples: number,
  before: number,
  behind: number,
): void {
  for (let i = 1; i <= before; i++) {
    const [from, to] = [start + i * samples, start - i * samples];
    light.copyWithin(to, from, from + samples);
  }
  const last = start + count - samples;
  for (let i = 1; i <= behind; i++) {
    const [from, to] = [last - i * samples, last + i * samples];
    light.copyWithin(to, from, from + samples);
  }
}

type Unpack = (packed: Uint8Array, from: number, values: Uint16Array, count: number) => void;
type Unpacking = "bytes" | "little" | "big" | "tens" | "twelves" | "fourteens";

function unpackingOf({ layout }: Sensor): Unpacking {
  const { bits, littleEndian } = describePacking(layout);
  if (bits === 16) return littleEndian ? "little" : "big";
  return PACKED[bits] ?? "bytes";
}

const PACKED: Readonly<Record<number, Unpacking>> = { 10: "tens", 12: "twelves", 14: "fourteens" };

const UNPACKS: Readonly<Record<Unpacking, Unpack>> = {
  bytes: (packed, from, values, count) => {
    for (let i = 0; i < count; i++) values[i] = packed[from + i] as number;
  },
  little: (packed, from, values, count) => {
    for (let i = 0, at = from; i < count; i++, at += 2) {
      values[i] = (packed[at] as number) | ((packed[at + 1] as number) << 8);
    }
  },
  big: (packed, from, values, count) => {
    for (let i = 0, at = from; i < count; i++, at += 2) {
      values[i] = ((packed[at] as number) << 8) | (packed[at + 1] as number);
    }
  },
  tens: unpackBits(10),
  twelves: unpackBits(12),
  fourteens: unpackBits(14),
};

/** The first bit of a byte is its highest. */
function unpackBits(bits: number): Unpack {
  const mask = (1 << bits) - 1;
  return (packed, from, values, count) => {
    let [word, left, at] = [0, 0, from];
    for (let i = 0; i < count; i++) {
      while (left < bits) {
        word = ((word & 0xffff) << 8) | (packed[at++] as number);
        left += 8;
      }
      left -= bits;
      values[i] = (word >> left) & mask;
    }
  };
}
