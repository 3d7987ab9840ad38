/** Rows of lossless JPEGs (ITU-T T.81, annex H). */
import { invalid } from "./failures.ts";
import { FAST_BITS, type DifferenceTable, type LosslessHeader } from "./lossless-header.ts";

/** Bytes of the scan, moved along by who decodes. */
export interface ScanBytes {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
}

/** Of a sample at most: a code, what follows it, and a zero behind each byte that is 0xff. */
const SAMPLE_BYTES = 8;
const MARKER_BYTES = 16;

/** Upper bound of a row's bytes in the file, restart marker included. */
export const losslessRowBytes = (rowSamples: number): number =>
  rowSamples * SAMPLE_BYTES + MARKER_BYTES;

/**
 * Decodes the next row, of `width * components` samples. `above` is the one before; of no matter for
 * the first.
 */
export type DecodeRow = (above: Uint16Array, row: Uint16Array) => void;

/**
 * @param input has the whole next row whenever one is decoded, or all that there is
 * @param differences room for a row's
 * @returns what throws AppError invalid_image where data are damaged or missing
 */
export function createRowDecoder(
  header: LosslessHeader,
  input: ScanBytes,
  differences: Int32Array,
): DecodeRow {
  const { width, components, precision, predictor, restartRows, tables } = header;
  const rowSamples = width * components;
  const bits: Bits = { word: 0, count: 0, missing: 0 };
  const predict = PREDICTIONS[predictor - 1] as Predict;
  let index = 0;
  return (above, row) => {
    const isRestart = restartRows > 0 && index > 0 && index % restartRows === 0;
    if (isRestart) passMarker(input, bits);
    readDifferences(input, bits, tables, differences, rowSamples);
    if (index === 0 || isRestart) {
      for (let c = 0; c < components; c++) row[c] = (1 << (precision - 1)) + at(differences, c);
      predictByLeft(row, above, differences, components, rowSamples);
    } else {
      for (let c = 0; c < components; c++) row[c] = at(above, c) + at(differences, c);
      predict(row, above, differences, components, rowSamples);
    }
    index++;
  };
}

interface Bits {
  /** The next bits are the highest. */
  word: number;
  count: number;
  /** Of those, what the scan does not have. */
  missing: number;
}

const at = (values: Int32Array | Uint16Array, index: number): number => values[index] as number;

/** 0xff with a zero behind it is data, with anything else a marker, which is not passed. */
function readDifferences(
  input: ScanBytes,
  bits: Bits,
  tables: readonly DifferenceTable[],
  differences: Int32Array,
  count: number,
): void {
  const { bytes, end } = input;
  let { at: from } = input;
  let { word, count: left, missing } = bits;
  const components = tables.length;
  let component = 0;
  for (let i = 0; i < count; i++) {
    const table = tables[component] as DifferenceTable;
    component = component + 1 === components ? 0 : component + 1;
    for (; left <= 24; left += 8) {
      const byte = from < end ? (bytes[from] as number) : 0;
      if (from >= end || (byte === 0xff && bytes[from + 1] !== 0)) {
        missing += 8;
        continue;
      }
      from += byte === 0xff ? 2 : 1;
      word |= byte << (24 - left);
    }
    const entry = table.fast[word >>> (32 - FAST_BITS)] as number;
    let length = entry >> 8;
    let category = entry & 255;
    if (length === 0) {
      length = findLength(table, word >>> 16);
      category = table.categories[(word >>> (32 - length)) + at(table.places, length)] as number;
    }
    word <<= length;
    left -= length;
    if (category === 0) {
      differences[i] = 0;
      continue;
    }
    if (category === 16) {
      differences[i] = 32_768;
      continue;
    }
    for (; left < category; left += 8) {
      const byte = from < end ? (bytes[from] as number) : 0;
      if (from >= end || (byte === 0xff && bytes[from + 1] !== 0)) {
        missing += 8;
        continue;
      }
      from += byte === 0xff ? 2 : 1;
      word |= byte << (24 - left);
    }
    const value = word >>> (32 - category);
    // Those whose first bit is 0 are negative (F.2.2.1).
    differences[i] = word < 0 ? value : value + 1 - (1 << category);
    word <<= category;
    left -= category;
  }
  if (missing > left) throw invalid();
  input.at = from;
  Object.assign(bits, { word, count: left, missing });
}

/** @param code the next 16 bits */
function findLength({ limits }: DifferenceTable, code: number): number {
  for (let length = FAST_BITS + 1; length <= 16; length++) {
    if (code < at(limits, length)) return length;
  }
  throw invalid();
}

/** Bits that were read ahead are padding: the marker stops them. */
function passMarker(input: ScanBytes, bits: Bits): void {
  const { bytes, end } = input;
  const last = Math.min(end - 1, input.at + MARKER_BYTES);
  let from = input.at;
  while (from < last && !(bytes[from] === 0xff && ((bytes[from + 1] as number) & 0xf8) === 0xd0)) {
    from++;
  }
  if (from >= last) throw invalid();
  input.at = from + 2;
  Object.assign(bits, { word: 0, count: 0, missing: 0 });
}

/** Adds to each difference what is expected of the samples before it; the first pixel is there. */
type Predict = (
  row: Uint16Array,
  above: Uint16Array,
  differences: Int32Array,
  step: number,
  count: number,
) => void;

const predictByLeft: Predict = (row, _above, differences, step, count) => {
  for (let i = step; i < count; i++) row[i] = at(row, i - step) + at(differences, i);
};

/** By the selection value, from 1 on (table H.1): a is left, b above, c above the left one. */
const PREDICTIONS: readonly Predict[] = [
  predictByLeft,
  (row, above, differences, step, count) => {
    for (let i = step; i < count; i++) row[i] = at(above, i) + at(differences, i);
  },
  (row, above, differences, step, count) => {
    for (let i = step; i < count; i++) row[i] = at(above, i - step) + at(differences, i);
  },
  predictBy((a, b, c) => a + b - c),
  predictBy((a, b, c) => a + ((b - c) >> 1)),
  predictBy((a, b, c) => b + ((a - c) >> 1)),
  predictBy((a, b) => (a + b) >> 1),
];

function predictBy(guess: (a: number, b: number, c: number) => number): Predict {
  return (row, above, differences, step, count) => {
    for (let i = step; i < count; i++) {
      const before = i - step;
      row[i] = guess(at(row, before), at(above, i), at(above, before)) + at(differences, i);
    }
  };
}
