// The loop filter (RFC 6386, section 15): smooths the edges of macroblocks and of blocks in them.
// Edges are between rows here; `at` is the first row below, `step` the bytes from row to row.
import {
  COLUMNS,
  FILTER,
  FILTER_NONE,
  FILTER_SIMPLE,
  STRENGTHS,
  TURNED,
} from "./vp8-decode-layout";
import { planeAt, strideOf } from "./vp8-decode-planes";
import { join, part, turn, turnBack } from "./vp8-decode-turn";

@inline
function distance(a: v128, b: v128): v128 {
  return v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
}

/** Samples to signed numbers and back. */
@inline
function centred(samples: v128): v128 {
  return v128.xor(samples, i8x16.splat(-128));
}

/** Where the step across the edge is small enough to be an artefact. */
@inline
function isSmall(p1: v128, p0: v128, q0: v128, q1: v128, limit: i32): v128 {
  const across = distance(p0, q0);
  const around = v128.and(i16x8.shr_u(distance(p1, q1), 1), i8x16.splat(127));
  const sum = i8x16.add_sat_u(i8x16.add_sat_u(across, across), around);
  return i8x16.le_u(sum, i8x16.splat(<i8>limit));
}

/** `outer`, or zeros, and three times the step across. */
@inline
function correction(outer: v128, p0: v128, q0: v128): v128 {
  const step = i8x16.sub_sat_s(q0, p0);
  return i8x16.add_sat_s(i8x16.add_sat_s(i8x16.add_sat_s(outer, step), step), step);
}

@inline
function eighth(value: v128, rounding: i8): v128 {
  return i8x16.shr_s(i8x16.add_sat_s(value, i8x16.splat(rounding)), 3);
}

/** Section 15.2; changes one sample on each side. */
function filterSimple(at: usize, step: usize, limit: i32): void {
  const p1 = v128.load(at - (step << 1));
  const p0 = v128.load(at - step);
  const q0 = v128.load(at);
  const q1 = v128.load(at + step);
  const small = isSmall(p1, p0, q0, q1, limit);
  if (!v128.any_true(small)) return;
  const sp0 = centred(p0);
  const sq0 = centred(q0);
  const outer = i8x16.sub_sat_s(centred(p1), centred(q1));
  const value = v128.and(correction(outer, sp0, sq0), small);
  v128.store(at - step, centred(i8x16.add_sat_s(sp0, eighth(value, 3))));
  v128.store(at, centred(i8x16.sub_sat_s(sq0, eighth(value, 4))));
}

/** A product with `factor` / 128 of both halves, rounded. */
@inline
function weigh(low: v128, high: v128, factor: i16): v128 {
  const rounding = i16x8.splat(63);
  return i8x16.narrow_i16x8_s(
    i16x8.shr_s(i16x8.add(i16x8.mul(low, i16x8.splat(factor)), rounding), 7),
    i16x8.shr_s(i16x8.add(i16x8.mul(high, i16x8.splat(factor)), rounding), 7),
  );
}

/** Section 15.3: an edge of macroblocks changes three samples on each side, one of blocks two. */
@inline
function filterNormal(at: usize, step: usize, limit: i32, strength: u32, outerEdge: bool): void {
  const above = at - (step << 2);
  const p3 = v128.load(above);
  const p2 = v128.load(above + step);
  const p1 = v128.load(at - (step << 1));
  const p0 = v128.load(at - step);
  const q0 = v128.load(at);
  const q1 = v128.load(at + step);
  const q2 = v128.load(at + (step << 1));
  const q3 = v128.load(at + (step << 1) + step);
  const nearest = i8x16.max_u(distance(p1, p0), distance(q1, q0));
  const nearer = i8x16.max_u(distance(p2, p1), distance(q2, q1));
  const near = i8x16.max_u(distance(p3, p2), distance(q3, q2));
  const interior = i8x16.splat(<i8>(strength >> 8));
  const flat = i8x16.le_u(i8x16.max_u(i8x16.max_u(nearest, nearer), near), interior);
  const filtered = v128.and(flat, isSmall(p1, p0, q0, q1, limit));
  if (!v128.any_true(filtered)) return;
  const edgy = i8x16.gt_u(nearest, i8x16.splat(<i8>(strength >> 16)));

  const sp1 = centred(p1);
  const sp0 = centred(p0);
  const sq0 = centred(q0);
  const sq1 = centred(q1);
  const outer = i8x16.sub_sat_s(sp1, sq1);
  if (outerEdge) {
    const value = v128.and(correction(outer, sp0, sq0), filtered);
    const sharp = v128.and(value, edgy);
    const soft = v128.andnot(value, edgy);
    const low = i16x8.extend_low_i8x16_s(soft);
    const high = i16x8.extend_high_i8x16_s(soft);
    let change = weigh(low, high, 27);
    const np0 = i8x16.add_sat_s(i8x16.add_sat_s(sp0, eighth(sharp, 3)), change);
    const nq0 = i8x16.sub_sat_s(i8x16.sub_sat_s(sq0, eighth(sharp, 4)), change);
    v128.store(at - step, centred(np0));
    v128.store(at, centred(nq0));
    change = weigh(low, high, 18);
    v128.store(at - (step << 1), centred(i8x16.add_sat_s(sp1, change)));
    v128.store(at + step, centred(i8x16.sub_sat_s(sq1, change)));
    change = weigh(low, high, 9);
    v128.store(above + step, centred(i8x16.add_sat_s(centred(p2), change)));
    v128.store(at + (step << 1), centred(i8x16.sub_sat_s(centred(q2), change)));
  } else {
    const value = v128.and(correction(v128.and(outer, edgy), sp0, sq0), filtered);
    const down = eighth(value, 4);
    v128.store(at - step, centred(i8x16.add_sat_s(sp0, eighth(value, 3))));
    v128.store(at, centred(i8x16.sub_sat_s(sq0, down)));
    const half = i8x16.shr_s(i8x16.add(down, i8x16.splat(1)), 1);
    const change = v128.andnot(half, edgy);
    v128.store(at - (step << 1), centred(i8x16.add_sat_s(sp1, change)));
    v128.store(at + step, centred(i8x16.sub_sat_s(sq1, change)));
  }
}

function filterOuter(at: usize, step: usize, limit: i32, strength: u32): void {
  filterNormal(at, step, limit, strength, true);
}

function filterInner(at: usize, step: usize, limit: i32, strength: u32): void {
  filterNormal(at, step, limit, strength, false);
}

/** The row of macroblocks number `row`, in the order that the next ones depend on. */
export function filterRow(decoder: usize, row: i32): void {
  const kind = load<i32>(decoder, FILTER);
  if (kind == FILTER_NONE) return;
  const columns = load<i32>(decoder, COLUMNS);
  const stride = strideOf(decoder, 0);
  const chromaStride = strideOf(decoder, 1);
  let y = planeAt(decoder, 0, row);
  let u = planeAt(decoder, 1, row);
  let v = planeAt(decoder, 2, row);
  let strengths = <usize>load<u32>(decoder + ((row & 1) << 2), STRENGTHS);
  const turned = decoder + TURNED;
  for (let x = 0; x < columns; x++) {
    const strength = load<u32>(strengths);
    if ((strength & 255) != 0) {
      if (kind == FILTER_SIMPLE) filterSimpleAt(y, stride, turned, strength, row > 0, x > 0);
      else {
        filterLuma(y, stride, turned, strength, row > 0, x > 0);
        filterChroma(u, v, chromaStride, turned, strength, row > 0, x > 0);
      }
    }
    strengths += 4;
    y += 16;
    u += 8;
    v += 8;
  }
}

function filterSimpleAt(
  y: usize,
  stride: usize,
  turned: usize,
  strength: u32,
  hasAbove: bool,
  hasLeft: bool,
): void {
  const limit = <i32>(strength & 255);
  const inner = strength >> 24 != 0;
  const lower = stride << 3;
  const end: usize = inner ? 16 : 4;
  for (let x: usize = 0; x < end; x += 4) {
    if (x == 0 && !hasLeft) continue;
    turn(y + x - 4, y + x - 4 + lower, stride, turned);
    filterSimple(turned + 64, 16, x == 0 ? limit + 4 : limit);
    turnBack(turned, y + x - 4, y + x - 4 + lower, stride);
  }
  if (hasAbove) filterSimple(y, stride, limit + 4);
  if (!inner) return;
  for (let i = 1; i < 4; i++) filterSimple((y += stride << 2), stride, limit);
}

function filterLuma(
  y: usize,
  stride: usize,
  turned: usize,
  strength: u32,
  hasAbove: bool,
  hasLeft: bool,
): void {
  const limit = <i32>(strength & 255);
  const inner = strength >> 24 != 0;
  const lower = stride << 3;
  if (hasLeft) {
    turn(y - 4, y - 4 + lower, stride, turned);
    filterOuter(turned + 64, 16, limit + 4, strength);
    turnBack(turned, y - 4, y - 4 + lower, stride);
  }
  if (inner) {
    for (let x: usize = 0; x < 12; x += 4) {
      turn(y + x, y + x + lower, stride, turned);
      filterInner(turned + 64, 16, limit, strength);
      turnBack(turned, y + x, y + x + lower, stride);
    }
  }
  if (hasAbove) filterOuter(y, stride, limit + 4, strength);
  if (!inner) return;
  for (let i = 1; i < 4; i++) filterInner((y += stride << 2), stride, limit, strength);
}

/** Both planes at once, eight samples of each. */
function filterChroma(
  u: usize,
  v: usize,
  stride: usize,
  turned: usize,
  strength: u32,
  hasAbove: bool,
  hasLeft: bool,
): void {
  const limit = <i32>(strength & 255);
  const inner = strength >> 24 != 0;
  const upper = stride << 2;
  if (hasLeft) {
    turn(u - 4, v - 4, stride, turned);
    filterOuter(turned + 64, 16, limit + 4, strength);
    turnBack(turned, u - 4, v - 4, stride);
  }
  if (inner) {
    turn(u, v, stride, turned);
    filterInner(turned + 64, 16, limit, strength);
    turnBack(turned, u, v, stride);
  }
  if (hasAbove) {
    join(u - upper, v - upper, stride, turned);
    filterOuter(turned + 64, 16, limit + 4, strength);
    part(turned, u - upper, v - upper, stride);
  }
  if (inner) {
    join(u, v, stride, turned);
    filterInner(turned + 64, 16, limit, strength);
    part(turned, u, v, stride);
  }
}
