/** Properties of items: sizes, colours, transformations, codecs' configurations. */
import type { Cursor } from "./boxes.ts";

/** Colours by the numbers of ISO/IEC 23091-2. */
export interface CodingColour {
  primaries: number;
  transfer: number;
  matrix: number;
  fullRange: boolean;
}

interface Fraction {
  numerator: number;
  denominator: number;
}

export type Property =
  | { kind: "size"; width: number; height: number }
  | { kind: "depths"; depths: number[] }
  /** Quarter turns against the clock. */
  | { kind: "turn"; quarters: number }
  | { kind: "mirror"; across: "rows" | "columns" }
  /** A window: its size, and how far its centre lies from the picture's. */
  | { kind: "crop"; width: Fraction; height: Fraction; x: Fraction; y: Fraction }
  | { kind: "colour"; colour: CodingColour }
  | { kind: "profile"; icc: Uint8Array }
  | { kind: "auxiliary"; type: string }
  /** av1C or hvcC. */
  | { kind: "configuration"; codec: string; bytes: Uint8Array };

/** One property box; null is one that we do not need. */
export function readProperty(type: string, cursor: Cursor): Property | null {
  return READERS[type]?.(cursor) ?? null;
}

const fraction = (cursor: Cursor): Fraction => {
  const numerator = cursor.i32();
  return { numerator, denominator: cursor.i32() };
};

const readAuxiliary = (cursor: Cursor): Property => {
  cursor.head();
  return { kind: "auxiliary", type: cursor.string() };
};

const READERS: Record<string, (cursor: Cursor) => Property | null> = {
  ispe(cursor) {
    cursor.head();
    const width = cursor.u32();
    return { kind: "size", width, height: cursor.u32() };
  },
  pixi(cursor) {
    cursor.head();
    return { kind: "depths", depths: Array.from({ length: cursor.u8() }, () => cursor.u8()) };
  },
  irot: (cursor) => ({ kind: "turn", quarters: cursor.u8() & 3 }),
  // 0 exchanges top and bottom: the second edition of ISO/IEC 23008-12 put the first one right.
  imir: (cursor) => ({ kind: "mirror", across: (cursor.u8() & 1) === 0 ? "rows" : "columns" }),
  clap(cursor) {
    const [width, height] = [fraction(cursor), fraction(cursor)];
    return { kind: "crop", width, height, x: fraction(cursor), y: fraction(cursor) };
  },
  colr(cursor) {
    const type = cursor.text(4);
    if (type === "prof" || type === "rICC") return { kind: "profile", icc: cursor.rest().slice() };
    if (type !== "nclx") return null;
    const [primaries, transfer, matrix] = [cursor.u16(), cursor.u16(), cursor.u16()];
    const fullRange = cursor.u8() >> 7 === 1;
    return { kind: "colour", colour: { primaries, transfer, matrix, fullRange } };
  },
  auxC: readAuxiliary,
  // As tracks say it.
  auxi: readAuxiliary,
  av1C: (cursor) => ({ kind: "configuration", codec: "av1C", bytes: cursor.rest() }),
  hvcC: (cursor) => ({ kind: "configuration", codec: "hvcC", bytes: cursor.rest() }),
};
