/** The smallest JPEGs of real photos, against sharp's mozjpeg at the same settings. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { hasCorpus, readCorpus } from "./manifest.ts";

const PHOTOS = [
  "jpeg/photo-12mp-4032x3024-icc-srgb.jpg",
  "jpeg/photo-6mp-baseline-2725x2225.jpg",
  "jpeg/icc-adobe-rgb-1998-xmp.jpg",
  "jpeg/exif-orientation-1.jpg",
  "jpeg/progressive-cat.jpg",
];
const QUALITIES = [50, 75, 92];
/** Between two of mozjpeg's files its size at other qualities is guessed. */
const QUALITY_STEP = 6;

let lab: Lab;
beforeAll(async () => {
  if (hasCorpus) lab = await startLab();
});
afterAll(() => lab?.close());

async function measure(file: Uint8Array, { data }: Pixels) {
  const pixels = await sharp(file, { failOn: "warning" }).raw().toBuffer();
  return { bytes: file.length, psnr: psnr(pixels, data) };
}

describe.skipIf(!hasCorpus)("corpus: smallest JPEGs", () => {
  const photos = readCorpus("jpeg").filter(({ path }) => PHOTOS.includes(path));

  describe.each(photos)("$path", ({ bytes }) => {
    test.each(QUALITIES)("quality %i: hardly above mozjpeg at equal PSNR", async (quality) => {
      const image = sharp(bytes, { ignoreIcc: true }).raw();
      const { data, info } = await image.toBuffer({ resolveWithObject: true });
      const pixels: Pixels = { data, width: info.width, height: info.height, channels: 3 };
      const bySharp = async (setting: number) => {
        const chromaSubsampling = quality >= 90 ? "4:4:4" : "4:2:0";
        const options = { quality: setting, chromaSubsampling, mozjpeg: true };
        return await measure(await sharp(data, { raw: pixels }).jpeg(options).toBuffer(), pixels);
      };
      const encoded = await lab.encode("jpg", pixels, { quality, effort: "max" });
      expect(encoded.used).toBeLessThanOrEqual(encoded.planned);
      const ours = await measure(encoded.file, pixels);
      const [less, same] = await Promise.all([bySharp(quality - QUALITY_STEP), bySharp(quality)]);
      const share = (ours.psnr - less.psnr) / (same.psnr - less.psnr);
      const alike = less.bytes * (same.bytes / less.bytes) ** share;
      expect(ours.bytes / alike).toBeLessThan(1.02);
      expect(Math.abs(ours.psnr - same.psnr)).toBeLessThan(0.25);
    });
  });
});
