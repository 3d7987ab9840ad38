/** Fax coding in TIFF (TIFF 6.0, sections 10 and 11): compressions 2, 3 and 4. */
import { END_OF_LINE_ZEROS } from "./ccitt-codes.ts";
import {
  createRowDecoder,
  DONE,
  END_OF_DATA,
  NEEDS_MORE,
  peek,
  rowDecoderBytes,
  type Bits,
  type RowDecoder,
  type RowEnding,
} from "./ccitt-rows.ts";
import type { Expand } from "./expand.ts";
import { damaged } from "./failures.ts";

export interface FaxCoding {
  /** Rows without marks, each from a whole byte on; T.4, rows between marks; T.6. */
  kind: "modified-huffman" | "group-3" | "group-4";
  /** Whether, in group 3, rows may be coded by their difference from the one before. */
  isTwoDimensional: boolean;
  /** Pixels of a row. */
  width: number;
}

const INPUT_BYTES = 16 * 1024;
const OUTPUT_BYTES = 64 * 1024;
/** `peek` reads so many bytes past the last. */
const PEEKED_BYTES = 3;

/** No row takes more: the worst are single pixels in two-dimensional coding, of 6 bits each. */
const maxRowBytes = (width: number): number => width + 64;

const inputBytes = (width: number): number => INPUT_BYTES + maxRowBytes(width);

/** Upper bound of what is held, in bytes, and the tables. */
export const faxBytes = (width: number): number =>
  rowDecoderBytes(width) + inputBytes(width) + outputRows(width) * rowBytesOf(width) + 40 * 1024;

const rowBytesOf = (width: number): number => Math.ceil(width / 8);

const outputRows = (width: number): number =>
  Math.max(1, Math.floor(OUTPUT_BYTES / rowBytesOf(width)));

export function createFax(coding: FaxCoding): Expand {
  const { width } = coding;
  const rowBytes = rowBytesOf(width);
  const input = new Uint8Array(inputBytes(width) + PEEKED_BYTES);
  const output = new Uint8Array(outputRows(width) * rowBytes);

  return async function* (portions, wantedBytes) {
    const rows = createRowDecoder(width);
    const readRow = createRowReader(coding, rows);
    const bits: Bits = { bytes: input, at: 0, end: 0 };
    let left = wantedBytes;
    for await (const portion of portions) {
      for (let taken = 0; taken < portion.length;) {
        taken += refill(bits, portion.subarray(taken));
        for (let ending: RowEnding = DONE; ending === DONE;) {
          output.fill(0);
          let filled = 0;
          while (filled < output.length && filled < left) {
            ending = readRow(bits);
            if (ending !== DONE) break;
            rows.write(output.subarray(filled, filled + rowBytes));
            filled += rowBytes;
          }
          left -= filled;
          if (filled > 0) yield output.subarray(0, filled);
          if (left <= 0) return;
          if (ending === END_OF_DATA) throw damaged("The TIFF's fax coding ends too early.");
        }
      }
    }
    throw damaged("The TIFF's fax coding ends too early.");
  };
}

/** Moves what is not read yet to the front and adds of `more` what there is room for. @returns how much */
function refill(bits: Bits, more: Uint8Array): number {
  const { bytes } = bits;
  const first = bits.at >> 3;
  const last = bits.end >> 3;
  const kept = last - first;
  const added = Math.min(more.length, bytes.length - PEEKED_BYTES - kept);
  // A row that is not complete by now never will be.
  if (added === 0) throw damaged();
  bytes.copyWithin(0, first, last);
  bytes.set(more.subarray(0, added), kept);
  bytes.fill(0, kept + added);
  bits.at &= 7;
  bits.end = (kept + added) * 8;
  return added;
}

function createRowReader(
  { kind, isTwoDimensional }: FaxCoding,
  rows: RowDecoder,
): (bits: Bits) => RowEnding {
  if (kind === "group-4") return rows.readChanges;
  if (kind === "modified-huffman") {
    return (bits) => {
      const start = bits.at;
      bits.at = (bits.at + 7) & ~7;
      const ending = rows.readRuns(bits);
      if (ending !== DONE) bits.at = start;
      return ending;
    };
  }
  const skipMarks = createMarkSkipper(isTwoDimensional);
  return (bits) => {
    const next = skipMarks(bits);
    if (next === null) return NEEDS_MORE;
    const ending = next === "runs" ? rows.readRuns(bits) : rows.readChanges(bits);
    // Marks where a row should be: it is missing.
    if (ending === END_OF_DATA) throw damaged();
    return ending;
  };
}

/** Skips zeros and marks before a row, over as many portions as there are, and says how it is coded. */
function createMarkSkipper(isTwoDimensional: boolean): (bits: Bits) => "runs" | "changes" | null {
  let inMark = false;
  let awaitsTag = false;
  let next: "runs" | "changes" = "runs";
  return (bits) => {
    for (;;) {
      if (inMark) {
        if (!skipZeros(bits)) return null;
        bits.at++;
        inMark = false;
        awaitsTag = isTwoDimensional;
      }
      if (awaitsTag) {
        if (bits.at >= bits.end) return null;
        next = peek(bits, 1) === 1 ? "runs" : "changes";
        bits.at++;
        awaitsTag = false;
      }
      if (peek(bits, END_OF_LINE_ZEROS) !== 0) return next;
      if (bits.at + END_OF_LINE_ZEROS > bits.end) return null;
      inMark = true;
    }
  };
}

/** Goes to the next bit that is 1; false where there is none yet. */
function skipZeros(bits: Bits): boolean {
  while (bits.at < bits.end) {
    if ((bits.at & 7) === 0 && bits.bytes[bits.at >> 3] === 0) bits.at += 8;
    else if (peek(bits, 1) === 0) bits.at++;
    else return true;
  }
  return false;
}
