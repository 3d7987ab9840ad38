/** What `effort: "max"` promises of JPEG files, judged by sharp's mozjpeg at the same settings. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodeOptions } from "../../src/codecs/codec.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { drawNoise, drawPhoto, toSharp } from "./jpeg-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

type Options = Partial<Omit<EncodeOptions, "metadata">>;

async function encode(pixels: Pixels, options: Options = {}, stripRows = 16): Promise<Uint8Array> {
  const { data, ...shape } = pixels;
  const query = { format: "jpg", ...shape, options: { ...options, effort: "max" }, stripRows };
  const { info, bytes } = await lab.post("/encode", query, data);
  expect(info.used).toBeLessThanOrEqual(info.planned);
  return bytes;
}

function encodeBySharp(pixels: Pixels, quality: number): Promise<Uint8Array> {
  const chromaSubsampling = quality >= 90 ? "4:4:4" : "4:2:0";
  return toSharp(pixels).jpeg({ quality, chromaSubsampling, mozjpeg: true }).toBuffer();
}

/** In dB; a file with which libjpeg is not wholly content throws. */
async function fidelity(file: Uint8Array, { data, channels }: Pixels): Promise<number> {
  const space = channels === 1 ? "b-w" : "srgb";
  const image = sharp(file, { failOn: "warning" }).toColourspace(space);
  return psnr(await image.raw().toBuffer(), data);
}

const isProgressive = async (file: Uint8Array) => (await sharp(file).metadata()).isProgressive;

async function draw(svg: string): Promise<Pixels> {
  const image = sharp(Buffer.from(svg)).flatten({ background: "white" }).toColourspace("srgb");
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

const line = (y: number) =>
  `<text x="10" y="${y}" font-size="17">The quick brown fox ${y} jumps over the lazy dog</text>`;
const GRADIENT = `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="500">
  <linearGradient id="a" x2="1" y2="1"><stop stop-color="#036"/><stop offset="1" stop-color="#fd8"/></linearGradient>
  <rect width="100%" height="100%" fill="url(#a)"/></svg>`;
const TEXT = `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="500">
  ${Array.from({ length: 22 }, (_, i) => line(20 + i * 22)).join("")}
  <circle cx="520" cy="300" r="90" fill="#28a"/></svg>`;

/** A drawn photo without its finest grain. */
async function soften(pixels: Pixels): Promise<Pixels> {
  const space = pixels.channels === 1 ? "b-w" : "srgb";
  return { ...pixels, data: await toSharp(pixels).blur(1.2).toColourspace(space).raw().toBuffer() };
}

const PICTURES: Record<string, () => Promise<Pixels>> = {
  "a photo": () => Promise.resolve(drawPhoto(1201, 803)),
  "a soft photo": () => soften(drawPhoto(1100, 700)),
  "a gray photo": () => Promise.resolve(drawPhoto(901, 700, 1)),
  "a soft gray photo": () => soften(drawPhoto(900, 701, 1)),
  noise: () => Promise.resolve(drawNoise(640, 500)),
  "text on white": () => draw(TEXT),
};

describe.each(Object.keys(PICTURES))("%s", (name) => {
  it.each([30, 60, 75, 85, 95])(
    "quality %i takes hardly more bytes than mozjpeg at equal PSNR",
    async (quality) => {
      const pixels = (await PICTURES[name]?.()) as Pixels;
      const file = await encode(pixels, { quality });
      const other = await encodeBySharp(pixels, quality);
      // A decibel is worth about 3 % to 4 % of the bytes at least.
      const lost = (await fidelity(other, pixels)) - (await fidelity(file, pixels));
      expect(Math.abs(lost)).toBeLessThan(0.25);
      expect(file.length * (1 + 0.04 * lost)).toBeLessThan(other.length * 1.02);
    },
  );
});

it("takes at most a tenth more for smooth pictures", async () => {
  const pixels = await draw(GRADIENT);
  const file = await encode(pixels, { quality: 75 });
  const other = await encodeBySharp(pixels, 75);
  expect(file.length).toBeLessThan(other.length * 1.1);
  expect(await fidelity(file, pixels)).toBeGreaterThan((await fidelity(other, pixels)) - 0.1);
});

describe.each([
  ["gray", 1, 75],
  ["4:2:0", 3, 75],
  ["4:4:4", 3, 95],
] as const)("%s", (_name, channels, quality) => {
  it.each([1, 2, 7, 8, 9, 15, 16, 17, 24, 33, 65])("%i wide is encoded whole", async (width) => {
    for (const height of [1, 3, 8, 9, 16, 17, 33, 65]) {
      const pixels = drawPhoto(width, height, channels);
      const file = await encode(pixels, { quality });
      expect(await sharp(file).metadata()).toMatchObject({ width, height, channels });
      const other = await fidelity(await encodeBySharp(pixels, quality), pixels);
      // Of a few pixels, one that is off by little is several decibels.
      const slack = width * height < 64 ? 8 : 5;
      expect(await fidelity(file, pixels)).toBeGreaterThan(Math.min(other, 50) - slack);
    }
  });

  it("does not depend on how the rows are cut into strips", async () => {
    const photo = drawPhoto(1003, 601, channels);
    const file = await encode(photo, { quality });
    for (const stripRows of [1, 5, 100]) {
      const again = await encode(photo, { quality }, stripRows);
      expect(Buffer.compare(again, file)).toBe(0);
    }
  });
});

it("codes long stretches without detail", async () => {
  const flat = await toSharp(drawPhoto(1, 1)).resize(3000, 2000).raw().toBuffer();
  const pixels: Pixels = { width: 3000, height: 2000, channels: 3, data: flat };
  const corner = drawPhoto(40, 40);
  for (let y = 0; y < 40; y++) flat.set(corner.data.subarray(y * 120, y * 120 + 120), y * 9000);
  const file = await encode(pixels);
  expect(await isProgressive(file)).toBe(true);
  expect(await fidelity(file, pixels)).toBeGreaterThan(50);
});

it("makes large photos progressive in bounded memory", async () => {
  const photo = drawPhoto(4000, 3000);
  const { file, planned, used } = await lab.encode("jpg", photo, { quality: 75, effort: "max" });
  expect(await isProgressive(file)).toBe(true);
  expect(planned).toBeLessThan(24 * 1024 * 1024);
  expect(used).toBeLessThanOrEqual(planned);
});

it("codes what has more detail than can be kept in one sequential scan, within its plan", async () => {
  for (const [quality, channels] of [
    [85, 3],
    [100, 3],
    [100, 1],
  ] as const) {
    const noise = drawNoise(1503, 1202, channels);
    const file = await encode(noise, { quality });
    expect(await isProgressive(file)).toBe(false);
    const other = await encodeBySharp(noise, quality);
    expect(file.length).toBeLessThan(other.length * 1.06);
    expect(await fidelity(file, noise)).toBeGreaterThan((await fidelity(other, noise)) - 0.2);
  }
});

it("keeps small smooth pictures as small as mozjpeg does", async () => {
  const pixels = await draw(GRADIENT.replace('700" height="500', '500" height="300'));
  const file = await encode(pixels, { quality: 75 });
  const other = await encodeBySharp(pixels, 75);
  expect(file.length).toBeLessThan(other.length * 1.01 + 20);
});

it("uses one mozjpeg instance again and again for small pictures", async () => {
  const small = drawPhoto(400, 300);
  const first = await encode(small);
  const { held } = await lab.memory();
  for (let i = 0; i < 3; i++) expect(Buffer.compare(await encode(small), first)).toBe(0);
  expect((await lab.memory()).held).toBe(held);
});
