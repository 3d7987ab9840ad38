import { expect, test } from "vitest";
import { fitCurves, type Curve, type Point } from "./curves.ts";

const FREE = { start: null, end: null };

const circle = (count: number, radius: number): Point[] =>
  Array.from({ length: count }, (_, i) => ({
    x: radius * Math.cos((i / count) * 2 * Math.PI),
    y: radius * Math.sin((i / count) * 2 * Math.PI),
  }));

/** Points on the curves, 50 of each. */
function walk(from: Point, curves: readonly Curve[]): Point[] {
  let start = from;
  return curves.flatMap(({ controls, end }) => {
    const [p, [q, r]] = [start, controls ?? [start, end]];
    start = end;
    return Array.from({ length: 51 }, (_, i) => {
      const [t, u] = [i / 50, 1 - i / 50];
      const [a, b, c, d] = [u ** 3, 3 * t * u * u, 3 * t * t * u, t ** 3];
      return { x: a * p.x + b * q.x + c * r.x + d * end.x, y: a * p.y + b * q.y + c * r.y + d * end.y }; // prettier-ignore
    });
  });
}

const nearest = ({ x, y }: Point, points: readonly Point[]): number =>
  Math.min(...points.map((point) => Math.hypot(point.x - x, point.y - y)));

test.each([0.1, 0.5, 2])("no point is farther than %f from the curves", (tolerance) => {
  const points = circle(400, 50).map(({ x, y }, i) => ({ x: x + Math.sin(i / 9) * 3, y }));
  const curves = fitCurves(points, tolerance, FREE);
  const walked = walk(points[0] as Point, curves);
  for (const point of points) expect(nearest(point, walked)).toBeLessThan(tolerance + 0.2);
  expect(curves.at(-1)?.end).toEqual(points.at(-1));
});

test("a circle takes a few curves, a straight way one line", () => {
  const round = fitCurves(circle(300, 50), 0.3, FREE);
  expect(round.length).toBeLessThanOrEqual(8);
  const straight = Array.from({ length: 1000 }, (_, i) => ({ x: i, y: i / 3 }));
  expect(fitCurves(straight, 0.3, FREE)).toEqual([{ controls: null, end: straight.at(-1) }]);
});

test("what is all corners ends, as points in one place do", () => {
  const zigzag = Array.from({ length: 40_000 }, (_, i) => ({ x: i, y: i % 2 === 0 ? 0 : 9 }));
  expect(fitCurves(zigzag, 0.3, FREE).length).toBeGreaterThan(10_000);
  const still = Array.from({ length: 500 }, () => ({ x: 1, y: 1 }));
  expect(fitCurves(still, 0.3, FREE)).toEqual([{ controls: null, end: { x: 1, y: 1 } }]);
});
