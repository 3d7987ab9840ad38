// Baseline JPEG encoding (ITU-T T.81) in two steps: pixels to tokens, tokens to Huffman codes.
// Splitting them lets the Huffman tables fit the picture although its pixels pass only once.
//
// A token is 16 bits: zero run (4) and value (12, signed). The first of a block is the DC
// difference; 0 later on is the end of block, run 15 with value 0 skips 16 zeros.
import {
  BLOCKS,
  COEFFICIENTS,
  EDGE,
  HISTOGRAMS,
  LAYOUT,
  LAYOUT_420,
  LAYOUT_444,
  LAYOUT_GRAY,
  MASKS,
  ORDER,
  PREVIOUS_DC,
  RECIPROCALS,
  TABLE_BYTES,
  TOKENS_AT,
  WIDTH,
} from "./jpeg-layout";
import { bitLength } from "./jpeg-code";
import { convert420, convert444, convertGray } from "./jpeg-colour";
import { transform } from "./jpeg-transform";

/** Fills MASKS from ORDER, which the host has written. */
export function jpegPrepare(state: usize): void {
  for (let k = 0; k < 64; k++) {
    const offset = <i32>load<u8>(state + ORDER + k) >> 1;
    const table = state + MASKS + ((offset >> 3) << 11);
    const bit = 1 << (offset & 7);
    for (let byte = 0; byte < 256; byte++) {
      if ((byte & bit) == 0) continue;
      const entry = table + (byte << 3);
      store<u64>(entry, load<u64>(entry) | ((<u64>1) << k));
    }
  }
}

/**
 * Turns one row of MCUs into tokens, from MCU `mcu` on, until the row ends or the tokens pass
 * `limit`. The pixels are `rows` packed rows at `pixels`; missing ones repeat the last.
 * Returns the MCU to go on with; TOKENS_AT says where the tokens end.
 */
export function jpegTokenise(
  state: usize,
  pixels: usize,
  rows: i32,
  mcu: i32,
  tokens: usize,
  limit: usize,
): i32 {
  const width = load<i32>(state, WIDTH);
  const layout = load<i32>(state, LAYOUT);
  const side = layout == LAYOUT_420 ? 16 : 8;
  const channels = layout == LAYOUT_GRAY ? 1 : 3;
  const stride = width * channels;
  const count = (width + side - 1) / side;
  const lumaBlocks = layout == LAYOUT_420 ? 4 : 1;
  const blocks = state + BLOCKS;
  const lumaTables = state + HISTOGRAMS;
  const chromaTables = lumaTables + 2 * TABLE_BYTES;

  while (mcu < count && tokens < limit) {
    let source: usize = pixels + mcu * side * channels;
    let sourceStride = stride;
    let last = rows - 1;
    if ((mcu + 1) * side > width) {
      completeEdge(state + EDGE, source, stride, last, width - mcu * side, side, channels);
      source = state + EDGE;
      sourceStride = side * channels;
      last = side - 1;
    }
    if (layout == LAYOUT_420) convert420(source, sourceStride, last, blocks);
    else if (layout == LAYOUT_444) convert444(source, sourceStride, last, blocks);
    else convertGray(source, sourceStride, last, blocks);

    for (let b = 0; b < lumaBlocks; b++) {
      const mask = transform(state, blocks + b * 128, state + RECIPROCALS);
      tokens = emit(state, mask, state + PREVIOUS_DC, tokens, lumaTables);
    }
    if (layout != LAYOUT_GRAY) {
      const chroma = blocks + lumaBlocks * 128;
      let mask = transform(state, chroma, state + RECIPROCALS + 128);
      tokens = emit(state, mask, state + PREVIOUS_DC + 4, tokens, chromaTables);
      mask = transform(state, chroma + 128, state + RECIPROCALS + 128);
      tokens = emit(state, mask, state + PREVIOUS_DC + 8, tokens, chromaTables);
    }
    mcu++;
  }
  store<i32>(state, <i32>tokens, TOKENS_AT);
  return mcu;
}

/** Copies an MCU of which only `columns` lie in the picture, repeating its last column and row. */
export function completeEdge(
  target: usize,
  source: usize,
  stride: i32,
  last: i32,
  columns: i32,
  side: i32,
  channels: i32,
): void {
  for (let r = 0; r < side; r++) {
    const row = source + min(r, last) * stride;
    for (let x = 0; x < side; x++) {
      const pixel = row + min(x, columns - 1) * channels;
      for (let c = 0; c < channels; c++) store<u8>(target++, load<u8>(pixel + c));
    }
  }
}

@inline
function count(histogram: usize, symbol: i32): void {
  const entry = histogram + (symbol << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}

/** Writes the tokens of the block in COEFFICIENTS and counts their symbols. */
@inline
function emit(state: usize, nonzero: u64, previousDc: usize, tokens: usize, histograms: usize): usize {
  const coefficients = state + COEFFICIENTS;
  const order = state + ORDER;
  const dc = <i32>load<i16>(coefficients);
  const difference = dc - load<i32>(previousDc);
  store<i32>(previousDc, dc);
  store<u16>(tokens, <u16>(difference & 0xfff));
  tokens += 2;
  count(histograms, bitLength(difference));

  const histogram = histograms + TABLE_BYTES;
  let mask = nonzero & ~(<u64>1);
  let last = 0;
  while (mask != 0) {
    const k = <i32>ctz(mask);
    mask &= mask - 1;
    const value = <i32>load<i16>(coefficients + <usize>load<u8>(order + k));
    let run = k - last - 1;
    last = k;
    while (run > 15) {
      store<u16>(tokens, 0xf000);
      tokens += 2;
      count(histogram, 0xf0);
      run -= 16;
    }
    store<u16>(tokens, <u16>((run << 12) | (value & 0xfff)));
    tokens += 2;
    count(histogram, (run << 4) | bitLength(value));
  }
  if (last < 63) {
    store<u16>(tokens, 0);
    tokens += 2;
    count(histogram, 0);
  }
  return tokens;
}
