// The frame header behind its first ten bytes (RFC 6386, section 9), as far as key frames go.
import { bitsLeft, readBit, readFlag, readNumber, readOptional, readSigned, startReader } from "./vp8-decode-bits";
import {
  BAND_PROBABILITIES,
  CONTEXT_BYTES,
  DONE,
  FILTER,
  FILTER_NONE,
  FILTER_NORMAL,
  FILTER_SIMPLE,
  INVALID,
  LEVELS,
  PARTS,
  POSITION_BYTES,
  PROBABILITIES,
  QUANTISERS,
  READERS,
  SEGMENT_PROBABILITIES,
  SEGMENT_STEPS_BYTES,
  SEGMENT_STRENGTHS,
  SEGMENTED,
  SKIP_PROBABILITY,
  STEPS,
  TRUNCATED,
} from "./vp8-decode-layout";
import {
  AC_STEPS,
  BAND_BYTES,
  BANDS,
  CONTEXT_BYTES as TABLE_CONTEXT_BYTES,
  DC_STEPS,
  TOKEN_PROBABILITIES,
  TOKEN_PROBABILITY_BYTES,
  TOKEN_UPDATE_PROBABILITIES,
  TYPE_BYTES,
} from "./vp8-tables";

const SEGMENTS = 4;

/** Reads the header from the first reader's input: steps, filter strengths and probabilities. */
export function vp8ReadHeader(decoder: usize): i32 {
  const reader = decoder + READERS;
  startReader(reader);
  readFlag(reader); // colour space: there is one
  readFlag(reader); // whether samples need clamping: they get it

  // Of each segment: quantiser index and filter level, absolute or not.
  const indices = decoder + QUANTISERS;
  const levels = decoder + LEVELS;
  const segmented = readFlag(reader);
  let hasMap = 0;
  let absolute = 1;
  store<u32>(decoder, 0xffffff, SEGMENT_PROBABILITIES);
  if (segmented) {
    hasMap = readFlag(reader);
    if (readFlag(reader)) {
      absolute = readFlag(reader);
      for (let i = 0; i < SEGMENTS; i++) store<i32>(indices + (i << 2), readOptional(reader, 7));
      for (let i = 0; i < SEGMENTS; i++) store<i32>(levels + (i << 2), readOptional(reader, 6));
    }
    if (hasMap) {
      for (let i = 0; i < 3; i++) {
        const probability = readFlag(reader) ? readNumber(reader, 8) : 255;
        store<u8>(decoder + i, <u8>probability, SEGMENT_PROBABILITIES);
      }
    }
  }
  store<i32>(decoder, hasMap, SEGMENTED);
  if (bitsLeft(reader) < 1) return INVALID;

  readFilter(decoder, reader, segmented, absolute, levels);
  if (bitsLeft(reader) < 1) return INVALID;
  store<i32>(decoder, 1 << readNumber(reader, 2), PARTS);
  readSteps(decoder, reader, segmented, absolute, indices);
  readFlag(reader); // whether probabilities are kept for another frame
  readProbabilities(decoder, reader);
  store<i32>(decoder, readFlag(reader) ? readNumber(reader, 8) : -1, SKIP_PROBABILITY);
  return bitsLeft(reader) < 1 ? TRUNCATED : DONE;
}

@inline
function clamp(value: i32, limit: i32): i32 {
  return min(max(value, 0), limit);
}

/** Sections 9.3 and 9.6; a strength is limit | interior limit << 8 | edge threshold << 16 | inner << 24. */
function readFilter(
  decoder: usize,
  reader: usize,
  segmented: i32,
  absolute: i32,
  levels: usize,
): void {
  const simple = readFlag(reader);
  const baseLevel = readNumber(reader, 6);
  const sharpness = readNumber(reader, 3);
  let frameDelta = 0;
  let blocksDelta = 0;
  if (readFlag(reader) && readFlag(reader)) {
    for (let i = 0; i < 8; i++) {
      if (!readFlag(reader)) continue;
      const delta = readSigned(reader, 6);
      // The others are for frames that refer to others.
      if (i == 0) frameDelta = delta;
      else if (i == 4) blocksDelta = delta;
    }
  }
  const kind = simple ? FILTER_SIMPLE : FILTER_NORMAL;
  store<i32>(decoder, baseLevel == 0 ? FILTER_NONE : kind, FILTER);

  for (let i = 0; i < SEGMENTS; i++) {
    let base = segmented ? load<i32>(levels + (i << 2)) : baseLevel;
    if (segmented && !absolute) base += baseLevel;
    for (let inBlocks = 0; inBlocks < 2; inBlocks++) {
      const level = clamp(base + frameDelta + (inBlocks ? blocksDelta : 0), 63);
      let interior = level;
      if (sharpness > 0) {
        interior >>= sharpness > 4 ? 2 : 1;
        interior = min(interior, 9 - sharpness);
      }
      interior = max(interior, 1);
      const edge = level >= 40 ? 2 : level >= 15 ? 1 : 0;
      const limit = level == 0 ? 0 : 2 * level + interior;
      const strength = limit | (interior << 8) | (edge << 16) | (inBlocks << 24);
      store<u32>(decoder + (i << 3) + (inBlocks << 2), strength, SEGMENT_STRENGTHS);
    }
  }
}

/** Sections 9.6 and 14.1. */
function readSteps(
  decoder: usize,
  reader: usize,
  segmented: i32,
  absolute: i32,
  indices: usize,
): void {
  const base = readNumber(reader, 7);
  const lumaDc = readOptional(reader, 4);
  const y2Dc = readOptional(reader, 4);
  const y2Ac = readOptional(reader, 4);
  const chromaDc = readOptional(reader, 4);
  const chromaAc = readOptional(reader, 4);
  for (let i = 0; i < SEGMENTS; i++) {
    let index = segmented ? load<i32>(indices + (i << 2)) : base;
    if (segmented && !absolute) index += base;
    const steps = decoder + STEPS + i * SEGMENT_STEPS_BYTES;
    store<i32>(steps, dcStep(index + lumaDc, 127));
    store<i32>(steps, acStep(index), 4);
    store<i32>(steps, dcStep(index + y2Dc, 127) * 2, 8);
    store<i32>(steps, max((acStep(index + y2Ac) * 155) / 100, 8), 12);
    store<i32>(steps, dcStep(index + chromaDc, 117), 16);
    store<i32>(steps, acStep(index + chromaAc), 20);
  }
}

function dcStep(index: i32, last: i32): i32 {
  return load<u8>(DC_STEPS + clamp(index, last));
}

function acStep(index: i32): i32 {
  return load<u16>(AC_STEPS + (clamp(index, 127) << 1));
}

/** Section 13.4; spread from bands to positions, so that reading need not look for the band. */
function readProbabilities(decoder: usize, reader: usize): void {
  const current = decoder + BAND_PROBABILITIES;
  for (let i = 0; i < TOKEN_PROBABILITY_BYTES; i++) {
    const replaced = readBit(reader, load<u8>(TOKEN_UPDATE_PROBABILITIES + i));
    store<u8>(current + i, replaced ? <u8>readNumber(reader, 8) : load<u8>(TOKEN_PROBABILITIES + i));
  }
  let target = decoder + PROBABILITIES;
  for (let type = 0; type < 4; type++) {
    for (let position = 0; position < 16; position++) {
      const band = current + type * TYPE_BYTES + load<u8>(BANDS + position) * BAND_BYTES;
      for (let context = 0; context < 3; context++) {
        const from = band + context * TABLE_CONTEXT_BYTES;
        memory.copy(target + context * CONTEXT_BYTES, from, TABLE_CONTEXT_BYTES);
      }
      target += POSITION_BYTES;
    }
  }
}
