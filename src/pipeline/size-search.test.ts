import { describe, expect, test } from "vitest";
import {
  bestOf,
  bytesAt,
  correctPoints,
  firstQuality,
  nextQuality,
  sideFor,
  type Point,
} from "./size-search.ts";

const RANGE = { lowest: 30, highest: 95 };
const TRIES = 5;

/** Bytes by quality, from what encoders do to what none should. */
const FILES: Record<string, (quality: number) => number> = {
  "as a photograph's": (q) => 20_000 * Math.exp(0.03 * (q - 30)),
  "steeper towards the end": (q) => 20_000 * Math.exp(0.01 * (q - 30) + ((q - 30) / 60) ** 4),
  "with a jump where chroma gets its own resolution": (q) =>
    20_000 * Math.exp(0.02 * (q - 30)) * (q >= 90 ? 1.6 : 1),
  "that hardly changes": (q) => 50_000 + q,
  "in steps": (q) => 10_000 * Math.ceil(q / 10),
  "that falls": (q) => 200_000 / q,
  "without rule": (q) => 10_000 + ((q * 7919) % 97) * 1000,
};

function search(file: (quality: number) => number, limit: number): Point[] {
  const points: Point[] = [];
  let next: number | null = firstQuality(limit, 500_000, RANGE);
  while (next !== null && points.length < TRIES) {
    points.push({ quality: next, bytes: file(next) });
    next = nextQuality(points, limit, RANGE);
  }
  return points;
}

const LIMITS = Array.from({ length: 60 }, (_, index) => 5000 * 1.07 ** index);

describe("a search over files", () => {
  test.each(Object.entries(FILES))(
    "%s tries no quality twice, and none out of range",
    (_, file) => {
      for (const limit of LIMITS) {
        const tried = search(file, limit).map(({ quality }) => quality);
        expect(new Set(tried).size).toBe(tried.length);
        expect(tried.every((quality) => quality >= 30 && quality <= 95)).toBe(true);
        expect(tried.every(Number.isInteger)).toBe(true);
      }
    },
  );

  test.each(Object.entries(FILES).slice(0, 5))(
    "%s finds what fits, where something does",
    (_, file) => {
      for (const limit of LIMITS) {
        const best = bestOf(search(file, limit), limit);
        expect(best !== undefined).toBe(file(RANGE.lowest) <= limit);
      }
    },
  );

  test.each(Object.entries(FILES).slice(0, 2))("%s uses most of the limit", (_, file) => {
    for (const limit of LIMITS.filter((each) => each >= file(30) && each <= file(95))) {
      const best = bestOf(search(file, limit), limit);
      const nextBetter = file((best?.quality ?? 0) + 1);
      expect((best?.bytes ?? 0) > 0.85 * limit || nextBetter > limit).toBe(true);
    }
  });

  test("ends at once where the best quality fits", () => {
    expect(nextQuality([{ quality: 95, bytes: 10 }], 1000, RANGE)).toBeNull();
  });

  test("ends at once where there is one quality", () => {
    const range = { lowest: 80, highest: 80 };
    expect(nextQuality([{ quality: 80, bytes: 10 }], 1000, range)).toBeNull();
    expect(nextQuality([{ quality: 80, bytes: 2000 }], 1000, range)).toBeNull();
  });
});

describe("what a file has proves", () => {
  const points = [
    { quality: 50, bytes: 1000 },
    { quality: 70, bytes: 2000 },
  ];

  test("by how much estimates were off", () => {
    const corrected = correctPoints(points, { quality: 70, bytes: 3000 });
    expect(corrected).toEqual([
      { quality: 50, bytes: 1500 },
      { quality: 70, bytes: 3000 },
    ]);
  });

  test("the same where its quality was not measured", () => {
    const corrected = correctPoints(points, { quality: 60, bytes: 2 * bytesAt(points, 60) });
    expect(corrected.map(({ bytes }) => Math.round(bytes))).toEqual([2000, 4000, 2828]);
  });
});

describe("a smaller side", () => {
  test("gets nearer to the limit with each size that is known", () => {
    for (const power of [1.1, 1.3, 1.6, 2]) {
      for (const limit of [800, 5000, 20_000, 60_000]) {
        const file = (side: number) => 300 + 100_000 * side ** power;
        const sides = [{ side: 1, bytes: file(1) }];
        for (let tries = 0; tries < 3 && (sides.at(-1)?.bytes ?? 0) > limit; tries++) {
          const side = sideFor(sides, 300, limit);
          sides.push({ side, bytes: file(side) });
        }
        const bytes = sides.at(-1)?.bytes ?? 0;
        expect(bytes).toBeLessThanOrEqual(limit);
        expect(bytes).toBeGreaterThan(limit / 4);
      }
    }
  });

  test("is always smaller, and never nothing", () => {
    for (const limit of [1, 99, 1000, 10 ** 9]) {
      const side = sideFor([{ side: 0.5, bytes: 1000 }], 100, limit);
      expect(side > 0 && side < 0.5).toBe(true);
    }
  });
});
