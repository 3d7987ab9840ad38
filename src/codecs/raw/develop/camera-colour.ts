/**
 * Camera's colours to sRGB, as dcraw has it: the camera's matrix for daylight, scaled so that what was
 * neutral in the picture's light becomes neutral (DNG 1.7, chapter 6, with one matrix).
 */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Directory } from "../../tiff/directory.ts";
import { readReals } from "../../tiff/reals.ts";
import { unsupported } from "../failures.ts";
import { RAW_TAGS } from "../tags.ts";

export interface CameraColour {
  /** What each of the camera's colours is multiplied by, 1 and more. */
  gains: Triple;
  /** Rows give sRGB's linear red, green and blue of the camera's; each sums to 1. */
  toRgb: readonly [Triple, Triple, Triple];
}

type Triple = readonly [number, number, number];
type Matrix = CameraColour["toRgb"];

/** Linear sRGB to CIE XYZ (IEC 61966-2-1). */
const RGB_TO_XYZ: Matrix = [
  [0.412_456_4, 0.357_576_1, 0.180_437_5],
  [0.212_672_9, 0.715_152_2, 0.072_175],
  [0.019_333_9, 0.119_192, 0.950_304_1],
];

const IDENTITY: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** Of EXIF's LightSource: D65, then other kinds of daylight. */
const D65 = 21;
const DAYLIGHTS = [1, 4, 20, 22, 23];
/** More is no light that a picture was taken in. */
const MAX_GAIN = 64;

/** @throws AppError invalid_image, truncated_image, unsupported_feature without a matrix */
export async function readColour(
  source: ByteSource,
  directory: Directory,
  main: Directory,
): Promise<CameraColour> {
  const reals = async (tag: number, count: number): Promise<readonly number[] | null> => {
    const found =
      (await readReals(source, directory, tag, count)) ??
      (await readReals(source, main, tag, count));
    return found?.length === count ? [...found] : null;
  };
  const candidates = [
    await readMatrix(reals, RAW_TAGS.colorMatrix1, RAW_TAGS.cameraCalibration1, RAW_TAGS.calibrationIlluminant1), // prettier-ignore
    await readMatrix(reals, RAW_TAGS.colorMatrix2, RAW_TAGS.cameraCalibration2, RAW_TAGS.calibrationIlluminant2), // prettier-ignore
  ].filter((candidate) => candidate !== null);
  const chosen =
    candidates.find(({ illuminant }) => illuminant === D65) ??
    candidates.find(({ illuminant }) => DAYLIGHTS.includes(illuminant)) ??
    candidates.at(-1);
  if (!chosen) throw unsupported("unknown colours");
  const balance = (await reals(RAW_TAGS.analogBalance, 3)) ?? [1, 1, 1];
  const fromXyz = map((row, c) => chosen.matrix[row][c] * (balance[row] ?? 1));
  const neutral = await readNeutral(reals, fromXyz);
  const fromRgb = multiply(fromXyz, RGB_TO_XYZ);
  const sums = fromRgb.map(sum);
  if (sums.some((value) => value <= 0)) throw unsupported("impossible colours");
  const toRgb = invert(map((row, c) => fromRgb[row][c] / (sums[row] ?? 1)));
  if (!toRgb) throw unsupported("impossible colours");
  const seen = neutral ?? sums;
  const least = Math.max(...seen);
  const gain = (c: number) => Math.min(MAX_GAIN, least / (seen[c] ?? 1));
  return { gains: [gain(0), gain(1), gain(2)], toRgb };
}

type Reals = (tag: number, count: number) => Promise<readonly number[] | null>;

async function readMatrix(reals: Reals, tag: number, calibration: number, illuminant: number) {
  const matrix = toMatrix(await reals(tag, 9));
  if (!matrix) return null;
  const own = toMatrix(await reals(calibration, 9)) ?? IDENTITY;
  const [light = 0] = (await reals(illuminant, 1)) ?? [];
  return { matrix: multiply(own, matrix), illuminant: light };
}

/** What the camera sees of gray in the picture's light; null where the file does not say. */
async function readNeutral(reals: Reals, fromXyz: Matrix): Promise<readonly number[] | null> {
  const told = await reals(RAW_TAGS.asShotNeutral, 3);
  if (told?.every((value) => value > 0)) return told;
  const [x = 0, y = 0] = (await reals(RAW_TAGS.asShotWhiteXy, 2)) ?? [];
  if (x <= 0 || y <= 0) return null;
  const white = [x / y, 1, (1 - x - y) / y];
  const seen = fromXyz.map((row) => sum(row.map((value, c) => value * (white[c] ?? 0))));
  return seen.every((value) => value > 0) ? seen : null;
}

type Index = 0 | 1 | 2;

function map(value: (row: Index, column: Index) => number): Matrix {
  const row = (r: Index): Triple => [value(r, 0), value(r, 1), value(r, 2)];
  return [row(0), row(1), row(2)];
}

const toMatrix = (values: readonly number[] | null): Matrix | null =>
  values && map((row, column) => values[row * 3 + column] ?? 0);

const multiply = (a: Matrix, b: Matrix): Matrix =>
  map((row, c) => a[row][0] * b[0][c] + a[row][1] * b[1][c] + a[row][2] * b[2][c]);

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** By cofactors; null where there is no inverse. */
function invert(m: Matrix): Matrix | null {
  const next = (i: Index, by: 1 | 2) => ((i + by) % 3) as Index;
  const cofactor = (r: Index, c: Index) =>
    m[next(r, 1)][next(c, 1)] * m[next(r, 2)][next(c, 2)] -
    m[next(r, 1)][next(c, 2)] * m[next(r, 2)][next(c, 1)];
  const determinant =
    m[0][0] * cofactor(0, 0) + m[0][1] * cofactor(0, 1) + m[0][2] * cofactor(0, 2);
  if (Math.abs(determinant) < 1e-6) return null;
  return map((row, column) => cofactor(column, row) / determinant);
}
