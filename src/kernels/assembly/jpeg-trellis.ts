// Quantisation that weighs distortion against bits: Crouse and Ramchandran, "Joint thresholding and
// quantizer selection for transform image coding" (1997), as a shortest path through the
// coefficients that would not become 0, as mozjpeg does it. A picture's blocks become tokens
// (jpeg-encode.ts) without DC; DC values stand apart, undifferenced.
import { convert420, convert444, convertGray } from "./jpeg-colour";
import { completeEdge } from "./jpeg-encode";
import {
  BLOCKS,
  COEFFICIENTS,
  EDGE,
  LAYOUT,
  LAYOUT_420,
  LAYOUT_444,
  LAYOUT_GRAY,
  ORDER,
  RECIPROCALS,
  TABLE_BYTES,
  WIDTH,
} from "./jpeg-layout";
import {
  BLOCKS_WIDE,
  CHOSEN,
  LUMA_ROWS,
  NODE_BYTES,
  NODE_COST,
  NODE_POSITION,
  NODE_PREVIOUS,
  NODE_VALUE,
  NODES,
  PART_BYTES,
  PARTS,
  PATH,
  RATES,
  RAW,
  WEIGHTS,
} from "./jpeg-smallest-layout";
import { overshoot } from "./jpeg-overshoot";
import { forwardTransform, quantise } from "./jpeg-transform";

// mozjpeg's lambda: 2^14.75 / (2^16.5 + the block's mean AC energy), its distortion being in
// eighths of a step, squared. Busy blocks hide more.
const LAMBDA: f32 = 1763487.4;
const ENERGY_OFFSET: f32 = 92681.9;
const MAX_AC: i32 = 1023;
/** Earlier coefficients that a run of zeros may reach back over. */
const LOOK_BACK: i32 = 24;

/**
 * Quantises one row of MCUs: `rows` packed rows at `pixels`, missing ones repeat the last. PARTS say
 * where DC values and tokens go, and then where they end. Blocks outside the picture are left out.
 */
export function jpegQuantiseRow(state: usize, pixels: usize, rows: i32): void {
  const width = load<i32>(state, WIDTH);
  const layout = load<i32>(state, LAYOUT);
  const blocksWide = load<i32>(state, BLOCKS_WIDE);
  const lumaRows = load<i32>(state, LUMA_ROWS);
  const side = layout == LAYOUT_420 ? 16 : 8;
  const channels = layout == LAYOUT_GRAY ? 1 : 3;
  const stride = width * channels;
  const mcus = (width + side - 1) / side;
  const blocks = state + BLOCKS;
  for (let mcu = 0; mcu < mcus; mcu++) {
    let source: usize = pixels + mcu * side * channels;
    let sourceStride = stride;
    let last = rows - 1;
    if ((mcu + 1) * side > width) {
      completeEdge(state + EDGE, source, stride, last, width - mcu * side, side, channels);
      source = state + EDGE;
      sourceStride = side * channels;
      last = side - 1;
    }
    let chroma = blocks + 128;
    if (layout == LAYOUT_420) {
      convert420(source, sourceStride, last, blocks);
      chroma = blocks + 512;
      for (let row = 0; row < lumaRows; row++) {
        quantiseBlock(state, blocks + row * 256, 0, row);
        if (mcu * 2 + 1 < blocksWide) quantiseBlock(state, blocks + row * 256 + 128, 0, row);
      }
    } else {
      if (layout == LAYOUT_444) convert444(source, sourceStride, last, blocks);
      else convertGray(source, sourceStride, last, blocks);
      quantiseBlock(state, blocks, 0, 0);
    }
    if (layout != LAYOUT_GRAY) {
      quantiseBlock(state, chroma, 1, 2);
      quantiseBlock(state, chroma + 128, 1, 3);
    }
  }
}

function quantiseBlock(state: usize, block: usize, kind: i32, part: i32): void {
  const coefficients = state + COEFFICIENTS;
  const raw = state + RAW;
  if (kind == 0) overshoot(state, block);
  forwardTransform(state, block);
  let sums = i32x4.splat(0);
  for (let i = 0; i < 128; i += 16) {
    const row = v128.load(coefficients + i);
    v128.store(raw + i, row);
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(row, row));
  }
  const mask = quantise(state, state + RECIPROCALS + (kind << 7)) & ~(<u64>1);

  const cursors = state + PARTS + part * PART_BYTES;
  const dc = load<usize>(cursors);
  store<i16>(dc, load<i16>(coefficients));
  store<usize>(cursors, dc + 2);
  const tokens = load<usize>(cursors, 4);
  const chosen = state + CHOSEN + kind * TABLE_BYTES;
  if (mask == 0) {
    store<u16>(tokens, 0);
    count(chosen, 0);
    store<usize>(cursors, tokens + 2, 4);
    return;
  }
  const dcRaw = <i32>load<i16>(raw);
  const energy =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3) -
    dcRaw * dcRaw;
  const lambda = LAMBDA / (ENERGY_OFFSET + <f32>energy / 63);
  const rates = state + RATES + kind * TABLE_BYTES;
  const end = findPath(state, mask, lambda, state + WEIGHTS + (kind << 8), rates);
  store<usize>(cursors, emit(state, end, tokens, chosen), 4);
}

@inline
function count(histogram: usize, symbol: i32): void {
  const entry = histogram + (symbol << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}

/**
 * The cheapest way through the coefficients in `mask`, each of which may keep its value, take the
 * highest one that is a bit shorter, or become 0. Costs are in bits, less what distortion the
 * coefficients kept avoid. Returns the last node; the first (0) is the block's start.
 */
function findPath(state: usize, mask: u64, lambda: f32, weights: usize, rates: usize): i32 {
  const order = state + ORDER;
  const coefficients = state + COEFFICIENTS;
  const raw = state + RAW;
  const nodes = state + NODES;
  const end = load<f32>(rates);
  const skip = load<f32>(rates, 0xf0 << 2);
  store<f32>(nodes, 0, NODE_COST);
  store<i32>(nodes, 0, NODE_POSITION);
  let length = 1;
  let best = 0;
  let bestCost = end;
  while (mask != 0) {
    const k = <i32>ctz(mask);
    mask &= mask - 1;
    const offset = <usize>load<u8>(order + k);
    const signed = <i32>load<i16>(coefficients + offset);
    const value = min(abs(signed), MAX_AC);
    const exact = <f32>abs(<i32>load<i16>(raw + offset)) * load<f32>(weights + (k << 2));
    const size = 32 - clz(value);
    const shorter = (1 << (size - 1)) - 1;
    const whole = exact * exact;
    const error = exact - <f32>value;
    const gain = lambda * (whole - error * error);
    const shorterError = exact - <f32>shorter;
    const shorterGain = lambda * (whole - shorterError * shorterError);

    let cost = Infinity as f32;
    let kept = 0;
    let previous = 0;
    for (let m = length - 1, first = max(0, length - LOOK_BACK); m >= first; m--) {
      const before = nodes + m * NODE_BYTES;
      let run = k - load<i32>(before, NODE_POSITION) - 1;
      let base = load<f32>(before, NODE_COST);
      if (run > 15) {
        base += skip * <f32>(run >> 4);
        run &= 15;
      }
      const rate = rates + (run << 6) + (size << 2);
      const whenKept = base + load<f32>(rate) - gain;
      if (whenKept < cost) {
        cost = whenKept;
        kept = value;
        previous = m;
      }
      if (shorter == 0) continue;
      const whenShorter = base + load<f32>(rate - 4) - shorterGain;
      if (whenShorter < cost) {
        cost = whenShorter;
        kept = shorter;
        previous = m;
      }
    }
    const node = nodes + length * NODE_BYTES;
    store<f32>(node, cost, NODE_COST);
    store<i32>(node, k, NODE_POSITION);
    store<i32>(node, signed < 0 ? -kept : kept, NODE_VALUE);
    store<i32>(node, previous, NODE_PREVIOUS);
    const ended = k < 63 ? cost + end : cost;
    if (ended < bestCost) {
      bestCost = ended;
      best = length;
    }
    length++;
  }
  return best;
}

/** Writes the tokens of the path that ends at node `end`. Returns where they end. */
function emit(state: usize, end: i32, tokens: usize, chosen: usize): usize {
  const path = state + PATH;
  const nodes = state + NODES;
  let length = 0;
  for (let node = end; node > 0; node = load<i32>(nodes + node * NODE_BYTES, NODE_PREVIOUS)) {
    store<u8>(path + length++, <u8>node);
  }
  let last = 0;
  while (length > 0) {
    const node = nodes + <usize>load<u8>(path + --length) * NODE_BYTES;
    const k = load<i32>(node, NODE_POSITION);
    const value = load<i32>(node, NODE_VALUE);
    let run = k - last - 1;
    last = k;
    while (run > 15) {
      store<u16>(tokens, 0xf000);
      tokens += 2;
      count(chosen, 0xf0);
      run -= 16;
    }
    store<u16>(tokens, <u16>((run << 12) | (value & 0xfff)));
    tokens += 2;
    count(chosen, (run << 4) | (32 - clz(abs(value))));
  }
  if (last < 63) {
    store<u16>(tokens, 0);
    tokens += 2;
    count(chosen, 0);
  }
  return tokens;
}
