/** Codecs on real pictures: decoders exactly as sharp's, encoders as close as sharp's at a file's size. */
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { hasCorpus, readCorpus } from "./manifest.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** As many channels as we deliver; what has 16 bits in 8 of them: cut, and rounded. */
async function decodeBySharp(file: Uint8Array, channels: number, depth: number) {
  const shape = (space: string): Sharp => {
    const image = sharp(file, { ignoreIcc: true }).toColourspace(space);
    return channels === 4 ? image.ensureAlpha() : image;
  };
  const cut = await shape(channels === 1 ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer();
  if (depth < 16) return [cut];
  const image = shape(channels === 1 ? "grey16" : "rgb16").raw({ depth: "ushort" });
  const { buffer, byteOffset, length } = await image.toBuffer();
  const samples = new Uint16Array(buffer, byteOffset, length / 2);
  return [cut, Uint8Array.from(samples, (value) => Math.round((value * 255) / 65_535))];
}

const decoded = readCorpus("png", "webp").filter(({ path }) => path !== "webp/animated.webp");

describe.skipIf(!hasCorpus)("corpus: decoded pixels are libpng's and libwebp's", () => {
  test.each(decoded)("$path", async ({ bytes }) => {
    const { depth } = await lab.open(bytes);
    const ours = await lab.decode(bytes);
    const theirs = await decodeBySharp(bytes, ours.channels, depth);
    expect(Math.max(...theirs.map((pixels) => psnr(ours.data, pixels)))).toBe(Infinity);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
  });
});

/** In dB: how far a file may be behind the reference encoder's of its size. */
const SLACK_DB = 0.15;
const SIDE = 500;

async function readPicture(file: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(file)
    .rotate()
    .toColourspace("srgb")
    .flatten({ background: "#fff" })
    .resize(SIDE, SIDE, { fit: "inside", withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data };
}

interface Point {
  bytes: number;
  db: number;
}

/** @throws where the decoder has a warning */
async function measure(file: Uint8Array, { data }: Pixels): Promise<Point> {
  const image = sharp(file, { failOn: "warning" }).toColourspace("srgb");
  return { bytes: file.length, db: psnr(await image.raw().toBuffer(), data) };
}

/** PSNR grows about with the logarithm of the length. */
function interpolate(from: Point, to: Point, bytes: number): number {
  const share = Math.log(bytes / from.bytes) / Math.log(to.bytes / from.bytes);
  return from.db + share * (to.db - from.db);
}

/** Photos, drawings, alpha on white; smaller ones are mostly headers. */
const encoded = readCorpus("jpeg", "png", "webp").filter(
  ({ path, width }) => width >= 128 && !/orientation-[2-8]|arithmetic/.test(path),
);

describe.skipIf(!hasCorpus)("corpus: encoded files have no warning and are as good as", () => {
  const bySharp = (
    { data, width, height, channels }: Pixels,
    encode: (image: Sharp) => Sharp,
  ): Promise<Uint8Array> => encode(sharp(data, { raw: { width, height, channels } })).toBuffer();

  describe.each([
    [60, "4:2:0"],
    [80, "4:2:0"],
    [95, "4:4:4"],
  ] as const)("libjpeg-turbo's at quality %i", (quality, chromaSubsampling) => {
    test.each(encoded)("$path", async ({ bytes }) => {
      const pixels = await readPicture(bytes);
      const settings = { quality, chromaSubsampling, optimiseCoding: true };
      const reference = await bySharp(pixels, (image) => image.jpeg(settings));
      const { file } = await lab.encode("jpg", pixels, { quality });
      const [ours, theirs] = [await measure(file, pixels), await measure(reference, pixels)];
      expect(ours.db).toBeGreaterThan(theirs.db - SLACK_DB);
      expect(ours.bytes / theirs.bytes).toBeLessThan(1.03);
    });
  });

  /** Ours at a quality lies between two of libwebp's. */
  describe.each([
    [50, 46, 58],
    [80, 76, 86],
  ] as const)("libwebp's of their size at quality %i", (quality, below, above) => {
    test.each(encoded)("$path", async ({ bytes }) => {
      const pixels = await readPicture(bytes);
      const { file } = await lab.encode("webp", pixels, { quality });
      const reference = async (setting: number) => {
        const settings = { quality: setting, effort: 4 };
        return await measure(await bySharp(pixels, (image) => image.webp(settings)), pixels);
      };
      const [ours, lower, higher] = await Promise.all([
        measure(file, pixels),
        reference(below),
        reference(above),
      ]);
      expect(ours.db).toBeGreaterThan(interpolate(lower, higher, ours.bytes) - SLACK_DB);
    });
  });
});

if (!hasCorpus) test("corpus folder not found: set CORPUS_DIR", ({ skip }) => skip());
