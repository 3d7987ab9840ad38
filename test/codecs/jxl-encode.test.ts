/** JPEG XL as we write it, judged by ImageMagick (libjxl) and by the decoder that we use (jxl-oxide). */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { judge } from "../support/judges.ts";
import { readByMagick, toTiffByMagick } from "../support/magick.ts";
import {
  differFromMagick,
  drawPlain,
  maxSeen,
  PLAIN_SIZES,
  toRgba,
} from "../support/plain-pictures.ts";
import { psnr } from "../support/psnr.ts";
import { drawNoise, drawPhoto, toSharp } from "./jpeg-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const MIB = 1024 * 1024;
const EXACT = { lossless: true };

/** Encodes, and expects both judges to see the very pixels. */
async function expectExact(pixels: Pixels): Promise<Uint8Array> {
  const { file, used, planned } = await lab.encode("jxl", pixels, EXACT);
  const label = `${pixels.width} × ${pixels.height} × ${pixels.channels}`;
  expect(used, label).toBeLessThanOrEqual(planned);
  expect(await differFromMagick(pixels, file), label).toBe(0);
  const got = await lab.decode(file);
  expect(got.channels, label).toBe(pixels.channels);
  expect(maxSeen(toRgba(got), toRgba(pixels)), label).toBe(0);
  return file;
}

describe("without loss", () => {
  test.each([1, 3, 4] as const)(
    "%i channels come back as they were, of any size",
    async (channels) => {
      const around = [255, 256, 257].flatMap((side) => [[side, 40] as const, [40, side] as const]);
      for (const [width, height] of [...PLAIN_SIZES, ...around, [300, 520] as const]) {
        await expectExact(drawPlain(width, height, channels));
      }
    },
  );

  test("more groups than one table of far ones has", async () => {
    await expectExact(drawPlain(2100, 300, 3));
    await expectExact(drawPlain(300, 2100, 1));
  });

  test("what has one colour, two, or nothing but extremes", async () => {
    const [width, height] = [300, 270];
    const fill = (pick: (i: number) => number): Pixels => ({
      ...{ width, height, channels: 3 },
      data: Uint8Array.from({ length: width * height * 3 }, (_, i) => pick(i)),
    });
    const flat = await expectExact(fill(() => 77));
    expect(flat.length).toBeLessThan(1000);
    await expectExact(fill((i) => (i % 900 < 450 ? 255 : 0)));
    await expectExact(fill((i) => ((i * 7919) & 1) * 255));
  });

  test("a photo takes less than a PNG of it", async () => {
    const pixels = drawPhoto(640, 480);
    const png = await toSharp(pixels)
      .png({ compressionLevel: 9, adaptiveFiltering: true })
      .toBuffer();
    expect((await expectExact(pixels)).length).toBeLessThan(png.length * 0.8);
  });

  test("noise that is more than is held becomes several frames, one picture", async () => {
    const noise = drawNoise(3400, 2900, 3);
    const { file, used, planned } = await lab.encode("jxl", noise, EXACT);
    expect(file.length).toBeGreaterThan(26 * MIB);
    expect(used).toBeLessThanOrEqual(planned);
    expect(await differFromMagick(noise, file)).toBe(0);
  }, 120_000);

  test("any size is written with room left to decode", async () => {
    for (const [width, height, channels] of [
      [16_384, 4882, 4],
      [4882, 16_384, 4],
      [12_000, 6600, 3],
    ] as const) {
      for (const options of [EXACT, {}]) {
        const query = { format: "jxl", width, height, channels, options };
        const { info } = await lab.post("/plan", query, new Uint8Array(0));
        expect(info.planned).toBeLessThan(76 * MIB);
      }
    }
  });

  const profiled = readCorpus("").filter(
    ({ path }) => /icc.*\.(jpg|png)$/.test(path) && !/cmyk/.test(path),
  );

  test.skipIf(!hasCorpus)("profiles of others come back byte by byte", async () => {
    expect(profiled.length).toBeGreaterThan(2);
    for (const { path, bytes } of profiled) {
      const { file } = await lab.convert(bytes, { format: "jxl", width: 90, ...EXACT });
      const { icc } = await lab.open(bytes);
      expect((await lab.open(file)).icc, path).toBe(icc);
      const judged = await sharp(await toTiffByMagick(file, "jxl")).metadata();
      // Where there is none, the judge makes one of sRGB's numbers.
      if (icc !== null) expect(judged.icc?.toString("base64"), path).toBe(icc);
    }
  });
});

describe("with loss", () => {
  /** How near ImageMagick's and our reading are, in dB. */
  async function nearness(
    pixels: Pixels,
    options: object,
  ): Promise<[theirs: number, ours: number]> {
    const { file, used, planned } = await lab.encode("jxl", pixels, options);
    expect(used).toBeLessThanOrEqual(planned);
    const theirs = await readByMagick(file);
    expect([theirs.width, theirs.height]).toEqual([pixels.width, pixels.height]);
    const ours = await lab.decode(file);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    return [psnr(theirs.data, toRgba(pixels)), psnr(toRgba(ours), toRgba(pixels))];
  }

  test.each([1, 3, 4] as const)("%i channels, in one tile and in many", async (channels) => {
    for (const [width, height] of [
      [1, 1],
      [67, 45],
      [1100, 500],
      [300, 1500],
    ] as const) {
      const drawn = toSharp(drawPhoto(width, height));
      if (channels === 1) drawn.toColourspace("b-w");
      if (channels === 4) drawn.ensureAlpha(0.6);
      const data = await drawn.raw().toBuffer();
      const [theirs, ours] = await nearness({ width, height, channels, data }, { quality: 95 });
      expect(theirs).toBeGreaterThan(38);
      expect(ours).toBeGreaterThan(38);
    }
  });

  test("transparency keeps its degrees", async () => {
    const pixels = drawPlain(300, 200, 4);
    const { file } = await lab.encode("jxl", pixels, { quality: 95 });
    const theirs = await readByMagick(file);
    const alpha = (rgba: Uint8Array) => rgba.filter((_, i) => i % 4 === 3);
    expect(maxSeen(alpha(theirs.data), alpha(pixels.data))).toBe(0);
  });

  test("quality and effort mean something; the best quality is without loss", async () => {
    const pixels = drawPhoto(400, 300);
    const size = async (options: object) => (await lab.encode("jxl", pixels, options)).file.length;
    expect(await size({ quality: 55 })).toBeLessThan((await size({ quality: 90 })) * 0.7);
    expect(await size({ effort: "max" })).toBeLessThan(await size({ effort: "fast" }));
    for (const quality of [1, 30, 52, 53, 75, 99]) {
      for (const effort of ["fast", "default", "max"] as const) {
        const [theirs] = await nearness(pixels, { quality, effort });
        expect(theirs).toBeGreaterThan(22);
      }
    }
    const { file } = await lab.encode("jxl", pixels, { quality: 100 });
    expect(await differFromMagick(pixels, file)).toBe(0);
  });

  test("noise at the best lossy quality keeps to the plan", async () => {
    expect((await nearness(drawNoise(1000, 390), { quality: 99 }))[0]).toBeGreaterThan(28);
  });

  test("what is small loses nothing at high quality", async () => {
    const pixels = drawPlain(160, 160, 3);
    const { file } = await lab.encode("jxl", pixels, { quality: 90 });
    expect(await differFromMagick(pixels, file)).toBe(0);
    const rough = await lab.encode("jxl", pixels, { quality: 89 });
    expect(rough.file.length).toBeLessThan(file.length);
  });

  test("colours of a wide profile become sRGB's", async () => {
    const wide = await toSharp(drawPhoto(300, 200)).withIccProfile("p3").png().toBuffer();
    const { file } = await lab.convert(wide, { format: "jxl", quality: 95 });
    const [seen, wanted] = [await judge("jxl", file), await judge("png", wide)];
    expect(psnr(seen.data, wanted.data)).toBeGreaterThan(35);
    expect((await lab.open(file)).icc).toBeNull();
  });

  test("12 megapixels take less than the budget", async () => {
    const pixels = drawPhoto(4032, 3024);
    const { used, planned } = await lab.encode("jxl", pixels, { quality: 60, effort: "fast" });
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(70 * MIB);
  }, 120_000);
});

test("metadata stand before the picture, and come back", async () => {
  const source = await toSharp(drawPhoto(50, 40)).jpeg().withMetadata({ icc: "p3" }).toBuffer();
  const { icc, exif } = await sharp(source).metadata();
  const metadata = {
    icc: icc?.toString("base64") ?? "",
    exif: exif?.subarray(6).toString("base64") ?? "",
    xmp: Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>").toString("base64"),
  };
  const pixels = drawPhoto(51, 41);
  const { file } = await lab.encode("jxl", pixels, EXACT, metadata);
  expect((await lab.open(file)).metadata).toEqual({ ...metadata, icc: null });
  expect(await differFromMagick(pixels, file)).toBe(0);
  const { file: converted } = await lab.convert(source, { format: "jxl", ...EXACT });
  expect((await lab.open(converted)).metadata).toMatchObject({ icc: metadata.icc });
});
