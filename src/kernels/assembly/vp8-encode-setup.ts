// Fills the tables of the encoder's state that follow from the format's constants.
import {
  BAND_COST_BYTES,
  BAND_OFFSETS,
  BIT_COSTS,
  BLOCK_MODE_COSTS,
  CHROMA,
  DECISIONS,
  LAMBDA,
  LUMA,
  LUMA_DC,
  OFFSETS,
  QUANTISERS,
  RECIPROCALS,
  STEPS,
  TOP,
  TOP_BYTES,
  COLUMNS,
} from "./vp8-encode-layout";
import { decideBlockMode } from "./vp8-encode-modes";
import { AC_STEPS, BANDS, BLOCK_MODE_PROBABILITIES, DC_STEPS } from "./vp8-tables";

/** Once the host has written BIT_COSTS, TOP and COLUMNS. */
export function vp8Prepare(state: usize): void {
  for (let n = 0; n < 17; n++) {
    const offset = <i32>load<u8>(BANDS + n) * BAND_COST_BYTES;
    store<u16>(state + BAND_OFFSETS + (n << 1), <u16>offset);
  }
  for (let around = 0; around < 100; around++) {
    for (let mode = 0; mode < 10; mode++) {
      const start = state + DECISIONS;
      const end = decideBlockMode(start, mode, BLOCK_MODE_PROBABILITIES + around * 9);
      let cost = 0;
      for (let at = start; at < end; at += 2) cost += costOf(state, <i32>load<u16>(at));
      store<u16>(state + BLOCK_MODE_COSTS + ((around * 10 + mode) << 1), <u16>cost);
    }
  }
  // Samples above the picture.
  const tops = <usize>load<u32>(state, TOP);
  const columns = load<i32>(state, COLUMNS);
  for (let x = 0; x <= columns; x++) memory.fill(tops + x * TOP_BYTES, 127, 32);
}

function costOf(state: usize, decision: i32): i32 {
  const p = decision >> 1;
  return <i32>load<u16>(state + BIT_COSTS + ((decision & 1 ? 256 - p : p) << 1));
}

@inline
function stepOf(table: usize, index: i32, most: i32): i32 {
  return <i32>load<u8>(table + max(0, min(most, index)));
}

/**
 * Sets the quantiser by its index, 0 to 127 (section 9.6), and what a bit is worth: `lambda` is its
 * share (1/64) of the squared AC step. The other three say from where on (1/256) a level is rounded
 * up, of DCs in the low byte, of ACs in the next. Returns the AC step.
 */
export function vp8SetQuantiser(
  state: usize,
  index: i32,
  chromaDcDelta: i32,
  lambda: i32,
  luma: i32,
  lumaDc: i32,
  chroma: i32,
): i32 {
  const at = state + QUANTISERS;
  const dc = stepOf(DC_STEPS, index, 127);
  const ac = <i32>load<u16>(AC_STEPS + (max(0, min(127, index)) << 1));
  fill(at + LUMA, dc, ac, luma);
  fill(at + LUMA_DC, dc * 2, max(8, (ac * 155) / 100), lumaDc);
  fill(at + CHROMA, stepOf(DC_STEPS, index + chromaDcDelta, 117), ac, chroma);
  store<i32>(at, max(1, (ac * ac * lambda) >> 6), LAMBDA);
  return ac;
}

function fill(at: usize, dc: i32, ac: i32, round: i32): void {
  for (let i = 0; i < 16; i++) {
    const step = i == 0 ? dc : ac;
    const share = i == 0 ? round & 255 : (round >> 8) & 255;
    store<i16>(at + (i << 1), step, STEPS);
    store<i16>(at + (i << 1), (16384 + (step >> 1)) / step, RECIPROCALS);
    // For twice the coefficient. Rounding to the nearest follows: a share of 128 adds nothing.
    store<i16>(at + (i << 1), ((share - 128) * step) >> 7, OFFSETS);
  }
}
