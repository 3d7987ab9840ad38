/** Our JPEG decoder gives libjpeg-turbo's pixels, bit by bit, whatever the file's structure. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCmykGrid } from "../../src/colour/cmyk-grid.ts";
import { interpolateInks } from "../support/interpolate-inks.ts";
import { startLab, type Lab } from "../support/lab-client.ts";
import { drawPhoto, judge, toSharp } from "./jpeg-fixtures.ts";
import { decodeByTurbo } from "./jpeg-turbo-reference.ts";
import { SHAPES, type Shape } from "./jpeg-shapes.ts";
import { writeRandomJpeg } from "./jpeg-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const SIZES = [
  [1, 1],
  [2, 3],
  [3, 2],
  [5, 17],
  [8, 8],
  [16, 16],
  [33, 47],
  [100, 63],
] as const;
const SCALES = [1, 2, 4, 8];

/** @param adobe whether inks are stored as what light they leave */
async function expectExact(
  file: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  adobe = false,
) {
  for (const scale of SCALES) {
    const picture = await lab.decode(file, { scale });
    const sides = [Math.ceil(width / scale), Math.ceil(height / scale)] as const;
    expect([picture.width, picture.height, picture.rows]).toEqual([...sides, sides[1]]);
    // libjpeg-turbo is asked for a size: small pictures have it at several scales.
    if (Math.max(width, height) < 8 && scale > 1) continue;
    const decoded = decodeByTurbo(file, ...sides, channels);
    const expected = channels === 4 ? toSrgb(decoded, adobe) : decoded;
    const difference = picture.data.findIndex((sample, i) => sample !== expected[i]);
    expect({ scale, difference }).toEqual({ scale, difference: -1 });
    expect(picture.used).toBeLessThanOrEqual(picture.planned);
  }
  if (channels === 4) return; // sharp assumes another printer than we do
  const { data } = await judge(file);
  expect(Buffer.compare((await lab.decode(file)).data, data)).toBe(0);
}

const grid = createCmykGrid(null);

function toSrgb(inks: Uint8Array, adobe: boolean): Uint8Array {
  const rgb = new Uint8Array((inks.length / 4) * 3);
  interpolateInks(grid, adobe ? inks.map((ink) => 255 - ink) : inks, rgb, inks.length / 4);
  return rgb;
}

describe.each(Object.keys(SHAPES))("%s", (name) => {
  const shape = SHAPES[name] as Shape;
  const channels = shape.factors.length as 1 | 3 | 4;
  const adobe = shape.transform !== undefined;

  it.each(SIZES)("%i x %i", async (width, height) => {
    const file = writeRandomJpeg({ ...shape, width, height });
    await expectExact(file, width, height, channels, adobe);
  });

  it.each([1, 3, 1000])("restart markers every %i MCUs", async (interval) => {
    const file = writeRandomJpeg({ ...shape, width: 70, height: 50, interval });
    await expectExact(file, 70, 50, channels, adobe);
  });
});

describe.each(["4:2:0", "4:4:4", "gray"])("progressive %s", (kind) => {
  it.each(SIZES)("%i x %i", async (width, height) => {
    const channels = kind === "gray" ? 1 : 3;
    const chromaSubsampling = kind === "4:4:4" ? "4:4:4" : "4:2:0";
    for (const quality of [30, 97]) {
      const file = await toSharp(drawPhoto(width, height, channels))
        .jpeg({ progressive: true, quality, chromaSubsampling })
        .toBuffer();
      await expectExact(file, width, height, channels);
    }
  });
});

it("a photo larger than all windows, baseline and progressive", async () => {
  const photo = drawPhoto(1501, 1003);
  for (const progressive of [false, true]) {
    const file = await toSharp(photo).jpeg({ quality: 98, progressive }).toBuffer();
    await expectExact(file, 1501, 1003, 3);
    const { planned } = await lab.decode(file);
    expect(planned).toBeLessThan(4 * 1024 * 1024);
  }
});

it("takes memory by the width, not by the height", async () => {
  const plan = async (height: number) => {
    const flat = sharp({ create: { width: 2000, height, channels: 3, background: "teal" } });
    return (await lab.decode(await flat.jpeg().toBuffer())).planned;
  };
  expect(await plan(4000)).toBe(await plan(40));
});
