// How macroblocks are predicted (RFC 6386, section 11), a row of them at a time.
import { bitsLeft, readBit, readTree } from "./vp8-decode-bits";
import {
  ABOVE_MODES,
  CHROMA_MODE,
  COLUMNS,
  DONE,
  LEFT_MODES,
  LUMA_MODE,
  MODES,
  MODES_BYTES,
  READERS,
  SEGMENT,
  SEGMENT_PROBABILITIES,
  SEGMENTED,
  SKIP_PROBABILITY,
  SKIPPED,
  TRUNCATED,
} from "./vp8-decode-layout";
import { BLOCK_MODE_PROBABILITIES } from "./vp8-tables";

export const DC = 0;
export const VERTICAL = 1;
export const HORIZONTAL = 2;
export const TRUE_MOTION = 3;
/** Luma is predicted in blocks of 4 x 4. */
export const BLOCKS = 4;

// Modes of blocks, in the order of the tables; 0 is a mean of all neighbours.
export const BLOCK_TRUE_MOTION = 1;
/** The first of those that are means of neighbours along a direction. */
export const BLOCK_VERTICAL = 2;

// The RFC's trees; leaves are 128 and a mode.
// prettier-ignore
const BLOCK_TREE: usize = memory.data<u8>([
  128, 2, 129, 4, 130, 6, 8, 12, 131, 10, 133, 134, 132, 14, 135, 16, 136, 137,
]);
const LUMA_TREE: usize = memory.data<u8>([132, 2, 4, 6, 128, 129, 130, 131]);
const LUMA_PROBABILITIES: usize = memory.data<u8>([145, 156, 163, 128]);
const CHROMA_TREE: usize = memory.data<u8>([128, 2, 129, 4, 130, 131]);
const CHROMA_PROBABILITIES: usize = memory.data<u8>([142, 114, 183]);
const SEGMENT_TREE: usize = memory.data<u8>([2, 4, 128, 129, 130, 131]);

/** What a macroblock of one mode counts as when its neighbours' blocks are read: u8[4]. */
const AS_BLOCK: usize = memory.data<u8>([0, 2, 3, 1]);

export function readModes(decoder: usize): i32 {
  const reader = decoder + READERS;
  const columns = load<i32>(decoder, COLUMNS);
  const skipProbability = load<i32>(decoder, SKIP_PROBABILITY);
  const segmented = load<i32>(decoder, SEGMENTED);
  const left = decoder + LEFT_MODES;
  let above = <usize>load<u32>(decoder, ABOVE_MODES);
  let modes = <usize>load<u32>(decoder, MODES);
  store<u32>(left, 0);
  for (let x = 0; x < columns; x++) {
    const segment = segmented
      ? readTree(reader, SEGMENT_TREE, decoder + SEGMENT_PROBABILITIES)
      : 0;
    store<u8>(modes, <u8>segment, SEGMENT);
    const skipped = skipProbability < 0 ? 0 : readBit(reader, skipProbability);
    store<u8>(modes, <u8>skipped, SKIPPED);
    const luma = readTree(reader, LUMA_TREE, LUMA_PROBABILITIES);
    store<u8>(modes, <u8>luma, LUMA_MODE);
    if (luma == BLOCKS) {
      readBlockModes(reader, above, left, modes);
    } else {
      const all = <u32>load<u8>(AS_BLOCK + luma) * 0x01010101;
      store<u32>(above, all);
      store<u32>(left, all);
    }
    store<u8>(modes, <u8>readTree(reader, CHROMA_TREE, CHROMA_PROBABILITIES), CHROMA_MODE);
    if (bitsLeft(reader) < 1) return TRUNCATED;
    above += 4;
    modes += MODES_BYTES;
  }
  return DONE;
}

function readBlockModes(reader: usize, above: usize, left: usize, modes: usize): void {
  for (let y: usize = 0; y < 4; y++) {
    let mode = <i32>load<u8>(left + y);
    for (let x: usize = 0; x < 4; x++) {
      const context = <i32>load<u8>(above + x) * 90 + mode * 9;
      mode = readTree(reader, BLOCK_TREE, BLOCK_MODE_PROBABILITIES + context);
      store<u8>(above + x, <u8>mode);
      store<u8>(modes++, <u8>mode);
    }
    store<u8>(left + y, <u8>mode);
  }
}
