import { expect, test } from "vitest";
import { fromBytes, type ByteSource } from "../../pipeline/bytes.ts";
import { MemoryGate } from "../../pipeline/memory.ts";
import { writeBmp } from "../../../test/support/bmp-writer.ts";
import { openBmp } from "./source.ts";

const MIB = 1024 * 1024;

test("a bottom-up file is read by a few ranges from its end, never as a whole", async () => {
  const [width, height] = [2000, 2000];
  const file = writeBmp({ width, height, header: "info", bits: 24, pixels: [] });
  const ranges: { offset: number; length: number }[] = [];
  const whole = fromBytes(file);
  const bytes: ByteSource = {
    ...whole,
    read(offset, length) {
      ranges.push({ offset, length });
      return whole.read(offset, length);
    },
    stream: () => Promise.reject(new Error("read by ranges")),
  };
  const source = await openBmp(bytes);
  ranges.length = 0;
  const plan = { scale: 1, region: null };
  const workspace = await new MemoryGate().admit(source.memory(plan));
  const { strips } = await source.picture(plan, workspace);
  let rows = 0;
  for await (const strip of strips) rows += strip.rows;
  expect(rows).toBe(height);
  expect(ranges.length).toBe(3);
  expect(Math.max(...ranges.map(({ length }) => length))).toBeLessThanOrEqual(4 * MIB);
  expect(ranges.map(({ offset }) => offset)).toEqual(
    ranges.map(({ offset }) => offset).toSorted((a, b) => b - a),
  );
});
