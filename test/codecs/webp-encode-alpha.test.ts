/** What our own lossy WebP encoder promises of transparency, judged by libwebp (in sharp). */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  startLab,
  type Lab,
  type LabError,
  type Pixels,
  type Usage,
} from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { drawPhoto } from "./jpeg-fixtures.ts";

const MIB = 1024 * 1024;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const random = createRandom(5);

/** Alpha at a place, of a picture of these sides. */
const MASKS: Record<string, (x: number, y: number, width: number, height: number) => number> = {
  opaque: () => 255,
  nothing: () => 0,
  fade: (x, y, width, height) => (255 * (x + y)) / (width + height),
  disc: (x, y, width, height) =>
    Math.min(255, Math.max(0, 90 * (width / 3 - Math.hypot(x - width / 2, y - height / 2)))),
  stripes: (x) => (x % 2 === 0 ? 255 : 0),
  noise: () => random(256),
};

function draw(width: number, height: number, mask: string): Pixels {
  const photo = drawPhoto(width, height);
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    data.set(photo.data.subarray(3 * i, 3 * i + 3), 4 * i);
    data[4 * i + 3] = MASKS[mask]?.(i % width, Math.floor(i / width), width, height) ?? 0;
  }
  return { width, height, channels: 4, data };
}

async function encode(pixels: Pixels, options: object = {}, metadata: object = {}, stripRows = 16) {
  const { data, ...shape } = pixels;
  const { info, bytes } = await lab.post(
    "/lossy",
    { ...shape, options, metadata, stripRows },
    data,
  );
  const { planned, used } = info as Usage;
  expect(used).toBeLessThanOrEqual(planned);
  return bytes;
}

const alphaOf = (data: Uint8Array): Uint8Array => data.filter((_, i) => i % 4 === 3);

async function expectAlpha(file: Uint8Array, pixels: Pixels): Promise<void> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: pixels.width, height: pixels.height, channels: 4 });
  expect(Buffer.compare(alphaOf(data), alphaOf(pixels.data))).toBe(0);
}

/** As seen on gray: colours under full transparency do not count. */
async function visible(file: Uint8Array): Promise<Uint8Array> {
  const flat = sharp(file).flatten({ background: "#808080" }).removeAlpha();
  return new Uint8Array(await flat.raw().toBuffer());
}

describe.each(Object.keys(MASKS))("%s", (mask) => {
  it.each([
    [1, 1],
    [1, 7],
    [9, 1],
    [2, 3],
    [15, 16],
    [17, 33],
    [65, 64],
    [5000, 20],
    [300, 4200],
  ])("%i × %i: transparency survives exactly", async (width, height) => {
    const pixels = draw(width, height, mask);
    await expectAlpha(await encode(pixels, { quality: 30 }), pixels);
  });

  it("looks as close as libwebp's", async () => {
    const pixels = draw(400, 300, mask);
    const { data, ...raw } = pixels;
    const png = await sharp(data, { raw }).png().toBuffer();
    const reference = await sharp(data, { raw }).webp({ quality: 80, effort: 4 }).toBuffer();
    const original = await visible(png);
    const closeness = async (file: Uint8Array) => Math.min(99, psnr(await visible(file), original));
    expect(await closeness(await encode(pixels))).toBeGreaterThan(
      (await closeness(reference)) - 0.15,
    );
  });
});

it("what is invisible does not colour what is visible", async () => {
  const pixels = draw(320, 320, "stripes");
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data.set(pixels.data[i + 3] === 0 ? [255, 0, 0] : [0, 0, 200], i);
  }
  const { data } = await sharp(await encode(pixels, { quality: 90 }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  let red = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) red += data[i] ?? 0;
  expect(red / (320 * 160)).toBeLessThan(60);
});

it("does not depend on how the rows are cut into strips", async () => {
  const pixels = draw(301, 203, "disc");
  const file = await encode(pixels);
  for (const stripRows of [1, 7, 48]) {
    expect(Buffer.compare(await encode(pixels, {}, {}, stripRows), file)).toBe(0);
  }
});

it("metadata is carried beside it", async () => {
  const pixels = draw(51, 41, "fade");
  const xmp = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
  const file = await encode(pixels, {}, { xmp: xmp.toString("base64") });
  await expectAlpha(file, pixels);
  expect((await sharp(file).metadata()).xmp?.equals(xmp)).toBe(true);
});

describe("pictures for which libwebp has little room", () => {
  it.each(["disc", "noise"])("are encoded within their plan: %s", async (mask) => {
    const pixels = draw(3200, 2400, mask);
    const { file, used, planned } = await lab.encode("webp", pixels, { quality: 80 });
    await expectAlpha(file, pixels);
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(40 * MIB);
  });

  it("transparency that is noise and too large for its room: memory_limit", async () => {
    const pixels = draw(4500, 4000, "noise");
    const error = await lab.encode("webp", pixels, { quality: 10 }).then(
      () => null,
      (thrown: unknown) => thrown as LabError,
    );
    expect(error?.code).toBe("memory_limit");
  });
});
