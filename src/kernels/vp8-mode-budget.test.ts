import { expect, test } from "vitest";
import { MAX_HEADER_BYTES } from "./vp8-encode-header.ts";
import { createModeBudget } from "./vp8-mode-budget.ts";

/** What the modes of a frame take whose macroblocks would take `bits` each, had they no price. */
function spend(columns: number, rows: number, bits: (row: number) => number) {
  const budget = createModeBudget(columns * rows, columns);
  let units = 0;
  let dearest = 0;
  for (let row = 0; row < rows; row++) {
    const { weight, allowed } = budget.next(Math.round(units));
    dearest = Math.max(dearest, weight);
    // Fewer use modes of their own where these are dear.
    units += columns * 256 * (allowed ? Math.max(4, bits(row) / Math.sqrt(weight / 256)) : 4);
  }
  return { bytes: units / 256 / 8, dearest };
}

test("modes have no price while they fit", () => {
  const { bytes, dearest } = spend(252, 189, () => 50);
  expect(dearest).toBe(256);
  expect(bytes).toBeLessThan(MAX_HEADER_BYTES);
});

test.each([
  [500, 375, () => 60],
  [578, 433, () => 60],
  [646, 484, () => 190],
  [578, 433, (row: number) => (row < 216 ? 4 : 150)],
  [1024, 300, (row: number) => (row % 2 ? 10 : 190)],
] as const)("%i × %i macroblocks fit, however much detail they have", (columns, rows, bits) => {
  const skipMarks = (columns * rows) / 8;
  const { bytes } = spend(columns, rows, bits);
  expect(bytes + skipMarks).toBeLessThan(MAX_HEADER_BYTES);
  // Nor is half the room left unused.
  expect(bytes + skipMarks).toBeGreaterThan(MAX_HEADER_BYTES / 2);
});
