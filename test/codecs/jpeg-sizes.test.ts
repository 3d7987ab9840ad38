/**
 * Whatever a JPEG's size, sampling and scans, its pixels are sharp's. Of the sizes from 1 × 1 to
 * 65 × 65 a sample is taken; with JPEG_SIZES=all every one, which takes half an hour.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startLab, type Lab } from "../support/lab-client.ts";
import { createRandom, drawPhoto, judge, toSharp, writeJpeg422 } from "./jpeg-fixtures.ts";
import { SHAPES, type Shape } from "./jpeg-shapes.ts";
import { writeRandomJpeg } from "./jpeg-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const LONGEST_SIDE = 65;
const SAMPLES = 12;
const ALL = process.env["JPEG_SIZES"] === "all";
const ALL_TIMEOUT_MS = 600_000;

type Write = (width: number, height: number) => Promise<Uint8Array>;

const bySharp =
  (progressive: boolean, chromaSubsampling: string, channels: 1 | 3 = 3): Write =>
  (width, height) =>
    toSharp(drawPhoto(width, height, channels))
      .jpeg({ progressive, chromaSubsampling })
      .toBuffer();

const WRITERS: Record<string, Write> = {
  "baseline 4:2:0, drawn": bySharp(false, "4:2:0"),
  "progressive gray": bySharp(true, "4:2:0", 1),
  "progressive 4:2:0": bySharp(true, "4:2:0"),
  "progressive 4:4:4": bySharp(true, "4:4:4"),
  "progressive 4:2:2, scans chosen by mozjpeg": (width, height) =>
    writeJpeg422(drawPhoto(width, height), true),
};
// sharp turns inks into colours by another profile than we do.
for (const [name, shape] of Object.entries(SHAPES)) {
  if (shape.factors.length < 4) WRITERS[name] = writeShape(shape);
}

function writeShape(shape: Shape): Write {
  return (width, height) => Promise.resolve(writeRandomJpeg({ ...shape, width, height }));
}

/** The sizes at both ends, and some between. */
function listSizes(seed: number): (readonly [width: number, height: number])[] {
  const sides = Array.from({ length: LONGEST_SIDE }, (_, i) => i + 1);
  if (ALL) return sides.flatMap((width) => sides.map((height) => [width, height] as const));
  const random = createRandom(seed);
  const side = () => 1 + Math.floor(random() * LONGEST_SIDE);
  const between = Array.from({ length: SAMPLES - 2 }, () => [side(), side()] as const);
  return [[1, 1], [LONGEST_SIDE, LONGEST_SIDE], ...between];
}

it.each(Object.keys(WRITERS))(
  "%s",
  async (name) => {
    const write = WRITERS[name] as Write;
    for (const [width, height] of listSizes(name.length)) {
      const file = await write(width, height);
      const [picture, expected] = await Promise.all([lab.decode(file), judge(file)]);
      const same = Buffer.compare(picture.data, expected.data) === 0;
      expect([width, height, picture.channels, same]).toEqual([
        ...[expected.width, expected.height, expected.channels, true],
      ]);
    }
  },
  ALL ? ALL_TIMEOUT_MS : undefined,
);
