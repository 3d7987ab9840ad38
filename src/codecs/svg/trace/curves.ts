/**
 * Curves through points: cubic Béziers, as few as stay within a distance of all points (Schneider:
 * An algorithm for automatically fitting digitized curves, Graphics Gems, 1990).
 */
export interface Point {
  x: number;
  y: number;
}

export interface Curve {
  /** Control points; a line has none. */
  controls: readonly [Point, Point] | null;
  end: Point;
}

const minus = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });
const dot = (a: Point, b: Point): number => a.x * b.x + a.y * b.y;
const along = (from: Point, direction: Point, length: number): Point => ({
  x: from.x + direction.x * length,
  y: from.y + direction.y * length,
});

function unit({ x, y }: Point): Point {
  const length = Math.hypot(x, y);
  return length === 0 ? { x: 0, y: 0 } : { x: x / length, y: y / length };
}

/** More points than these are parted at once, so that odd ones are not split off one by one. */
const MAX_POINTS = 256;
/** Attempts at a curve before its points are parted. */
const ROUNDS = 3;
/** How many times too far, squared, nothing improves it. */
const HOPELESS = 16;

/** Points on either side that tell a tangent. */
const TANGENT = 3;

/**
 * @param tolerance a distance
 * @param tangents where it leaves its first point and its last, inwards; null is as the points go
 */
export function fitCurves(
  points: readonly Point[],
  tolerance: number,
  tangents: { start: Point | null; end: Point | null },
): Curve[] {
  const last = points.length - 1;
  const at = (index: number) => points[Math.max(0, Math.min(last, index))] as Point;
  const start = tangents.start ?? unit(minus(at(TANGENT - 1), at(0)));
  const end = tangents.end ?? unit(minus(at(last - TANGENT + 1), at(last)));
  const curves: Curve[] = [];
  fit(points, 0, last, start, end, tolerance ** 2, curves);
  return curves;
}

function fit(
  points: readonly Point[],
  first: number,
  last: number,
  start: Point,
  end: Point,
  tolerance: number,
  curves: Curve[],
): void {
  const [from, to] = [points[first] as Point, points[last] as Point];
  if (isLine(points, first, last, tolerance / 2)) {
    curves.push({ controls: null, end: to });
    return;
  }
  let split = (first + last) >> 1;
  let shares = measureShares(points, first, last);
  for (let round = 0; round < ROUNDS && shares.length <= MAX_POINTS; round++) {
    const controls = solve(points, first, last, shares, start, end);
    const worst = findWorst(points, first, shares, [from, ...controls, to]);
    if (worst.distance <= tolerance) {
      curves.push({ controls, end: to });
      return;
    }
    split = worst.index;
    if (worst.distance > tolerance * HOPELESS) break;
    shares = improve(points, first, shares, [from, ...controls, to]);
  }
  split = Math.max(first + 1, Math.min(last - 1, split));
  const tangent = tangentAt(points, split, first, last);
  fit(points, first, split, start, { x: -tangent.x, y: -tangent.y }, tolerance, curves);
  fit(points, split, last, tangent, end, tolerance, curves);
}

export function tangentAt(
  points: readonly Point[],
  index: number,
  first: number,
  last: number,
): Point {
  const reach = Math.min(TANGENT, index - first, last - index);
  return unit(
    minus(points[index + Math.max(1, reach)] as Point, points[index - Math.max(1, reach)] as Point),
  );
}

function isLine(points: readonly Point[], first: number, last: number, tolerance: number): boolean {
  const from = points[first] as Point;
  const across = minus(points[last] as Point, from);
  const length = dot(across, across);
  for (let i = first + 1; i < last; i++) {
    const to = minus(points[i] as Point, from);
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, dot(to, across) / length));
    const off = minus(to, { x: across.x * share, y: across.y * share });
    if (dot(off, off) > tolerance) return false;
  }
  return true;
}

/** Where on the way each point is, 0 to 1. */
function measureShares(points: readonly Point[], first: number, last: number): number[] {
  const lengths = [0];
  for (let i = first + 1; i <= last; i++) {
    const step = minus(points[i] as Point, points[i - 1] as Point);
    lengths.push((lengths.at(-1) as number) + Math.hypot(step.x, step.y));
  }
  const whole = (lengths.at(-1) as number) || 1;
  return lengths.map((length) => length / whole);
}

type Bezier = readonly [Point, Point, Point, Point];

/** How much of each of the four points is at a share of the way. */
const blend = (t: number): [number, number, number, number] => [
  (1 - t) ** 3,
  3 * t * (1 - t) ** 2,
  3 * t * t * (1 - t),
  t ** 3,
];

function pointAt(bezier: Bezier, t: number): Point {
  const [a, b, c, d] = blend(t);
  const [p, q, r, s] = bezier;
  return { x: a * p.x + b * q.x + c * r.x + d * s.x, y: a * p.y + b * q.y + c * r.y + d * s.y };
}

/** The lengths of both tangents that bring the curve closest to the points, by least squares. */
function solve(
  points: readonly Point[],
  first: number,
  last: number,
  shares: readonly number[],
  start: Point,
  end: Point,
): [Point, Point] {
  const [from, to] = [points[first] as Point, points[last] as Point];
  let [c00, c01, c11, x0, x1] = [0, 0, 0, 0, 0];
  for (const [i, share] of shares.entries()) {
    const [a, b, c, d] = blend(share);
    const [s, e] = [along({ x: 0, y: 0 }, start, b), along({ x: 0, y: 0 }, end, c)];
    const point = points[first + i] as Point;
    const rest = {
      x: point.x - from.x * (a + b) - to.x * (c + d),
      y: point.y - from.y * (a + b) - to.y * (c + d),
    };
    c00 += dot(s, s);
    c01 += dot(s, e);
    c11 += dot(e, e);
    x0 += dot(s, rest);
    x1 += dot(e, rest);
  }
  const determinant = c00 * c11 - c01 * c01;
  const chord = Math.hypot(to.x - from.x, to.y - from.y);
  let [left, right] = [(x0 * c11 - x1 * c01) / determinant, (c00 * x1 - c01 * x0) / determinant];
  const isUsable =
    Math.abs(determinant) > 1e-9 &&
    left > chord * 1e-3 &&
    right > chord * 1e-3 &&
    left < chord * 3 &&
    right < chord * 3;
  if (!isUsable) [left, right] = [chord / 3, chord / 3];
  return [along(from, start, left), along(to, end, right)];
}

function findWorst(
  points: readonly Point[],
  first: number,
  shares: readonly number[],
  bezier: Bezier,
): { index: number; distance: number } {
  let worst = { index: first + (shares.length >> 1), distance: 0 };
  for (let i = 1; i < shares.length - 1; i++) {
    const off = minus(pointAt(bezier, shares[i] as number), points[first + i] as Point);
    const distance = dot(off, off);
    if (distance > worst.distance) worst = { index: first + i, distance };
  }
  return worst;
}

/** One step of Newton's towards the places on the curve that are closest to the points. */
function improve(
  points: readonly Point[],
  first: number,
  shares: readonly number[],
  bezier: Bezier,
): number[] {
  const [p, q, r, s] = bezier;
  const [d0, d1, d2] = [minus(q, p), minus(r, q), minus(s, r)];
  return shares.map((t, i) => {
    const off = minus(pointAt(bezier, t), points[first + i] as Point);
    const u = 1 - t;
    const slope = {
      x: 3 * (u * u * d0.x + 2 * u * t * d1.x + t * t * d2.x),
      y: 3 * (u * u * d0.y + 2 * u * t * d1.y + t * t * d2.y),
    };
    const bend = {
      x: 6 * (u * (d1.x - d0.x) + t * (d2.x - d1.x)),
      y: 6 * (u * (d1.y - d0.y) + t * (d2.y - d1.y)),
    };
    const divisor = dot(slope, slope) + dot(off, bend);
    return Math.abs(divisor) < 1e-9 ? t : Math.min(1, Math.max(0, t - dot(off, slope) / divisor));
  });
}
