/** What the VP8 encoding kernel looks up and its host can compute better. */
import * as layout from "./assembly/vp8-encode-layout.ts";

/** Eighths of a bit that a level of 0 to 15 takes on average, for first guesses. */
const LEVEL_BITS = [3, 26, 40, 48, 54, 60, 62, 68, 72, 72, 74, 78, 80, 82, 84, 90];

/** First level of each category of large ones, and probabilities of its extra bits (RFC 6386, 13.2). */
const CATEGORIES = [
  [5, [159]],
  [7, [165, 145]],
  [11, [173, 148, 140]],
  [19, [176, 155, 140, 135]],
  [35, [180, 157, 141, 134, 130]],
  [67, [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129]],
] as const;

const MAX_LEVEL = 2047;

/** In 1/256 bit, for a decision of probability p / 256. */
const bitCost = (p: number): number => Math.round(-256 * Math.log2(Math.max(p, 0.5) / 256));

export function fillTables(state: DataView): void {
  LEVEL_BITS.forEach((bits, level) => state.setUint8(layout.LEVEL_BITS + level, bits));
  for (let p = 0; p <= 256; p++) state.setUint16(layout.BIT_COSTS + 2 * p, bitCost(p), true);
  for (const [first, probabilities] of CATEGORIES) {
    const end = Math.min(first + 2 ** probabilities.length, MAX_LEVEL + 1);
    for (let level = first; level < end; level++) {
      const cost = extraCost(level - first, probabilities);
      state.setUint16(layout.LARGE_COSTS + 2 * level, cost, true);
    }
  }
  fillLight(state);
}

function extraCost(extra: number, probabilities: readonly number[]): number {
  const top = probabilities.length - 1;
  return probabilities.reduce(
    (cost, p, i) => cost + bitCost((extra >> (top - i)) & 1 ? 256 - p : p),
    0,
  );
}

/**
 * libwebp's averaging of chroma: samples to a power of 0.8 in 12 bits, and back by 32 straight
 * pieces, so that our colours are the same as its.
 */
function fillLight(state: DataView): void {
  for (let sample = 0; sample < 256; sample++) {
    const light = Math.floor((sample / 255) ** 0.8 * 4095 + 0.5);
    state.setUint16(layout.TO_LINEAR + 2 * sample, light, true);
  }
  const knots = Array.from({ length: 33 }, (_, i) =>
    Math.floor(255 * ((i * 128) / 4095) ** 1.25 + 0.5),
  );
  for (let sum = 0; sum < layout.LIGHT_SUMS; sum++) {
    const piece = sum >> 9;
    const within = sum & 511;
    const sample = (knots[piece + 1] ?? 0) * within + (knots[piece] ?? 0) * (512 - within);
    state.setUint16(layout.FROM_LINEAR + 2 * sum, (sample + 64) >> 7, true);
  }
}
