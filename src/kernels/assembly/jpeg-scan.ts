// Progressive scans of one component (T.81, annex G) from tokens: counted first, then coded.
import { bitLength } from "./jpeg-code";
import { PREVIOUS_DC } from "./jpeg-layout";
import {
  CORRECTION_COUNT,
  CORRECTIONS,
  CORRECTIONS_COUNTED,
  COUNTING,
  EOB_RUN,
  MAX_CORRECTIONS,
  OUT,
  PATH,
  VALUES,
} from "./jpeg-smallest-layout";
import { put, putSymbol, valueBits } from "./jpeg-symbol";

const MAX_EOB_RUN = 0x7fff;

/**
 * The DC values from `at` on, until `end` or until the output passes `limit`. Returns where it
 * stopped, as do the other scans.
 */
export function jpegScanDc(state: usize, at: usize, end: usize, limit: usize): usize {
  let previous = load<i32>(state, PREVIOUS_DC);
  while (at < end && load<usize>(state, OUT) < limit) {
    const dc = <i32>load<i16>(at);
    at += 2;
    const difference = dc - previous;
    previous = dc;
    const size = bitLength(difference);
    putSymbol(state, 0, size, valueBits(difference, size), size);
  }
  store<i32>(state, previous, PREVIOUS_DC);
  return at;
}

/** The first scan of a band: coefficients `first` to `last` without their lowest `shift` bits. */
export function jpegScanFirst(
  state: usize,
  tokens: usize,
  end: usize,
  limit: usize,
  first: i32,
  last: i32,
  shift: i32,
): usize {
  while (tokens < end && load<usize>(state, OUT) < limit) {
    let k = 0;
    let previous = first - 1;
    do {
      const token = <i32>load<u16>(tokens);
      tokens += 2;
      if (token == 0) break;
      const value = (token << 20) >> 20;
      k += (token >> 12) + 1;
      if (k < first || k > last) continue;
      const magnitude = abs(value) >> shift;
      if (magnitude == 0) continue;
      endBand(state);
      let run = k - previous - 1;
      previous = k;
      while (run > 15) {
        putSymbol(state, 0, 0xf0, 0, 0);
        run -= 16;
      }
      const size = bitLength(magnitude);
      putSymbol(state, 0, (run << 4) | size, valueBits(value < 0 ? -magnitude : magnitude, size), size);
    } while (k < 63);
    if (previous < last) addToBand(state, 0);
  }
  return tokens;
}

/** A later scan of a band: bit `shift` of coefficients `first` to `last`. */
export function jpegScanRefine(
  state: usize,
  tokens: usize,
  end: usize,
  limit: usize,
  first: i32,
  last: i32,
  shift: i32,
): usize {
  const positions = state + PATH;
  const values = state + VALUES;
  while (tokens < end && load<usize>(state, OUT) < limit) {
    let count = 0;
    let newest = 0;
    let k = 0;
    do {
      const token = <i32>load<u16>(tokens);
      tokens += 2;
      if (token == 0) break;
      const value = (token << 20) >> 20;
      k += (token >> 12) + 1;
      if (k < first || k > last) continue;
      const magnitude = abs(value) >> shift;
      if (magnitude == 0) continue;
      if (magnitude == 1) newest = k;
      store<u8>(positions + count, <u8>k);
      store<i16>(values + (count << 1), <i16>(value < 0 ? -magnitude : magnitude));
      count++;
    } while (k < 63);
    refineBlock(state, count, newest, first, last);
  }
  return tokens;
}

/** `newest` is the last position that was 0 before this bit. */
function refineBlock(state: usize, count: i32, newest: i32, first: i32, last: i32): void {
  /** Bits of this block that follow the next symbol, behind those of the running end-of-band. */
  let waiting = 0;
  let run = 0;
  let previous = first - 1;
  for (let i = 0; i < count; i++) {
    const k = <i32>load<u8>(state + PATH + i);
    const value = <i32>load<i16>(state + VALUES + (i << 1));
    run += k - previous - 1;
    previous = k;
    while (run > 15 && k <= newest) {
      const start = endBand(state);
      putSymbol(state, 0, 0xf0, 0, 0);
      run -= 16;
      putCorrections(state, start, waiting);
      waiting = 0;
    }
    if (abs(value) > 1) {
      const held = load<i32>(state, CORRECTION_COUNT) + waiting++;
      store<u8>(state + CORRECTIONS + held, <u8>(value < 0 ? -value & 1 : value & 1));
      continue;
    }
    const start = endBand(state);
    putSymbol(state, 0, (run << 4) | 1, value < 0 ? 0 : 1, 1);
    putCorrections(state, start, waiting);
    waiting = 0;
    run = 0;
  }
  run += last - previous;
  if (run > 0 || waiting > 0) addToBand(state, waiting);
}

/** A block has no more coefficients in the band, but `corrections` bits. */
@inline
function addToBand(state: usize, corrections: i32): void {
  const run = load<i32>(state, EOB_RUN) + 1;
  const count = load<i32>(state, CORRECTION_COUNT) + corrections;
  store<i32>(state, run, EOB_RUN);
  store<i32>(state, count, CORRECTION_COUNT);
  if (run == MAX_EOB_RUN || count > MAX_CORRECTIONS) jpegEndBand(state);
}

/** Writes out the running end-of-band, if any. Returns where corrections not in it start. */
@inline
function endBand(state: usize): i32 {
  return load<i32>(state, EOB_RUN) == 0 ? 0 : jpegEndBand(state);
}

/** Ends a scan or a band. Returns how many correction bits went with it. */
export function jpegEndBand(state: usize): i32 {
  const run = load<i32>(state, EOB_RUN);
  if (run == 0) return 0;
  const size = 31 - clz(run);
  putSymbol(state, 0, size << 4, run & ((1 << size) - 1), size);
  const count = load<i32>(state, CORRECTION_COUNT);
  putCorrections(state, 0, count);
  store<i32>(state, 0, EOB_RUN);
  store<i32>(state, 0, CORRECTION_COUNT);
  return count;
}

function putCorrections(state: usize, start: i32, count: i32): void {
  if (load<i32>(state, COUNTING)) {
    store<i32>(state, load<i32>(state, CORRECTIONS_COUNTED) + count, CORRECTIONS_COUNTED);
    return;
  }
  const bits = state + CORRECTIONS + start;
  for (let i = 0; i < count; i++) put(state, <u32>load<u8>(bits + i), 1);
}
