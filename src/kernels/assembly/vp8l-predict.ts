// The predictor transform's inverse (RFC 9649, section 4.1), a run of pixels of one mode at a time.

@inline
function average(a: v128, b: v128): v128 {
  // Rounded down, where the instruction rounds up.
  const odd = v128.and(v128.xor(a, b), i8x16.splat(1));
  return i8x16.sub(i8x16.avgr_u(a, b), odd);
}

@inline
function wide(pixel: v128): v128 {
  return i16x8.extend_low_i8x16_u(pixel);
}

@inline
function narrow(pixel: v128): v128 {
  return i8x16.narrow_i16x8_u(pixel, pixel);
}

/** Sum of the four channels' differences. */
@inline
function difference(a: v128, b: v128): i32 {
  const channels = v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
  const pairs = i16x8.extadd_pairwise_i8x16_u(channels);
  return i32x4.extract_lane(i32x4.extadd_pairwise_i16x8_u(pairs), 0);
}

/** What is predicted of pixels' neighbours above alone, four pixels at a time. */
@inline
function fromAbove(mode: i32, above: usize): v128 {
  if (mode == 2) return v128.load(above);
  if (mode == 3) return v128.load(above, 4);
  if (mode == 4) return v128.load(above - 4);
  if (mode == 8) return average(v128.load(above - 4), v128.load(above));
  if (mode == 9) return average(v128.load(above), v128.load(above, 4));
  return i32x4.splat(0xff000000);
}

@inline
function needsLeft(mode: i32): bool {
  return ((1 << mode) & 0b0011_1100_1110_0010) != 0;
}

/** One pixel from its neighbours. */
@inline
function predict(mode: i32, left: v128, above: usize): v128 {
  if (mode == 1) return left;
  const top = v128.load32_zero(above);
  const topLeft = v128.load32_zero(above - 4);
  if (mode == 5) return average(average(left, v128.load32_zero(above + 4)), top);
  if (mode == 6) return average(left, topLeft);
  if (mode == 7) return average(left, top);
  if (mode == 10) {
    return average(average(left, topLeft), average(top, v128.load32_zero(above + 4)));
  }
  if (mode == 11) return difference(top, topLeft) < difference(left, topLeft) ? left : top;
  if (mode == 12) {
    return narrow(i16x8.add(wide(left), i16x8.sub(wide(top), wide(topLeft))));
  }
  const mean = wide(average(left, top));
  const distance = i16x8.sub(mean, wide(topLeft));
  // Half of it, rounded to zero.
  const half = i16x8.shr_s(i16x8.sub(distance, i16x8.shr_s(distance, 15)), 1);
  return narrow(i16x8.add(mean, half));
}

@inline
function addRun(mode: i32, at: usize, above: usize, count: i32): void {
  let left = v128.load32_zero(at - 4);
  for (; count > 0; count--) {
    left = i8x16.add(v128.load32_zero(at), predict(mode, left, above));
    v128.store32_lane(at, left, 0);
    at += 4;
    above += 4;
  }
}

/** Adds what is predicted to `count` pixels; `above` is the row above, finished. */
export function addPrediction(mode: i32, at: usize, above: usize, count: i32): void {
  if (needsLeft(mode)) {
    if (mode == 1) addRun(1, at, above, count);
    else if (mode == 5) addRun(5, at, above, count);
    else if (mode == 6) addRun(6, at, above, count);
    else if (mode == 7) addRun(7, at, above, count);
    else if (mode == 10) addRun(10, at, above, count);
    else if (mode == 11) addRun(11, at, above, count);
    else if (mode == 12) addRun(12, at, above, count);
    else addRun(13, at, above, count);
    return;
  }
  for (; count >= 4; count -= 4) {
    v128.store(at, i8x16.add(v128.load(at), fromAbove(mode, above)));
    at += 16;
    above += 16;
  }
  for (; count > 0; count--) {
    const sum = i8x16.add(v128.load32_zero(at), fromAbove(mode, above));
    v128.store32_lane(at, sum, 0);
    at += 4;
    above += 4;
  }
}
