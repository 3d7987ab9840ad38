/** Real files through the whole stack, judged by an independent decoder. */
import decodeIco from "decode-ico";
import { basename } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convertOverHttp } from "../support/client.ts";
import { readByMagick } from "../support/magick.ts";
import { psnr } from "../support/psnr.ts";
import { startTestStack, type Stack } from "../support/stack.ts";
import { hasCorpus, readCorpus, type CorpusFile } from "./manifest.ts";

/** Refused until a later version reads them, each with its clear code. */
const NOT_READ_YET = new Map([["jpeg/arithmetic-coded.jpg", "unsupported_feature"]]);

/** Every code that says the file is at fault and not the service. */
const REFUSALS = [
  "unsupported_input_format",
  "unsupported_feature",
  "invalid_image",
  "truncated_image",
  "too_many_pixels",
  "memory_limit",
];

const TARGETS = ["jpg", "png", "webp", "gif", "bmp", "tiff", "avif"] as const;
const OUTPUT = { quality: 90 };

/** How far, in dB, a lossy output may stay behind sharp's own at the same quality. */
const SLACK_DB = 1.5;
/** Closer to the original than this is as good as equal. */
const ALIKE_DB = 36;
/** What sharp reads in another way than we do. */
const READ_OTHERWISE_DB = new Map([
  // Inks without a profile: it assumes another printer.
  ["tiff/cmyk8.tif", 28],
  // It turns planes of chroma before it enlarges them, whose sides are odd.
  ["avif/rotated-mirrored-irot1-imir1.avif", 35],
]);

const files = readCorpus("jpeg", "png", "webp", "gif", "ico", "bmp", "tiff", "avif");
const hostile = readCorpus("hostile");

let stack: Stack;
beforeAll(async () => {
  if (hasCorpus) stack = await startTestStack();
});
afterAll(() => stack?.close());

describe.skipIf(!hasCorpus)("corpus: raster files", () => {
  for (const file of files) {
    for (const format of TARGETS) {
      test(`${file.path} → ${format} keeps colours and orientation`, async () => {
        const output = { output_format: format, ...OUTPUT };
        const outcome = await convertOverHttp(stack, named(file), output);
        const refusal = NOT_READ_YET.get(file.path);
        if (refusal) {
          expect(outcome).toMatchObject({ kind: "failed", code: refusal });
          return;
        }
        if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
        const original = await toReadable(file.bytes);
        const wanted = await render(original);
        const got = await render(await toReadable(outcome.file));
        expect([got.width, got.height]).toEqual([wanted.width, wanted.height]);
        const theirs = await render(await convertBySharp(original, format));
        const alikeDb = READ_OTHERWISE_DB.get(file.path) ?? ALIKE_DB;
        const leastDb = Math.min(psnr(theirs.pixels, wanted.pixels) - SLACK_DB, alikeDb);
        expect(psnr(got.pixels, wanted.pixels)).toBeGreaterThan(leastDb);
        expect(await formatOf(outcome.file)).toBe(format);
      });
    }
  }

  const animations = files.filter(({ path, frames }) => frames > 1 && /\.(png|gif)$/.test(path));
  test.each(animations)("$path gives its first frame and says so", async (file) => {
    const outcome = await convertOverHttp(stack, named(file), { output_format: "png" });
    if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
    expect(outcome.job.warnings.map(({ code }) => code)).toContain("animation_first_frame");
  });
});

describe.skipIf(!hasCorpus)("corpus: hostile files", () => {
  for (const file of hostile) {
    test(`${file.path} is refused for what it is, or converted`, async () => {
      const outcome = await convertOverHttp(stack, named(file), { output_format: "png" });
      if (outcome.kind === "succeeded") expect(["ok", "either"]).toContain(file.expected);
      else expect(REFUSALS).toContain(outcome.code);
    });
  }

  test("the service still converts after all of them", async () => {
    const file = files.find(({ path }) => path.includes("progressive")) as CorpusFile;
    const outcome = await convertOverHttp(stack, named(file), { output_format: "webp" });
    expect(outcome.kind).toBe("succeeded");
  });
});

if (!hasCorpus) test("corpus folder not found: set CORPUS_DIR", ({ skip }) => skip());

const SHARP_FORMATS = {
  jpg: "jpeg",
  png: "png",
  webp: "webp",
  gif: "gif",
  bmp: "png",
  tiff: "tiff",
  avif: "avif",
} as const;

async function convertBySharp(bytes: Buffer, format: keyof typeof SHARP_FORMATS): Promise<Buffer> {
  const upright = sharp(bytes).rotate();
  if (format === "jpg") upright.flatten({ background: "#fff" });
  return await upright.toFormat(SHARP_FORMATS[format], OUTPUT).toBuffer();
}

const SIGNATURES = { ico: "\0\0\x01\0", bmp: "BM" } as const;

const hasSignature = (bytes: Buffer, format: keyof typeof SIGNATURES): boolean =>
  bytes.toString("latin1", 0, SIGNATURES[format].length) === SIGNATURES[format];

async function formatOf(bytes: Buffer): Promise<string | undefined> {
  if (hasSignature(bytes, "bmp")) return "bmp";
  const { format, compression } = await sharp(bytes).metadata();
  if (format === "heif" && compression === "av1") return "avif";
  return format === "jpeg" ? "jpg" : format;
}

/** The file, or what another decoder makes of it where sharp has none. */
async function toReadable(bytes: Buffer): Promise<Buffer> {
  if (hasSignature(bytes, "bmp")) return await toPng(await readByMagick(bytes));
  if (bytes.toString("latin1", 4, 12) === "ftypavis") return withMajorBrand(bytes, "avif");
  if (!hasSignature(bytes, "ico")) return bytes;
  const [largest] = decodeIco(bytes).toSorted((a, b) => b.width - a.width || b.bpp - a.bpp);
  if (!largest) throw new Error("an icon without pictures");
  return largest.type === "png" ? Buffer.from(largest.data) : await toPng(largest);
}

/** sharp refuses sequences by their first brand, though it reads the picture that stands for them. */
function withMajorBrand(bytes: Buffer, brand: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(brand, 8, "latin1");
  return copy;
}

interface Rgba {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

async function toPng({ width, height, data }: Rgba): Promise<Buffer> {
  return await sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

function named(file: CorpusFile) {
  return { bytes: file.bytes, filename: basename(file.path) };
}

/** As sharp shows it: upright, in sRGB, on white. */
async function render(bytes: Buffer) {
  const { data, info } = await sharp(bytes)
    .rotate()
    .toColourspace("srgb")
    .flatten({ background: "#fff" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = info.channels === 1 ? grayToRgb(data) : new Uint8Array(data);
  return { width: info.width, height: info.height, pixels };
}

function grayToRgb(gray: Buffer): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  gray.forEach((value, i) => rgb.fill(value, i * 3, i * 3 + 3));
  return rgb;
}
