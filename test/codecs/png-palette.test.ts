/** PNGs with palettes: exact where colours are few, reduced and dithered where that is asked for. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const INDEXED = 3;
const TRUECOLOUR = { 1: 0, 3: 2, 4: 6 } as const;

/** What IHDR says. */
const typeOf = (file: Uint8Array) => ({ depth: file[24], colourType: file[25] });

/** `count` colours, in runs and single pixels; the last of them is the last pixel. */
function drawColours(width: number, height: number, channels: 3 | 4, count: number): Pixels {
  const data = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const index = pixel === width * height - 1 ? count - 1 : ((pixel * pixel) >> 5) % (count - 1);
    data.set(
      [index * 7, 255 - index, index >> 1].map((value) => value & 255),
      pixel * channels,
    );
    if (channels === 4) data[pixel * 4 + 3] = index % 3 === 0 ? 255 : index;
  }
  return { width, height, channels, data };
}

/** A smooth picture; its alpha, where there is one, grows from left to right. */
function drawSmooth(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y, c] = [
      Math.floor(i / channels) % width,
      Math.floor(i / channels / width),
      i % channels,
    ];
    return c === 3 ? (x * 255) / width : 128 + 120 * Math.sin((x + c * 40) / 60 + y / (50 + c * 9));
  });
  return { width, height, channels, data };
}

async function readBack(file: Uint8Array, channels: number): Promise<Buffer> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(channels);
  return data;
}

/** As seen on a background. */
async function flatten(pixels: { data: Uint8Array }, like: Pixels, background: string) {
  const { width, height, channels } = like;
  const raw = { width, height, channels };
  return await sharp(pixels.data, { raw }).flatten({ background }).raw().toBuffer();
}

describe("a picture of few colours", () => {
  test.each([
    [2, 1],
    [4, 2],
    [16, 4],
    [17, 8],
    [256, 8],
  ])("%i of them: every pixel comes back, %i bits each", async (count, depth) => {
    for (const channels of [3, 4] as const) {
      const pixels = drawColours(231, 77, channels, count);
      for (const effort of ["default", "max"] as const) {
        const { file, used, planned } = await lab.encode("png", pixels, { effort });
        expect(typeOf(file)).toEqual({ depth, colourType: INDEXED });
        expect(Buffer.compare(await readBack(file, channels), pixels.data)).toBe(0);
        expect(used).toBeLessThanOrEqual(planned);
      }
    }
  });

  test.each([3, 4] as const)(
    "257, the last in the last pixel: %i channels as they are",
    async (channels) => {
      const pixels = drawColours(231, 77, channels, 257);
      const { file, used, planned } = await lab.encode("png", pixels);
      expect(typeOf(file)).toEqual({ depth: 8, colourType: TRUECOLOUR[channels] });
      expect(Buffer.compare(await readBack(file, channels), pixels.data)).toBe(0);
      expect(used).toBeLessThanOrEqual(planned);
    },
  );

  test("the same, from strips that lie in the engine's memory", async () => {
    const pixels = drawColours(231, 77, 3, 257);
    const png = await sharp(pixels.data, { raw: pixels }).png().toBuffer();
    const { file } = await lab.convert(png, { format: "png" });
    expect(Buffer.compare(await readBack(file, 3), pixels.data)).toBe(0);
  });

  test("within the number asked for nothing changes", async () => {
    const pixels = drawColours(90, 77, 3, 12);
    const { file } = await lab.encode("png", pixels, { colors: 12 });
    expect(Buffer.compare(await readBack(file, 3), pixels.data)).toBe(0);
  });
});

describe("a number of colours", () => {
  const photo = async (): Promise<Pixels> => {
    const smooth = drawSmooth(300, 200, 3);
    const noise = await sharp(smooth.data, { raw: smooth }).jpeg({ quality: 60 }).toBuffer();
    return { ...smooth, data: await readBack(noise, 3) };
  };

  // sharp knows 2, 4, 16 and 256.
  test.each([
    [2, 2],
    [16, 16],
    [60, 16],
    [256, 256],
  ])("at most %i, as near as sharp's %i", async (colors, colours) => {
    const pixels = await photo();
    const { file, used, planned } = await lab.encode("png", pixels, { colors });
    expect(typeOf(file).colourType).toBe(INDEXED);
    const made = await readBack(file, 3);
    const seen = new Set<number>();
    for (let i = 0; i < made.length; i += 3) seen.add(made.readUIntBE(i, 3));
    expect(seen.size).toBeLessThanOrEqual(colors);
    const theirs = await sharp(pixels.data, { raw: pixels })
      .png({ palette: true, colours, dither: 0.5, effort: 7 })
      .toBuffer();
    const distance = psnr(pixels.data, await readBack(theirs, 3));
    expect(psnr(pixels.data, made)).toBeGreaterThan(distance - 1);
    expect(used).toBeLessThanOrEqual(planned);
  });

  test("transparency has its share of the palette", async () => {
    const pixels = drawSmooth(300, 200, 4);
    const { file, used, planned } = await lab.encode("png", pixels, { colors: 200 });
    expect(typeOf(file).colourType).toBe(INDEXED);
    const data = await readBack(file, 4);
    for (const background of ["#000", "#fff"]) {
      const before = await flatten(pixels, pixels, background);
      expect(psnr(before, await flatten({ data }, pixels, background))).toBeGreaterThan(28);
    }
    expect(used).toBeLessThanOrEqual(planned);
  });

  test("gray stays gray, two bits each", async () => {
    const pixels = drawSmooth(301, 200, 1);
    const { file, used, planned } = await lab.encode("png", pixels, { colors: 4 });
    expect(typeOf(file)).toEqual({ depth: 2, colourType: INDEXED });
    const data = await sharp(file).toColourspace("b-w").raw().toBuffer();
    expect(new Set(data).size).toBe(4);
    expect(psnr(pixels.data, data)).toBeGreaterThan(18);
    expect(used).toBeLessThanOrEqual(planned);
  });

  test("a file with its colours reduced is not the input, whatever the limit", async () => {
    const pixels = drawColours(231, 77, 3, 200);
    const png = await sharp(pixels.data, { raw: pixels }).png().toBuffer();
    const { file } = await lab.convert(png, { format: "png", colors: 8, neverLarger: true });
    const { data } = await lab.decode(file);
    expect(Buffer.compare(data, pixels.data)).not.toBe(0);
  });
});
