/** Turning pictures of any size: where the turned picture does not fit, it is made in bands. */
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MEMORY_BUDGET_BYTES, MIB } from "../../src/limits.ts";
import { startLab, type Lab, type LabError } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const ORIENTATIONS = [2, 3, 4, 5, 6, 7, 8] as const;

/** Every pixel tells where it is. */
function draw(width: number, height: number, channels: 1 | 3 | 4): Sharp {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[i++] = x * (3 + c) + y * (7 - c) + ((x * y) >> 6);
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

/** So that the decoder delivers as many channels as were drawn. */
const colourspaceOf = (channels: 1 | 3 | 4) => (channels === 1 ? "b-w" : "srgb");

const pixelsOf = (file: Uint8Array, upright = false) => {
  const image = sharp(file);
  return (upright ? image.rotate() : image).raw().toBuffer({ resolveWithObject: true });
};

async function expectTurned(file: Uint8Array, budget: number): Promise<void> {
  const ours = await lab.convert(file, { format: "png" }, budget);
  const [turned, theirs] = await Promise.all([pixelsOf(ours.file), pixelsOf(file, true)]);
  expect(turned.info).toMatchObject({
    width: theirs.info.width,
    height: theirs.info.height,
    channels: theirs.info.channels,
  });
  expect(Buffer.compare(turned.data, theirs.data)).toBe(0);
  expect(ours.used).toBeLessThanOrEqual(ours.planned);
}

describe.each([1, 3, 4] as const)("of %i channels", (channels) => {
  it.each(ORIENTATIONS)("orientation %i is exact at every size", async (orientation) => {
    for (const [width, height] of [
      [1, 1],
      [1, 40],
      [33, 1],
      [15, 17],
      [16, 32],
      [65, 50],
    ] as const) {
      const image = draw(width, height, channels).toColourspace(colourspaceOf(channels));
      await expectTurned(await image.withMetadata({ orientation }).png().toBuffer(), 0);
    }
  });

  it.each(ORIENTATIONS)("orientation %i is exact in several passes", async (orientation) => {
    const image = draw(603, 401, channels).toColourspace(colourspaceOf(channels));
    const file = await image.withMetadata({ orientation }).png({ compressionLevel: 1 }).toBuffer();
    const inOnePass = (await lab.convert(file, { format: "png" })).planned;
    const band = orientation === 2 ? 0 : 603 * 401 * channels * 0.6;
    await expectTurned(file, Math.ceil(inOnePass - band));
  });
});

describe("each pass gives back what it took", () => {
  const photo = () => draw(900, 700, 3).withMetadata({ orientation: 6 });
  it.each([
    ["JPEG", () => photo().jpeg({ chromaSubsampling: "4:4:4" }).toBuffer()],
    ["progressive JPEG", () => photo().jpeg({ progressive: true }).toBuffer()],
    ["JPEG of inks", () => photo().toColourspace("cmyk").jpeg().toBuffer()],
    ["lossy WebP", () => photo().webp().toBuffer()],
    ["lossless WebP", () => photo().webp({ lossless: true, effort: 0 }).toBuffer()],
    ["TIFF in tiles", () => photo().tiff({ tile: true, compression: "lzw" }).toBuffer()],
    ["TIFF", () => photo().tiff({ compression: "deflate" }).toBuffer()],
    ["interlaced PNG", () => photo().png({ progressive: true }).toBuffer()],
  ])("%s: in passes as in one", async (_, make) => {
    const file = await make();
    const options = { format: "png" } as const;
    const whole = await lab.convert(file, options);
    const banded = await lab.convert(file, options, whole.planned - MIB);
    expect(Buffer.compare(banded.file, whole.file)).toBe(0);
    expect(banded.warnings).toEqual(whole.warnings);
    expect(banded.planned).toBeLessThan(whole.planned - MIB + 1);
    expect(banded.used).toBeLessThanOrEqual(banded.planned);
  });

  it("what no number of passes makes fit is refused", async () => {
    const file = await photo().png().toBuffer();
    const error = await lab.convert(file, { format: "png" }, 2 * MIB).catch((e: LabError) => e);
    expect(error).toMatchObject({ code: "memory_limit" });
  });
});

describe("64 megapixels, orientation 6", () => {
  const SIZE = { width: 9248, height: 6936 };
  let file: Uint8Array;
  beforeAll(async () => {
    const small = await draw(578, 434, 3).png().toBuffer();
    file = await sharp(small)
      .resize({ ...SIZE, fit: "fill", kernel: "linear" })
      .withMetadata({ orientation: 6 })
      .webp({ quality: 60, effort: 0 })
      .toBuffer();
  });

  it("lossy WebP → lossy WebP within the budget", async () => {
    const ours = await lab.convert(file, { format: "webp" });
    expect([ours.width, ours.height]).toEqual([SIZE.height, SIZE.width]);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    expect(ours.planned).toBeLessThanOrEqual(MEMORY_BUDGET_BYTES);
    const shrink = (image: Sharp) => image.resize({ width: 600 }).raw().toBuffer();
    const [turned, theirs] = await Promise.all([
      shrink(sharp(ours.file)),
      shrink(sharp(file).rotate()),
    ]);
    expect(psnr(turned, theirs)).toBeGreaterThan(36);
  });
});
