// White and black may be coded as whiter and blacker, since decoders clamp. Where they border on
// something else in a block, a bulge instead of the plateau makes that edge's waves shorter: less
// ringing, and fewer bits. The idea, and its limits, are mozjpeg's ("overshoot deringing").
import { ORDER } from "./jpeg-layout";
import { WEIGHTS } from "./jpeg-smallest-layout";

const WHITE: i32 = 127;
const BLACK: i32 = -128;
const MAX_RISE: i32 = 31;

/** Bulges out the plateaus of a luma block, in place. */
export function overshoot(state: usize, block: usize): void {
  let highest = v128.load(block);
  let lowest = highest;
  for (let i = 16; i < 128; i += 16) {
    const row = v128.load(block + i);
    highest = i16x8.max_s(highest, row);
    lowest = i16x8.min_s(lowest, row);
  }
  if (v128.any_true(i16x8.eq(highest, i16x8.splat(<i16>WHITE)))) bulge(state, block, 0);
  if (v128.any_true(i16x8.eq(lowest, i16x8.splat(<i16>BLACK)))) bulge(state, block, -1);
}

/** The sample at zigzag position `n`; with `flip` -1 instead of 0, black and white change places. */
@inline
function at(state: usize, block: usize, n: i32, flip: i32): i32 {
  return <i32>load<i16>(block + <usize>load<u8>(state + ORDER + n)) ^ flip;
}

function bulge(state: usize, block: usize, flip: i32): void {
  let sum = 0;
  let count = 0;
  for (let n = 0; n < 64; n++) {
    const sample = at(state, block, n, flip);
    sum += sample;
    if (sample >= WHITE) count++;
  }
  if (count == 64) return;
  // The mean must stay in range; more than two steps of DC would cost more than it brings.
  const steps = <i32>(<f32>0.25 / load<f32>(state + WEIGHTS));
  const limit = min(min(MAX_RISE, steps), (WHITE * 64 - sum) / count);
  let n = 0;
  while (n < 64) {
    if (at(state, block, n, flip) < WHITE) {
      n++;
      continue;
    }
    const start = n;
    while (n < 64 && at(state, block, n, flip) >= WHITE) n++;
    let before = start > 0 ? slope(state, block, start - 1, max(0, start - 2), flip) : 0;
    const after = n < 64 ? slope(state, block, n, min(63, n + 1), flip) : before;
    if (start == 0) before = after;
    bulgeRun(state, block, start, n, <f32>before, <f32>after, limit, flip);
  }
}

/** How steeply the samples beside a plateau rise to it. */
@inline
function slope(state: usize, block: usize, beside: i32, behind: i32, flip: i32): i32 {
  const sample = at(state, block, beside, flip);
  return max(sample - at(state, block, behind, flip), WHITE - sample);
}

/** A cubic that leaves and meets the plateau's ends with the slopes around it. */
function bulgeRun(
  state: usize,
  block: usize,
  start: i32,
  end: i32,
  before: f32,
  after: f32,
  limit: i32,
  flip: i32,
): void {
  const length = <f32>(end - start);
  for (let n = start; n < end; n++) {
    const t = <f32>(n - start + 1) / (length + 1);
    const rise = length * t * (1 - t) * (before * (1 - t) + after * t);
    const sample = WHITE + min(limit, <i32>ceil(rise));
    store<i16>(block + <usize>load<u8>(state + ORDER + n), <i16>(sample ^ flip));
  }
}
