// Rows of macroblocks, from tokens to filtered samples. Only some rows of samples are held: those
// being read, the row of macroblocks above, which is filtered one row late since prediction needs it
// as it was, and what the host has not taken yet.
import { bitsLeft, startReader } from "./vp8-decode-bits";
import { filterRow } from "./vp8-decode-filter";
import {
  ABOVE_FLAGS,
  AT,
  CHROMA_MODE,
  COEFFICIENTS,
  COLUMN,
  COLUMNS,
  DONE,
  END,
  FINAL,
  FIRST_ROW,
  FLAGS_BYTES,
  HELD_ROWS,
  HISTORY_ROWS,
  LEFT_FLAGS,
  LUMA_MODE,
  MODES,
  MODES_BYTES,
  MODES_KNOWN,
  NEEDS_MORE,
  PARTS,
  PLANE_MARGIN,
  PLANES,
  READER_BYTES,
  READER_SLACK,
  READERS,
  RESIDUALS,
  ROW,
  ROWS,
  SEGMENT,
  SEGMENT_STRENGTHS,
  SKIPPED,
  STRENGTHS,
  TRUNCATED,
} from "./vp8-decode-layout";
import { BLOCKS, readModes } from "./vp8-decode-modes";
import { planeAt, strideOf } from "./vp8-decode-planes";
import { addLuma, predictBlocks, predictChroma, predictLuma } from "./vp8-decode-predict";
import { inverseBlocks, spreadY2 } from "./vp8-decode-residual";
import { readCoefficients } from "./vp8-decode-tokens";

/** Before the first row: the samples above the picture, and readers that have read nothing. */
export function vp8Start(decoder: usize): void {
  store<i32>(decoder, -HISTORY_ROWS, FIRST_ROW);
  for (let plane = 0; plane < 3; plane++) {
    const stride = strideOf(decoder, plane);
    memory.fill(planeAt(decoder, plane, 0) - stride - PLANE_MARGIN, 127, stride);
  }
  for (let i = 1; i <= load<i32>(decoder, PARTS); i++) {
    startReader(decoder + READERS + i * READER_BYTES);
  }
}

/** Moves the rows that are still needed to the planes' start when there is no room for the next. */
function makeRoom(decoder: usize, row: i32): void {
  const first = load<i32>(decoder, FIRST_ROW);
  if ((row << 4) - first + 16 <= HELD_ROWS) return;
  const next = (row << 4) - HISTORY_ROWS;
  for (let plane = 0; plane < 3; plane++) {
    const shift = plane == 0 ? 0 : 1;
    const stride = strideOf(decoder, plane);
    const start = <usize>load<u32>(decoder + (plane << 2), PLANES) - PLANE_MARGIN;
    const bytes = <usize>(HISTORY_ROWS >> shift) * stride;
    memory.copy(start, start + <usize>((next - first) >> shift) * stride, bytes);
  }
  store<i32>(decoder, next, FIRST_ROW);
}

/** Samples that a row's prediction expects around it. */
function setMargins(decoder: usize, row: i32): void {
  for (let plane = 0; plane < 3; plane++) {
    const stride = strideOf(decoder, plane);
    let at = planeAt(decoder, plane, row);
    if (row > 0 && plane == 0) {
      // Right above the last macroblock: its own last sample above.
      const end = at - stride + (load<i32>(decoder, COLUMNS) << 4);
      store<u32>(end, <u32>load<u8>(end - 1) * 0x01010101);
    }
    for (let i = plane == 0 ? 16 : 8; i > 0; i--) {
      store<u8>(at - 1, 129);
      at += stride;
    }
  }
}

/**
 * Reads the next row of macroblocks and filters the one above (the last, too, if it was that).
 * NEEDS_MORE asks for more of the row's part; call again then.
 */
export function vp8ReadRow(decoder: usize): i32 {
  const row = load<i32>(decoder, ROW);
  if (!load<i32>(decoder, MODES_KNOWN)) {
    makeRoom(decoder, row);
    setMargins(decoder, row);
    const status = readModes(decoder);
    if (status != DONE) return status;
    memory.fill(decoder + LEFT_FLAGS, 0, FLAGS_BYTES);
    store<i32>(decoder, 1, MODES_KNOWN);
  }
  const status = readMacroblocks(decoder, row);
  if (status != DONE) return status;
  if (row > 0) filterRow(decoder, row - 1);
  if (row + 1 == load<i32>(decoder, ROWS)) filterRow(decoder, row);
  store<i32>(decoder, row + 1, ROW);
  store<i32>(decoder, 0, COLUMN);
  store<i32>(decoder, 0, MODES_KNOWN);
  return DONE;
}

function readMacroblocks(decoder: usize, row: i32): i32 {
  const part = row & (load<i32>(decoder, PARTS) - 1);
  const reader = decoder + READERS + (part + 1) * READER_BYTES;
  const columns = load<i32>(decoder, COLUMNS);
  const stride = strideOf(decoder, 0);
  const chromaStride = strideOf(decoder, 1);
  const y = planeAt(decoder, 0, row);
  const u = planeAt(decoder, 1, row);
  const v = planeAt(decoder, 2, row);
  const allModes = <usize>load<u32>(decoder, MODES);
  const aboveFlags = <usize>load<u32>(decoder, ABOVE_FLAGS);
  const strengths = <usize>load<u32>(decoder + ((row & 1) << 2), STRENGTHS);
  for (let x = load<i32>(decoder, COLUMN); x < columns; x++) {
    const modes = allModes + x * MODES_BYTES;
    const mode = <i32>load<u8>(modes, LUMA_MODE);
    const flags = aboveFlags + x * FLAGS_BYTES;
    const segment = <i32>load<u8>(modes, SEGMENT);
    const inBlocks = mode == BLOCKS;
    let coded = false;
    let more = 0;
    if (load<u8>(modes, SKIPPED)) {
      store<u64>(flags, 0);
      store<u64>(decoder, 0, LEFT_FLAGS);
      if (!inBlocks) {
        store<u8>(flags, 0, 8);
        store<u8>(decoder, 0, LEFT_FLAGS + 8);
      }
    } else {
      const left = load<i32>(reader, END) - load<i32>(reader, AT);
      if (!load<i32>(reader, FINAL) && left < READER_SLACK) {
        store<i32>(decoder, x, COLUMN);
        return NEEDS_MORE;
      }
      if (bitsLeft(reader) < 8) return TRUNCATED;
      more = readCoefficients(decoder, reader, flags, segment, !inBlocks);
      if (bitsLeft(reader) < 1) return TRUNCATED;
      if (!inBlocks) spreadY2(decoder);
      coded = more >> 1 != 0 || hasFirsts(decoder);
    }

    const luma = y + (x << 4);
    if (coded || inBlocks) inverseBlocks(decoder, 1, 17, more);
    if (inBlocks) {
      predictBlocks(luma, stride, modes, decoder + RESIDUALS);
    } else {
      predictLuma(luma, stride, mode, row > 0, x > 0);
      if (coded) addLuma(luma, stride, decoder + RESIDUALS);
    }
    if (coded) inverseBlocks(decoder, 17, 25, more);
    const chromaMode = <i32>load<u8>(modes, CHROMA_MODE);
    const residuals = coded ? decoder + RESIDUALS + 512 : 0;
    predictChroma(u + (x << 3), chromaStride, chromaMode, row > 0, x > 0, residuals);
    predictChroma(
      v + (x << 3),
      chromaStride,
      chromaMode,
      row > 0,
      x > 0,
      coded ? residuals + 128 : 0,
    );

    const strength = load<u32>(decoder + (segment << 3) + (<i32>inBlocks << 2), SEGMENT_STRENGTHS);
    store<u32>(strengths + (x << 2), strength | (<u32>coded << 24));
  }
  return DONE;
}

/** Whether any block has a first coefficient. */
function hasFirsts(decoder: usize): bool {
  let any = 0;
  for (let block = 1; block < 25; block++) {
    any |= <i32>load<i16>(decoder + (block << 5), COEFFICIENTS);
  }
  return any != 0;
}
