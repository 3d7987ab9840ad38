// A row of macroblocks to modes and tokens.
//
// A token is 16 bits. A block begins with its head: type (2), context (2), number of levels that are
// not 0 (5). Each of these is a token of its own: zeros before it (4) and value (12, signed).
// Modes are bytes: one a macroblock, then four bits for each 4 x 4 block where it has such.
import {
  BLOCK_MODE_COSTS,
  BLOCK_MODES,
  COLUMNS,
  EDGE_MODES,
  HISTOGRAM,
  LEFT,
  LEVELS_16,
  LEVELS_4,
  LEVELS_DC,
  LEVELS_UV,
  MACROBLOCK_BYTES,
  MODES_4,
  MODES_AT,
  MODE_BITS,
  NONZERO,
  NONZERO_DC,
  QUANTISERS,
  SKIPPED,
  SOURCE,
  TOKENS_AT,
  TOP,
  TOP_BYTES,
  TOP_U,
  TOP_V,
  TOP_Y,
  WORK_STRIDE,
  WORK_UV,
  WORK_U_ORIGIN,
  WORK_V_ORIGIN,
  WORK_Y,
  WORK_Y_ORIGIN,
} from "./vp8-encode-layout";
import { BLOCKS_COST, chromaModeCost, lumaModeCost, ROW_COUNT_BYTES } from "./vp8-encode-cost";
import {
  BLOCKS,
  choose16,
  choose4,
  code16,
  codeChroma,
  hasLevels,
} from "./vp8-encode-macroblock";
import { meanOf } from "./vp8-encode-predict";
import { lastNonzero } from "./vp8-encode-transform";
import { BANDS } from "./vp8-tables";

const STRIDE: usize = WORK_STRIDE;

/** Samples beyond the picture's left edge; those above it are 127. */
const OUTSIDE_LEFT: u8 = 129;

/**
 * Codes the macroblocks of row `row` from column `x` on, until the row ends or the tokens pass
 * `limit`. Returns the column to go on with; TOKENS_AT says where the tokens end.
 */
export function vp8EncodeRow(state: usize, row: i32, x: i32, tokens: usize, limit: usize): i32 {
  const columns = load<i32>(state, COLUMNS);
  const tops = <usize>load<u32>(state, TOP);
  let source = <usize>load<u32>(state, SOURCE) + x * MACROBLOCK_BYTES;
  if (x == 0) startRow(state, row);
  while (x < columns && tokens < limit) {
    const top = tops + x * TOP_BYTES;
    placeAbove(state, top, row, x == columns - 1);
    tokens = encodeMacroblock(state, source, top, row > 0, x > 0, tokens);
    source += MACROBLOCK_BYTES;
    x++;
  }
  store<i32>(state, <i32>tokens, TOKENS_AT);
  return x;
}

/** What lies to the left of the first macroblock. */
function startRow(state: usize, row: i32): void {
  memory.fill(state + LEFT + NONZERO, 0, TOP_BYTES - NONZERO);
  // The corner above belongs to the row above where that is outside, too.
  const corner: u8 = row > 0 ? OUTSIDE_LEFT : 127;
  startColumn(state + WORK_Y + WORK_Y_ORIGIN - 1, 16, corner);
  startColumn(state + WORK_UV + WORK_U_ORIGIN - 1, 8, corner);
  startColumn(state + WORK_UV + WORK_V_ORIGIN - 1, 8, corner);
}

function startColumn(at: usize, rows: i32, corner: u8): void {
  store<u8>(at - STRIDE, corner);
  for (let y: usize = 0; y < <usize>rows; y++) store<u8>(at + y * STRIDE, OUTSIDE_LEFT);
}

/** Puts the samples of the row above around the work area. */
function placeAbove(state: usize, top: usize, row: i32, isLast: bool): void {
  const y = state + WORK_Y + WORK_Y_ORIGIN;
  v128.store(y - STRIDE, v128.load(top, TOP_Y));
  store<u64>(state + WORK_UV + WORK_U_ORIGIN - STRIDE, load<u64>(top, TOP_U));
  store<u64>(state + WORK_UV + WORK_V_ORIGIN - STRIDE, load<u64>(top, TOP_V));
  // Above and to the right. Blocks further down take the same samples, whatever is decoded there.
  const right = isLast && row > 0
    ? <u32>load<u8>(top, TOP_Y + 15) * 0x01010101
    : load<u32>(top + TOP_BYTES, TOP_Y);
  store<u32>(y - STRIDE + 16, right);
  store<u32>(y + 3 * STRIDE + 16, right);
  store<u32>(y + 7 * STRIDE + 16, right);
  store<u32>(y + 11 * STRIDE + 16, right);
}

/** Keeps the last row and column for the neighbours; the corner comes from the row above. */
function leaveEdges(state: usize, top: usize): void {
  const y = state + WORK_Y + WORK_Y_ORIGIN;
  store<u8>(y - STRIDE - 1, load<u8>(y - STRIDE + 15));
  for (let i: usize = 0; i < 16; i++) store<u8>(y + i * STRIDE - 1, load<u8>(y + i * STRIDE + 15));
  v128.store(top, v128.load(y + 15 * STRIDE), TOP_Y);
  const u = state + WORK_UV + WORK_U_ORIGIN;
  const v = state + WORK_UV + WORK_V_ORIGIN;
  store<u8>(u - STRIDE - 1, load<u8>(u - STRIDE + 7));
  store<u8>(v - STRIDE - 1, load<u8>(v - STRIDE + 7));
  for (let i: usize = 0; i < 8; i++) {
    store<u8>(u + i * STRIDE - 1, load<u8>(u + i * STRIDE + 7));
    store<u8>(v + i * STRIDE - 1, load<u8>(v + i * STRIDE + 7));
  }
  store<u64>(top, load<u64>(u + 7 * STRIDE), TOP_U);
  store<u64>(top, load<u64>(v + 7 * STRIDE), TOP_V);
}

/** 16 x 16 modes as the neighbours' 4 x 4 blocks see them: DC, V, H, TM in the order of those. */
@inline
export function asBlockMode(mode: i32): u32 {
  return (0x01030200 >> (mode << 3)) & 255;
}

function encodeMacroblock(
  state: usize,
  source: usize,
  top: usize,
  hasAbove: bool,
  hasLeft: bool,
  tokens: usize,
): usize {
  const quantisers = state + QUANTISERS;
  const y = state + WORK_Y + WORK_Y_ORIGIN;
  const mean = meanOf(y, STRIDE, 16, hasAbove, hasLeft);
  const whole = choose16(state, source, top, quantisers, mean);
  let mode = <i32>(whole & 3);
  let modeBits = lumaModeCost(mode);
  if (load<i32>(state, BLOCK_MODES)) {
    if (choose4(state, source, top, quantisers, whole >> 2) < whole >> 2) mode = BLOCKS;
  }
  if (mode == BLOCKS) modeBits = BLOCKS_COST + blockModeBits(state, top);
  else code16(state, quantisers, mode, mean);
  const meanU = meanOf(state + WORK_UV + WORK_U_ORIGIN, STRIDE, 8, hasAbove, hasLeft);
  const meanV = meanOf(state + WORK_UV + WORK_V_ORIGIN, STRIDE, 8, hasAbove, hasLeft);
  const chroma = codeChroma(state, source + 256, quantisers, meanU, meanV);
  leaveEdges(state, top);

  const skipped = !hasAnyLevels(state, mode);
  if (skipped) {
    clearContexts(state, top, mode);
    store<i32>(state, load<i32>(state, SKIPPED) + 1, SKIPPED);
  } else {
    tokens = writeTokens(state, top, mode, tokens);
  }
  store<i32>(state, load<i32>(state, MODE_BITS) + modeBits + chromaModeCost(chroma), MODE_BITS);
  writeModes(state, top, mode, mode | (chroma << 3) | (<i32>skipped << 5));
  return tokens;
}

function blockModeBits(state: usize, top: usize): i32 {
  let bits = 0;
  for (let b = 0; b < 16; b++) {
    const above = b < 4 ? load<u8>(top + b, EDGE_MODES) : load<u8>(state + MODES_4 + b - 4);
    const left = b & 3 ? load<u8>(state + MODES_4 + b - 1) : load<u8>(state + (b >> 2), LEFT + EDGE_MODES);
    const entry = (<i32>above * 10 + <i32>left) * 10 + <i32>load<u8>(state + MODES_4 + b);
    bits += <i32>load<u16>(state + BLOCK_MODE_COSTS + (entry << 1));
  }
  return bits;
}

function hasAnyLevels(state: usize, mode: i32): bool {
  const luma = state + (mode == BLOCKS ? LEVELS_4 : LEVELS_16);
  for (let b = 0; b < 16; b++) if (hasLevels(luma + (b << 5))) return true;
  for (let b = 0; b < 8; b++) if (hasLevels(state + LEVELS_UV + (b << 5))) return true;
  return mode != BLOCKS && hasLevels(state + LEVELS_DC);
}

/** A macroblock without levels leaves none, except that those with 4 x 4 modes say nothing of the DCs. */
function clearContexts(state: usize, top: usize, mode: i32): void {
  store<u64>(top, 0, NONZERO);
  store<u64>(state, 0, LEFT + NONZERO);
  if (mode != BLOCKS) {
    store<u8>(top, 0, NONZERO_DC);
    store<u8>(state, 0, LEFT + NONZERO_DC);
  }
}

function writeModes(state: usize, top: usize, mode: i32, head: i32): void {
  let at = <usize>load<u32>(state, MODES_AT);
  store<u8>(at++, head);
  if (mode == BLOCKS) {
    for (let b = 0; b < 16; b += 2) {
      const two = load<u8>(state + MODES_4 + b) | (load<u8>(state + MODES_4 + b + 1) << 4);
      store<u8>(at++, two);
    }
    store<u32>(top, load<u32>(state + MODES_4 + 12), EDGE_MODES);
    for (let y = 0; y < 4; y++) {
      store<u8>(state + y, load<u8>(state + MODES_4 + 3 + (y << 2)), LEFT + EDGE_MODES);
    }
  } else {
    const all = asBlockMode(mode) * 0x01010101;
    store<u32>(top, all, EDGE_MODES);
    store<u32>(state, all, LEFT + EDGE_MODES);
  }
  store<u32>(state, <u32>at, MODES_AT);
}

function writeTokens(state: usize, top: usize, mode: i32, tokens: usize): usize {
  const left = state + LEFT;
  let type = 3;
  let levels = state + LEVELS_4;
  if (mode != BLOCKS) {
    tokens = writeBlock(state, state + LEVELS_DC, 1, top + NONZERO_DC, left + NONZERO_DC, tokens);
    type = 0;
    levels = state + LEVELS_16;
  }
  for (let b = 0; b < 16; b++) {
    const above = top + NONZERO + (b & 3);
    tokens = writeBlock(state, levels + (b << 5), type, above, left + NONZERO + (b >> 2), tokens);
  }
  for (let b = 0; b < 8; b++) {
    const plane = NONZERO + 4 + ((b >> 2) << 1);
    const above = top + plane + (b & 1);
    const beside = left + plane + ((b >> 1) & 1);
    tokens = writeBlock(state, state + LEVELS_UV + (b << 5), 2, above, beside, tokens);
  }
  return tokens;
}

@inline
function count(row: usize, token: i32): void {
  const entry = row + (token << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}

/** A level's place in a row of HISTOGRAM. */
@inline
function tokenOf(level: i32): i32 {
  if (level < 5) return level + 1;
  if (level < 7) return 6;
  // Categories 2 to 6 begin at 7, 11, 19, 35, 67: 3 more than the powers of two from 4 on.
  return min(11, 36 - clz(level - 3));
}

/** Writes a block's tokens, counts them, and sets the contexts at `above` and `beside`. */
function writeBlock(
  state: usize,
  levels: usize,
  type: i32,
  above: usize,
  beside: usize,
  tokens: usize,
): usize {
  const context = <i32>load<u8>(above) + <i32>load<u8>(beside);
  const rows = state + HISTOGRAM + <usize>type * 24 * ROW_COUNT_BYTES;
  const last = lastNonzero(v128.load(levels), v128.load(levels, 16));
  const head = tokens;
  tokens += 2;
  let n = type == 0 ? 1 : 0;
  let row = rows + <usize>(n * 3 + context) * ROW_COUNT_BYTES;
  let some = 0;
  let run = 0;
  for (; n <= last; n++) {
    const value = <i32>load<i16>(levels + (n << 1));
    const level = abs(value);
    count(row, tokenOf(level));
    if (value == 0) {
      run++;
    } else {
      store<u16>(tokens, <u16>((run << 12) | (value & 0xfff)));
      tokens += 2;
      run = 0;
      some++;
    }
    row = rows + (<usize>load<u8>(BANDS + n + 1) * 3 + min(level, 2)) * ROW_COUNT_BYTES;
  }
  if (n < 16) count(row, 0);
  store<u16>(head, <u16>(type | (context << 2) | (some << 4)));
  store<u8>(above, some > 0);
  store<u8>(beside, some > 0);
  return tokens;
}
