/** What a sensor's numbers are worth as light (DNG 1.7, chapter 5, "Mapping raw values"). */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Rect } from "../../../pipeline/geometry.ts";
import type { Directory } from "../../tiff/directory.ts";
import { readNumbers } from "../../tiff/directory.ts";
import { damaged } from "../../tiff/failures.ts";
import { readReals } from "../../tiff/reals.ts";
import { RAW_TAGS } from "../tags.ts";
import { readPolynomials, type Polynomial } from "./opcodes.ts";

export interface Levels {
  /** What stored values stand for; null where they are meant as they are. */
  table: Uint16Array | null;
  /** Of the positions in a square of two by two pixels, row by row, times the samples of each. */
  black: Float64Array;
  /** What else is dark in each column and each row of the active area; null where nothing is. */
  blackColumns: Float64Array | null;
  blackRows: Float64Array | null;
  /** Of each sample. */
  white: Float64Array;
  /** What light is made of the share between black and white, of each sample; null is the same. */
  polynomials: readonly (Polynomial | null)[];
}

const MAX_TABLE = 65_536;
/** Of one side of the pattern of black levels. */
const MAX_REPEAT = 16;

interface What {
  samples: number;
  bits: number;
  active: Rect;
}

/** @throws AppError invalid_image, truncated_image */
export async function readLevels(
  source: ByteSource,
  directory: Directory,
  { samples, bits, active }: What,
): Promise<Levels> {
  const reals = (tag: number, count: number) => readReals(source, directory, tag, count);
  const whites = await reals(RAW_TAGS.whiteLevel, samples);
  const white = Float64Array.from({ length: samples }, (_, c) => whites?.[c] ?? whites?.[0] ?? 2 ** bits - 1); // prettier-ignore
  const black = await readBlack(source, directory, samples);
  if (black.some((level, i) => level >= (white[i % samples] ?? 0))) throw damaged();
  const count = directory.fields.get(RAW_TAGS.linearizationTable)?.count ?? 0;
  if (count > MAX_TABLE) throw damaged();
  const table = count > 0 ? await readNumbers(source, directory, RAW_TAGS.linearizationTable, count) : null; // prettier-ignore
  return {
    table: table && extend(table),
    black,
    blackColumns: await reals(RAW_TAGS.blackLevelDeltaH, active.width),
    blackRows: await reals(RAW_TAGS.blackLevelDeltaV, active.height),
    white,
    polynomials: await readPolynomials(source, directory, samples),
  };
}

/** Values behind its end are worth what the last one is. */
function extend(table: Uint32Array): Uint16Array {
  const last = table.length - 1;
  return Uint16Array.from({ length: MAX_TABLE }, (_, value) => table[Math.min(value, last)] ?? 0);
}

/** Patterns that do not repeat every two pixels are averaged over those that do. */
async function readBlack(
  source: ByteSource,
  directory: Directory,
  samples: number,
): Promise<Float64Array> {
  const size = await readNumbers(source, directory, RAW_TAGS.blackLevelRepeatDim, 2);
  const [rows = 1, columns = 1] = size ?? [];
  if (Math.min(rows, columns) < 1 || Math.max(rows, columns) > MAX_REPEAT) throw damaged();
  const most = rows * columns * samples;
  const stored = await readReals(source, directory, RAW_TAGS.blackLevel, most);
  const black = new Float64Array(4 * samples);
  if (!stored) return black;
  const counts = new Float64Array(black.length);
  for (let y = 0; y < rows * 2; y++) {
    for (let x = 0; x < columns * 2; x++) {
      for (let c = 0; c < samples; c++) {
        const from = ((y % rows) * columns + (x % columns)) * samples + c;
        const to = ((y & 1) * 2 + (x & 1)) * samples + c;
        black[to] = (black[to] ?? 0) + (stored[Math.min(from, stored.length - 1)] ?? 0);
        counts[to] = (counts[to] ?? 0) + 1;
      }
    }
  }
  return black.map((total, i) => total / (counts[i] ?? 1));
}

/**
 * Light of a stored value, from 0 to 1, which is white.
 * @param place in `black`
 */
export function lightOf(
  { table, black, blackColumns, blackRows, white, polynomials }: Levels,
  place: number,
  value: number,
): number {
  const sample = place % white.length;
  const dark = black[place] ?? 0;
  const polynomial = polynomials[sample];
  // What differs by column or row is taken off between the two tables.
  const isApart = blackColumns !== null || blackRows !== null;
  const linear = isApart ? value : (table?.[value] ?? value);
  const share = Math.min(1, Math.max(0, (linear - dark) / ((white[sample] ?? 0) - dark)));
  return polynomial ? evaluate(polynomial, share) : share;
}

/** Of all values: 65,535 is white, to which what is brighter after `gain` is cut. */
export const createLightTable = (levels: Levels, place: number, gain: number): Uint16Array =>
  Uint16Array.from({ length: MAX_TABLE }, (_, value) =>
    Math.min(65_535, Math.max(0, Math.round(lightOf(levels, place, value) * gain * 65_535))),
  );

const evaluate = (coefficients: Polynomial, x: number): number =>
  coefficients.reduceRight((value, coefficient) => value * x + coefficient, 0);
