// PNG filters, both ways (PNG specification, clause 9), and the expansion of samples to 8 bits.
// Buffers the host passes have SLACK bytes of room behind them: vectors read and write past ends.
import { sumLanes } from "./lanes";

const ZERO: v128 = i64x2.splat(0);
const BYTE_OF_WORD: v128 = i16x8.splat(0xff);

/**
 * Undoes the filters of `rows` filtered rows at `src` (each a filter byte and `rowBytes`), packing
 * them at `dst`; the row above the first lies before `dst`. `step` is the bytes of a whole pixel,
 * 1 to 8. Pixels depend on their left neighbour, so a vector holds one pixel; what it holds beyond
 * that lands on bytes that are written later.
 * @returns the first row with an unknown filter, else -1
 */
export function pngUnfilter(src: i32, rows: i32, rowBytes: i32, step: i32, dst: i32): i32 {
  for (let y = 0; y < rows; y++) {
    const filter = <i32>load<u8>(src);
    src++;
    if (filter == 0) memory.copy(dst, src, rowBytes);
    else if (filter == 1) undoSub(src, rowBytes, step, dst);
    else if (filter == 2) undoUp(src, rowBytes, dst);
    else if (filter == 3) undoAverage(src, rowBytes, step, dst);
    else if (filter == 4) undoPaeth(src, rowBytes, step, dst);
    else return y;
    src += rowBytes;
    dst += rowBytes;
  }
  return -1;
}

function undoSub(src: i32, rowBytes: i32, step: i32, dst: i32): void {
  let left = ZERO;
  for (let i = 0; i < rowBytes; i += step) {
    left = i8x16.add(left, v128.load64_zero(src + i));
    v128.store64_lane(dst + i, left, 0);
  }
}

function undoUp(src: i32, rowBytes: i32, dst: i32): void {
  let i = 0;
  // The row above ends where this one starts, so a whole vector must end before that.
  for (; i + 16 <= rowBytes; i += 16) {
    v128.store(dst + i, i8x16.add(v128.load(src + i), v128.load(dst + i - rowBytes)));
  }
  for (; i < rowBytes; i++) {
    store<u8>(dst + i, <i32>load<u8>(src + i) + <i32>load<u8>(dst + i - rowBytes));
  }
}

function undoAverage(src: i32, rowBytes: i32, step: i32, dst: i32): void {
  const one = i8x16.splat(1);
  let left = ZERO;
  for (let i = 0; i < rowBytes; i += step) {
    const up = v128.load64_zero(dst + i - rowBytes);
    left = i8x16.add(averageDown(left, up, one), v128.load64_zero(src + i));
    v128.store64_lane(dst + i, left, 0);
  }
}

function undoPaeth(src: i32, rowBytes: i32, step: i32, dst: i32): void {
  let left = ZERO;
  let upLeft = ZERO;
  for (let i = 0; i < rowBytes; i += step) {
    const up = v128.load_ext<u8>(dst + i - rowBytes);
    const sum = i16x8.add(paeth(left, up, upLeft), v128.load_ext<u8>(src + i));
    left = v128.and(sum, BYTE_OF_WORD);
    v128.store64_lane(dst + i, i8x16.narrow_i16x8_u(left, left), 0);
    upLeft = up;
  }
}

/** (a + b) >> 1; the vector instruction rounds up. */
@inline
function averageDown(a: v128, b: v128, one: v128): v128 {
  return i8x16.sub(i8x16.avgr_u(a, b), v128.and(v128.xor(a, b), one));
}

/** The Paeth predictor of eight samples in 16 bits. */
@inline
function paeth(a: v128, b: v128, c: v128): v128 {
  const toA = i16x8.sub(b, c);
  const toB = i16x8.sub(a, c);
  const distanceA = i16x8.abs(toA);
  const distanceB = i16x8.abs(toB);
  const distanceC = i16x8.abs(i16x8.add(toA, toB));
  const nearest = i16x8.min_s(distanceC, i16x8.min_s(distanceA, distanceB));
  const bOrC = v128.bitselect(b, c, i16x8.eq(nearest, distanceB));
  return v128.bitselect(a, bOrC, i16x8.eq(nearest, distanceA));
}

/** What a filter leaves of 16 samples. */
@inline
function residual(filter: i32, x: v128, a: v128, b: v128, c: v128, one: v128): v128 {
  if (filter == 0) return x;
  if (filter == 1) return i8x16.sub(x, a);
  if (filter == 2) return i8x16.sub(x, b);
  if (filter == 3) return i8x16.sub(x, averageDown(a, b, one));
  const low = paeth(
    i16x8.extend_low_i8x16_u(a),
    i16x8.extend_low_i8x16_u(b),
    i16x8.extend_low_i8x16_u(c),
  );
  const high = paeth(
    i16x8.extend_high_i8x16_u(a),
    i16x8.extend_high_i8x16_u(b),
    i16x8.extend_high_i8x16_u(c),
  );
  return i8x16.sub(x, i8x16.narrow_i16x8_u(low, high));
}

/** Adds the absolute values of 16 signed residuals to four 32-bit sums. */
@inline
function addSize(sums: v128, residuals: v128): v128 {
  const pairs = i16x8.extadd_pairwise_i8x16_u(i8x16.abs(residuals));
  return i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(pairs));
}

/**
 * Filters `rows` packed rows at `src` to `dst`, each behind its filter byte.
 *
 * `filter` 0 to 4 is used for all rows; 5 chooses each row's by the smallest sum of absolute
 * residuals (the specification's heuristic). `above` and `current` are rows of work memory with 16
 * zero bytes before and SLACK behind them; `above` holds the row above the first, and afterwards
 * the last one.
 * @returns how many bytes end a run of four that repeat, each the byte above or the pixel's to the
 *   left (counted if filter is 5)
 */
export function pngFilter(
  src: i32,
  rows: i32,
  rowBytes: i32,
  step: i32,
  filter: i32,
  above: i32,
  current: i32,
  dst: i32,
): i32 {
  let repeated = 0;
  for (let y = 0; y < rows; y++) {
    memory.copy(current, src, rowBytes);
    let chosen = filter;
    if (filter == 5) {
      const choice = chooseFilter(current, above, rowBytes, step);
      chosen = choice & 7;
      repeated += choice >>> 3;
    }
    store<u8>(dst, chosen);
    dst++;
    if (chosen == 0) memory.copy(dst, current, rowBytes);
    else if (chosen == 1) applyFilter(1, current, above, rowBytes, step, dst);
    else if (chosen == 2) applyFilter(2, current, above, rowBytes, step, dst);
    else if (chosen == 3) applyFilter(3, current, above, rowBytes, step, dst);
    else applyFilter(4, current, above, rowBytes, step, dst);
    memory.copy(above, current, rowBytes);
    src += rowBytes;
    dst += rowBytes;
  }
  return repeated;
}

@inline
function applyFilter(
  filter: i32,
  current: i32,
  above: i32,
  rowBytes: i32,
  step: i32,
  dst: i32,
): void {
  const one = i8x16.splat(1);
  for (let i = 0; i < rowBytes; i += 16) {
    const x = v128.load(current + i);
    const a = v128.load(current + i - step);
    const b = v128.load(above + i);
    const c = v128.load(above + i - step);
    v128.store(dst + i, residual(filter, x, a, b, c, one));
  }
}

/** The filter in the low three bits, the count of repeated bytes above them. */
function chooseFilter(current: i32, above: i32, rowBytes: i32, step: i32): i32 {
  const one = i8x16.splat(1);
  let none = ZERO;
  let sub = ZERO;
  let up = ZERO;
  let average = ZERO;
  let paethSum = ZERO;
  let repeated = 0;
  for (let i = 0; i < rowBytes; i += 16) {
    const x = v128.load(current + i);
    const a = v128.load(current + i - step);
    const b = v128.load(above + i);
    const c = v128.load(above + i - step);
    none = addSize(none, x);
    const toLeft = i8x16.sub(x, a);
    sub = addSize(sub, toLeft);
    const toUp = i8x16.sub(x, b);
    up = addSize(up, toUp);
    average = addSize(average, residual(3, x, a, b, c, one));
    paethSum = addSize(paethSum, residual(4, x, a, b, c, one));
    const equal = v128.or(i8x16.eq(toLeft, ZERO), i8x16.eq(toUp, ZERO));
    const mask = i8x16.bitmask(equal);
    repeated += popcnt<i32>(mask & (mask << 1) & (mask << 2) & (mask << 3));
  }
  let best = 0;
  let smallest = sumLanes(none);
  const sizes1 = sumLanes(sub);
  if (sizes1 < smallest) {
    best = 1;
    smallest = sizes1;
  }
  const sizes2 = sumLanes(up);
  if (sizes2 < smallest) {
    best = 2;
    smallest = sizes2;
  }
  const sizes3 = sumLanes(average);
  if (sizes3 < smallest) {
    best = 3;
    smallest = sizes3;
  }
  if (sumLanes(paethSum) < smallest) best = 4;
  return best | (repeated << 3);
}
