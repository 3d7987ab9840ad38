/** A sensor's row, as it is packed in the file → light, 65,535 being white. */
import type { Workspace } from "../../../pipeline/memory.ts";
import { describePacking } from "../../tiff/segment-table.ts";
import { createLightTable, lightOf } from "./levels.ts";
import type { Sensor } from "./sensor.ts";

/** What demosaicing looks at on each side of a pixel. */
export const MARGIN = 2;

export interface RowDeveloper {
  /** Makes a row of the file, as it is packed at `from`, to light at `to`. */
  row(packed: Uint8Array, from: number, row: number, light: Uint16Array, to: number): void;
  /** How bright what was read is at most; 1 is white. */
  peak(): number;
  /** Makes `white` white from now on, which is at most 1, and stops looking for the peak. */
  setWhite(white: number): void;
}

const TABLE_BYTES = 65_536 * 2;

/** Upper bound; tables are made anew once, when the old ones may not be collected yet. */
export function rowDeveloperBytes({ layout, pattern }: Sensor): number {
  const tables = 2 * (pattern ? 4 : layout.samples);
  return layout.width * layout.samples * 2 + tables * TABLE_BYTES;
}

export function createRowDeveloper(sensor: Sensor, workspace: Workspace): RowDeveloper {
  const { layout, active, crop, pattern, levels, colour } = sensor;
  const { samples, width } = layout;
  const values = new Uint16Array(workspace.allocate(width * samples * 2).buffer);
  const unpack = UNPACKS[unpackingOf(sensor)] as Unpack;
  // Of the pixels of a square of two by two, or of the samples of a pixel.
  const createTables = (white: number) =>
    (pattern ?? ([0, 1, 2] as const)).map((channel, i) =>
      createLightTable(levels, pattern ? i : channel, colour.gains[channel] / white),
    );
  let tables = createTables(1);
  let isMeasured = true;
  let highest = 0;
  const first = Math.max(active.x, crop.x - MARGIN);
  const end = Math.min(active.x + active.width, crop.x + crop.width + MARGIN);
  const [before, behind] = [first - (crop.x - MARGIN), crop.x + crop.width + MARGIN - end];
  const count = (end - first) * samples;
  const { blackColumns, blackRows, table } = levels;
  const isApart = blackColumns !== null || blackRows !== null;

  function developRow(
    packed: Uint8Array,
    from: number,
    row: number,
    light: Uint16Array,
    to: number,
  ): void {
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
    if (isMeasured) highest = findHighest(values, first * samples, count, highest);
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
  }

  return {
    row: developRow,
    peak: () => lightOf(levels, 0, highest),
    setWhite(white) {
      tables = createTables(white);
      isMeasured = false;
    },
  };
}

function findHighest(values: Uint16Array, from: number, count: number, least: number): number {
  let highest = least;
  for (let i = from; i < from + count; i++) {
    const value = values[i] as number;
    if (value > highest) highest = value;
  }
  return highest;
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
