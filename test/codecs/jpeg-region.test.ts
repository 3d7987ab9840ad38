/** A part of a JPEG picture is decoded to the very pixels that the whole has there. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Rect } from "../../src/pipeline/geometry.ts";
import { startLab, type Lab, type LabError, type Pixels } from "../support/lab-client.ts";
import { createRandom, drawPhoto, toSharp } from "./jpeg-fixtures.ts";
import { SHAPES, type Shape } from "./jpeg-shapes.ts";
import { writeRandomJpeg } from "./jpeg-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const WIDTH = 117;
const HEIGHT = 91;
const SCALES = [1, 2, 4, 8];
const REGIONS = 5;

/** The corners of the picture, then places anywhere. */
function listRegions(width: number, height: number, random: () => number): Rect[] {
  const span = (side: number): [start: number, length: number] => {
    const start = Math.floor(random() * side);
    return [start, 1 + Math.floor(random() * (side - start))];
  };
  const anywhere = Array.from({ length: REGIONS }, () => {
    const [x, columns] = span(width);
    const [y, rows] = span(height);
    return { x, y, width: columns, height: rows };
  });
  const corner = { x: width - 1, y: height - 1, width: 1, height: 1 };
  return [{ x: 0, y: 0, width: 1, height: 1 }, corner, ...anywhere];
}

function cut({ data, width, channels }: Pixels, region: Rect): Buffer {
  const rows = Array.from({ length: region.height }, (_, row) => {
    const start = ((region.y + row) * width + region.x) * channels;
    return data.subarray(start, start + region.width * channels);
  });
  return Buffer.concat(rows);
}

async function expectExact(file: Uint8Array, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (const scale of SCALES) {
    const whole = await lab.decode(file, { scale });
    for (const region of listRegions(whole.width, whole.height, random)) {
      const part = await lab.decode(file, { scale, region });
      const { width, height } = part;
      const same = Buffer.compare(part.data, cut(whole, region)) === 0;
      expect({ scale, region, width, height, same }).toEqual({
        ...{ scale, region, same: true },
        ...{ width: region.width, height: region.height },
      });
      expect(part.used).toBeLessThanOrEqual(part.planned);
    }
  }
}

describe.each(Object.keys(SHAPES))("%s", (name) => {
  it.each([0, 5])("restart markers every %i MCUs", async (interval) => {
    const shape = { ...(SHAPES[name] as Shape), width: WIDTH, height: HEIGHT, interval };
    await expectExact(writeRandomJpeg(shape), interval + name.length);
  });
});

it("more blocks in an MCU than our own decoder reads", async () => {
  const factors = [[4, 4], [1, 1], [1, 1]] as const; // prettier-ignore
  const shape = { factors, scans: [[0], [1], [2]], width: WIDTH, height: HEIGHT };
  await expectExact(writeRandomJpeg(shape), 1);
});

it.each(["4:2:0", "4:4:4", "gray"])("progressive %s", async (kind) => {
  const photo = drawPhoto(WIDTH, HEIGHT, kind === "gray" ? 1 : 3);
  const chromaSubsampling = kind === "4:4:4" ? kind : "4:2:0";
  const file = await toSharp(photo).jpeg({ progressive: true, chromaSubsampling }).toBuffer();
  await expectExact(file, 7);
});

it("takes memory by the width of the part", async () => {
  const file = await toSharp(drawPhoto(4000, 64)).jpeg().toBuffer();
  const whole = await lab.decode(file);
  const part = await lab.decode(file, { region: { x: 1900, y: 0, width: 100, height: 64 } });
  expect(part.planned).toBeLessThan(whole.planned - 200_000);
});

describe("a file that breaks off below the part", () => {
  const region = { x: 10, y: 8, width: 100, height: 40 };
  const photo = drawPhoto(601, 803);

  it("gives the part where the rows follow each other", async () => {
    const file = await toSharp(photo).jpeg().toBuffer();
    const part = await lab.decode(file.subarray(0, file.length * 0.6), { region });
    expect(Buffer.compare(part.data, cut(await lab.decode(file), region))).toBe(0);
  });

  it("is refused where later scans would make it clearer", async () => {
    const file = await toSharp(photo).jpeg({ progressive: true }).toBuffer();
    const cutShort = lab.decode(file.subarray(0, file.length * 0.6), { region });
    await expect(cutShort).rejects.toSatisfy((error: LabError) => error.code === "truncated_image");
  });
});

describe("a conversion that crops gives what it gives of a format without regions", () => {
  it.each([
    ["at full size", { aspect: { width: 1, height: 1, mode: "crop" } }],
    [
      "at full size, at a corner",
      { aspect: { width: 3, height: 1, mode: "crop" }, gravity: "southeast" },
    ],
    ["covering a size", { width: 200, height: 180, fit: "cover" }],
    ["covering a size, at an edge", { width: 111, height: 199, fit: "cover", gravity: "west" }],
    ["averaging first", { width: 33, height: 41, fit: "cover", linearLight: true }],
    [
      "averaging first, at an edge",
      { width: 19, height: 40, fit: "cover", linearLight: true, gravity: "east" },
    ],
    ["by nearest pixels", { width: 30, height: 40, fit: "cover", kernel: "nearest" }],
  ] as const)("%s", async (_name, options) => {
    const jpeg = await toSharp(drawPhoto(301, 203)).jpeg({ quality: 90 }).toBuffer();
    const png = await sharp(jpeg).png().toBuffer();
    const { file } = await lab.convert(jpeg, { format: "png", ...options });
    const { file: expected } = await lab.convert(png, { format: "png", ...options });
    const pixels = (made: Uint8Array) => sharp(made).raw().toBuffer();
    expect(Buffer.compare(await pixels(file), await pixels(expected))).toBe(0);
  });

  it.each([2, 3, 5, 6, 8])("turned by orientation %i", async (orientation) => {
    const jpeg = await toSharp(drawPhoto(301, 203)).withMetadata({ orientation }).jpeg().toBuffer();
    const png = await sharp(jpeg).autoOrient().png().toBuffer();
    const options = {
      format: "png",
      aspect: { width: 1, height: 2, mode: "crop" },
      gravity: "west",
    } as const;
    const { file } = await lab.convert(jpeg, options);
    const { file: expected } = await lab.convert(png, options);
    const pixels = (made: Uint8Array) => sharp(made).raw().toBuffer();
    expect(Buffer.compare(await pixels(file), await pixels(expected))).toBe(0);
  });

  it("is not taken for a copy of its input", async () => {
    const jpeg = await toSharp(drawPhoto(301, 203)).jpeg({ quality: 20 }).toBuffer();
    const options = { format: "jpg", neverLarger: true, quality: 100 } as const;
    const { width, height } = await lab.convert(jpeg, {
      ...options,
      aspect: { width: 1, height: 1, mode: "crop" },
    });
    expect([width, height]).toEqual([203, 203]);
  });
});
