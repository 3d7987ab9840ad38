import { describe, expect, test } from "vitest";
import type { Strip } from "./picture.ts";
import { planSample, stripsOf, takeSample } from "./sample.ts";

const SIZES = [
  [1, 1],
  [16_384, 5],
  [16_384, 4000],
  [4032, 3024],
  [4000, 2999],
  [3, 16_384],
  [1000, 1000],
] as const;

describe("a sample", () => {
  test.each(SIZES)(
    "of %i×%i stays inside, starts at blocks and is as small as asked",
    (width, height) => {
      for (const maxPixels of [1, 100_000, 1_500_000, 10 ** 9]) {
        const { starts, bandRows, rows, factor } = planSample({ width, height }, maxPixels);
        expect(rows).toBe(starts.length * bandRows);
        expect(factor).toBeCloseTo(height / rows);
        expect((starts.at(-1) ?? 0) + bandRows).toBeLessThanOrEqual(height);
        expect(starts.every((start) => start % 16 === 0)).toBe(true);
        expect(
          starts.every((start, i) => i === 0 || start >= (starts[i - 1] ?? 0) + bandRows),
        ).toBe(true);
        expect(width * rows <= maxPixels || starts.length === 1).toBe(true);
      }
    },
  );

  test("of a small picture is all of it", () => {
    expect(planSample({ width: 1000, height: 999 }, 1_000_000)).toMatchObject({
      rows: 999,
      factor: 1,
    });
  });

  test("has the rows it says, however the picture is cut into strips", async () => {
    const info = { width: 5, height: 1000, channels: 3, icc: null } as const;
    const rowBytes = info.width * info.channels;
    const pixels = new Uint8Array(rowBytes * info.height).map((_, i) => (i * 7919) >> 3);
    const sample = planSample(info, 5 * 200);
    const expected = sample.starts.flatMap((start) => [
      ...pixels.subarray(start * rowBytes, (start + sample.bandRows) * rowBytes),
    ]);
    for (const stripRows of [1, 7, 16, 33, 256, 1000]) {
      async function* strips(): AsyncGenerator<Strip> {
        for (let y = 0; y < info.height; y += stripRows) {
          const rows = Math.min(stripRows, info.height - y);
          yield { y, rows, data: pixels.subarray(y * rowBytes, (y + rows) * rowBytes) };
        }
      }
      const target = new Uint8Array(sample.rows * rowBytes);
      await takeSample(strips(), info, sample, target);
      expect([...target]).toEqual(expected);
    }
  });

  test("goes to the encoder as a picture of its own", async () => {
    const info = { width: 2, height: 35, channels: 1, icc: null } as const;
    const pixels = new Uint8Array(70).map((_, i) => i);
    const rows: number[] = [];
    const read: number[] = [];
    for await (const strip of stripsOf(pixels, info)) {
      rows.push(strip.rows);
      read.push(...strip.data);
    }
    expect(rows).toEqual([16, 16, 3]);
    expect(read).toEqual([...pixels]);
  });
});
