// How a macroblock is coded: the modes and levels with the least error and bits.
import {
  BLOCK_MODE_COSTS,
  CANDIDATES,
  CHROMA,
  COEFFICIENTS_16,
  COEFFICIENTS_4,
  COEFFICIENTS_UV,
  DCS,
  EDGE_MODES,
  ESTIMATES,
  LEFT,
  LEVELS_16,
  LEVELS_4,
  LEVELS_DC,
  LEVELS_UV,
  LUMA,
  LUMA_DC,
  MODES_4,
  MODE_WEIGHT,
  NONZERO,
  LAST,
  NONZERO_DC,
  PREDICTIONS,
  STEPS,
  WORK_STRIDE,
  WORK_UV,
  WORK_U_ORIGIN,
  WORK_V_ORIGIN,
  WORK_Y,
  WORK_Y_ORIGIN,
} from "./vp8-encode-layout";
import { BLOCKS_COST, chromaModeCost, lumaModeCost } from "./vp8-encode-cost";
import { estimate, lambdaOf, measure, measureDcs, weigh } from "./vp8-encode-measure";
import { predictBlock, predictPart, storeBlock } from "./vp8-encode-predict";
import {
  forward,
  forwardDcs,
  inverse,
  inverseDcs,
  quantise,
  withSigns,
  zigzagHigh,
  zigzagLow,
} from "./vp8-encode-transform";

/** Marks a macroblock whose 4 x 4 blocks have modes of their own, where others have a mode 0 to 3. */
export const BLOCKS: i32 = 4;

const STRIDE: usize = WORK_STRIDE;
const MODES: i32 = 10;

/** Quantises coefficients, writes their levels in zigzag order; returns the samples decoders make of them. */
@inline
function code(coefficients: usize, quantiser: usize, prediction: v128, levels: usize): v128 {
  const low = v128.load(coefficients);
  const high = v128.load(coefficients, 16);
  const l0 = withSigns(quantise(i16x8.abs(low), quantiser, 0), low);
  const l1 = withSigns(quantise(i16x8.abs(high), quantiser, 16), high);
  v128.store(levels, zigzagLow(l0, l1));
  v128.store(levels, zigzagHigh(l0, l1), 16);
  return inverse(
    i16x8.mul(l0, v128.load(quantiser, STEPS)),
    i16x8.mul(l1, v128.load(quantiser + 16, STEPS)),
    prediction,
  );
}

/** The same with a DC that is coded elsewhere and known already as decoders will have it. */
@inline
function codeWithoutDc(
  coefficients: usize,
  quantiser: usize,
  prediction: v128,
  levels: usize,
  dc: i16,
): v128 {
  const low = i16x8.replace_lane(v128.load(coefficients), 0, 0);
  const high = v128.load(coefficients, 16);
  const l0 = withSigns(quantise(i16x8.abs(low), quantiser, 0), low);
  const l1 = withSigns(quantise(i16x8.abs(high), quantiser, 16), high);
  v128.store(levels, zigzagLow(l0, l1));
  v128.store(levels, zigzagHigh(l0, l1), 16);
  return inverse(
    i16x8.replace_lane(i16x8.mul(l0, v128.load(quantiser, STEPS)), 0, dc),
    i16x8.mul(l1, v128.load(quantiser + 16, STEPS)),
    prediction,
  );
}

/** Which of a macroblock's neighbours' blocks have levels; bit i is column or row i. */
@inline
function nonzeroBits(flags: u32): i32 {
  return <i32>(((flags * 0x01020408) >> 24) & 15);
}

@inline
function contextOf(above: i32, left: i32, x: i32, y: i32): i32 {
  return ((above >> x) & 1) + ((left >> y) & 1);
}

/** `bits` with bit `i` as told. */
@inline
function setBit(bits: i32, i: i32, value: bool): i32 {
  return (bits & ~(1 << i)) | (<i32>value << i);
}

/**
 * Chooses the 16 x 16 mode. Returns cost << 2 | mode; the mode's coefficients are left in
 * COEFFICIENTS_16, the transformed DCs in DCS.
 */
export function choose16(
  state: usize,
  source: usize,
  top: usize,
  quantisers: usize,
  mean: i32,
): i64 {
  const lambda = lambdaOf(quantisers);
  const origin = state + WORK_Y + WORK_Y_ORIGIN;
  let mode = 0;
  let leastGuess = i32.MAX_VALUE;
  for (let m = 0; m < 4; m++) {
    const target = state + COEFFICIENTS_16 + (m << 9);
    let guess = weigh(lumaModeCost(m), lambda);
    for (let b = 0; b < 16; b++) {
      const prediction = predictPart(m, origin, (b & 3) << 2, b & 12, STRIDE, mean);
      const at = target + (b << 5);
      forward(v128.load(source + (b << 4)), prediction, at);
      guess += estimate(state, at, quantisers + LUMA, lambda);
    }
    if (guess < leastGuess) {
      mode = m;
      leastGuess = guess;
    }
  }
  const coefficients = state + COEFFICIENTS_16 + (mode << 9);
  const dcs = state + DCS;
  for (let b = 0; b < 16; b++) store<i16>(dcs + (b << 1), load<i16>(coefficients + (b << 5)));
  forwardDcs(dcs);
  let cost = <i64>weigh(lumaModeCost(mode), lambda);
  const context = <i32>load<u8>(top, NONZERO_DC) + <i32>load<u8>(state, LEFT + NONZERO_DC);
  cost += <i64>measureDcs(state, dcs, quantisers + LUMA_DC, lambda, context);
  let above = nonzeroBits(load<u32>(top, NONZERO));
  let left = nonzeroBits(load<u32>(state, LEFT + NONZERO));
  for (let b = 0; b < 16; b++) {
    const x = b & 3;
    const y = b >> 2;
    const around = contextOf(above, left, x, y);
    cost += <i64>measure(state, coefficients + (b << 5), quantisers + LUMA, lambda, 0, around, 1);
    const some = load<i32>(state, LAST) >= 0;
    above = setBit(above, x, some);
    left = setBit(left, y, some);
  }
  return (cost << 2) | <i64>mode;
}

/** Makes levels and samples of the 16 x 16 mode chosen. */
export function code16(state: usize, quantisers: usize, mode: i32, mean: i32): void {
  const origin = state + WORK_Y + WORK_Y_ORIGIN;
  const coefficients = state + COEFFICIENTS_16 + (mode << 9);
  const dcs = state + DCS;
  const quantiser = quantisers + LUMA_DC;
  const low = v128.load(dcs);
  const high = v128.load(dcs, 16);
  const l0 = withSigns(quantise(i16x8.abs(low), quantiser, 0), low);
  const l1 = withSigns(quantise(i16x8.abs(high), quantiser, 16), high);
  v128.store(state + LEVELS_DC, zigzagLow(l0, l1));
  v128.store(state + LEVELS_DC, zigzagHigh(l0, l1), 16);
  v128.store(dcs, i16x8.mul(l0, v128.load(quantiser, STEPS)));
  v128.store(dcs, i16x8.mul(l1, v128.load(quantiser + 16, STEPS)), 16);
  inverseDcs(dcs);
  for (let b = 0; b < 16; b++) {
    const x = (b & 3) << 2;
    const y = b & 12;
    const prediction = predictPart(mode, origin, x, y, STRIDE, mean);
    const dc = load<i16>(dcs + (b << 1));
    const at = coefficients + (b << 5);
    const levels = state + LEVELS_16 + (b << 5);
    const samples = codeWithoutDc(at, quantisers + LUMA, prediction, levels, dc);
    // Predictions of this mode use neighbours of the macroblock only, which stay as they are.
    storeBlock(origin + <usize>y * STRIDE + x, STRIDE, samples);
  }
}

/**
 * Chooses a mode for each 4 x 4 block, leaving modes, levels and samples behind. Returns the cost, or
 * i64.MAX_VALUE as soon as it passes `limit`.
 */
export function choose4(
  state: usize,
  source: usize,
  top: usize,
  quantisers: usize,
  limit: i64,
): i64 {
  const lambda = lambdaOf(quantisers);
  const modeLambda = <i32>((<i64>lambda * <i64>load<i32>(state, MODE_WEIGHT)) >> 8);
  const candidates = load<i32>(state, CANDIDATES);
  const origin = state + WORK_Y + WORK_Y_ORIGIN;
  const estimates = state + ESTIMATES;
  let above = nonzeroBits(load<u32>(top, NONZERO));
  let left = nonzeroBits(load<u32>(state, LEFT + NONZERO));
  let total = <i64>weigh(BLOCKS_COST, lambda);
  for (let b = 0; b < 16; b++) {
    const x = b & 3;
    const y = b >> 2;
    const at = origin + <usize>(y << 2) * STRIDE + (x << 2);
    const modeAbove = y ? load<u8>(state + MODES_4 + b - 4) : load<u8>(top + x, EDGE_MODES);
    const modeLeft = x ? load<u8>(state + MODES_4 + b - 1) : load<u8>(state + y, LEFT + EDGE_MODES);
    const modeCosts = state + BLOCK_MODE_COSTS + (<usize>modeAbove * 10 + <usize>modeLeft) * 20;
    predictBlock(at, STRIDE, state + PREDICTIONS);
    const block = v128.load(source + (b << 4));
    for (let m = 0; m < MODES; m++) {
      const coefficients = state + COEFFICIENTS_4 + (m << 5);
      forward(block, v128.load(state + PREDICTIONS + (m << 4)), coefficients);
      const guess =
        estimate(state, coefficients, quantisers + LUMA, lambda) +
        weigh(load<u16>(modeCosts + (m << 1)), modeLambda);
      store<i32>(estimates + (m << 2), guess);
    }
    const context = contextOf(above, left, x, y);
    let mode = 0;
    let least = i32.MAX_VALUE;
    for (let c = 0; c < candidates; c++) {
      let next = 0;
      for (let m = 1; m < MODES; m++) {
        if (load<i32>(estimates + (m << 2)) < load<i32>(estimates + (next << 2))) next = m;
      }
      store<i32>(estimates + (next << 2), i32.MAX_VALUE);
      const cost =
        measure(state, state + COEFFICIENTS_4 + (next << 5), quantisers + LUMA, lambda, 3, context, 0) +
        weigh(load<u16>(modeCosts + (next << 1)), modeLambda);
      if (cost < least) {
        least = cost;
        mode = next;
      }
    }
    total += <i64>least;
    if (total >= limit) return i64.MAX_VALUE;
    store<u8>(state + MODES_4 + b, mode);
    const levels = state + LEVELS_4 + (b << 5);
    const prediction = v128.load(state + PREDICTIONS + (mode << 4));
    const samples = code(state + COEFFICIENTS_4 + (mode << 5), quantisers + LUMA, prediction, levels);
    storeBlock(at, STRIDE, samples);
    const some = hasLevels(levels);
    above = setBit(above, x, some);
    left = setBit(left, y, some);
  }
  return total;
}

@inline
export function hasLevels(levels: usize): bool {
  return v128.any_true(v128.or(v128.load(levels), v128.load(levels, 16)));
}

/** Chooses chroma's mode, makes its levels and samples. Returns the mode. */
export function codeChroma(
  state: usize,
  source: usize,
  quantisers: usize,
  meanU: i32,
  meanV: i32,
): i32 {
  const lambda = lambdaOf(quantisers);
  const u = state + WORK_UV + WORK_U_ORIGIN;
  const v = state + WORK_UV + WORK_V_ORIGIN;
  let mode = 0;
  let least = i32.MAX_VALUE;
  for (let m = 0; m < 4; m++) {
    let cost = weigh(chromaModeCost(m), lambda);
    for (let b = 0; b < 8; b++) {
      const x = (b & 1) << 2;
      const y = (b & 2) << 1;
      const prediction = predictPart(m, b < 4 ? u : v, x, y, STRIDE, b < 4 ? meanU : meanV);
      const at = state + COEFFICIENTS_UV + (m << 8) + (b << 5);
      forward(v128.load(source + (b << 4)), prediction, at);
      cost += estimate(state, at, quantisers + CHROMA, lambda);
    }
    if (cost < least) {
      least = cost;
      mode = m;
    }
  }
  for (let b = 0; b < 8; b++) {
    const x = (b & 1) << 2;
    const y = (b & 2) << 1;
    const origin = b < 4 ? u : v;
    const prediction = predictPart(mode, origin, x, y, STRIDE, b < 4 ? meanU : meanV);
    const at = state + COEFFICIENTS_UV + (mode << 8) + (b << 5);
    const levels = state + LEVELS_UV + (b << 5);
    const samples = code(at, quantisers + CHROMA, prediction, levels);
    storeBlock(origin + <usize>y * STRIDE + x, STRIDE, samples);
  }
  return mode;
}
