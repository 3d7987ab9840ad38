/** What our own lossy WebP encoder promises, judged by libwebp (in sharp) at the same settings. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodeOptions } from "../../src/codecs/codec.ts";
import * as layout from "../../src/kernels/assembly/vp8-encode-layout.ts";
import {
  startLab,
  type Lab,
  type LabError,
  type Pixels,
  type Usage,
} from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { drawNoise, drawPhoto, judge, toSharp } from "./jpeg-fixtures.ts";
import { showLastRow } from "./vp8-reference.ts";

const MIB = 1024 * 1024;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

type Options = Partial<Omit<EncodeOptions, "metadata">>;

async function encode(pixels: Pixels, options: Options = {}, stripRows = 16) {
  const { data, ...shape } = pixels;
  const query = { format: "webp", ...shape, options, stripRows };
  const { info, bytes } = await lab.post("/encode", query, data);
  const { planned, used } = info as Usage;
  expect(used).toBeLessThanOrEqual(planned);
  return { file: bytes, planned, used };
}

async function plan(width: number, height: number, options: Options = {}): Promise<number> {
  const query = { format: "webp", width, height, channels: 3, options };
  const { info } = await lab.post("/plan", query, new Uint8Array(0));
  return (info as Usage).planned;
}

const encodeBySharp = (pixels: Pixels, quality: number): Promise<Uint8Array> =>
  toSharp(pixels).webp({ quality, effort: 4 }).toBuffer();

/** PSNR in dB; 99 where nothing is lost. */
async function fidelity(file: Uint8Array, pixels: Pixels): Promise<number> {
  return Math.min(99, psnr((await judge(file)).data, pixels.data));
}

function fill(width: number, height: number, colour: readonly [number, number, number]): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3] ?? 0;
  return { width, height, channels: 3, data };
}

describe("what decoders see is what the encoder reckoned with", () => {
  /** The frame as a file, and the samples that the encoder holds for its last row. */
  async function encodeFrame(pixels: Pixels, quantiser: number, candidates: number) {
    const { width, height, data } = pixels;
    const frame = { width, height, channels: 3, quantiser, candidates };
    const query = { plan: { ...frame, dataBytes: MIB, filterLevel: 0 } };
    const { info, bytes } = await lab.post("/vp8", query, data);
    const { planned, used, edgeBytes } = info as Usage & { edgeBytes: number };
    expect(used).toBeLessThanOrEqual(planned);
    const columns = Array.from({ length: edgeBytes / layout.TOP_BYTES }, (_, i) =>
      bytes.subarray(i * layout.TOP_BYTES, (i + 1) * layout.TOP_BYTES),
    );
    const join = (start: number, count: number): Uint8Array =>
      Uint8Array.from(columns.flatMap((column) => [...column.subarray(start, start + count)]));
    const samples = {
      y: join(layout.TOP_Y, 16),
      u: join(layout.TOP_U, 8),
      v: join(layout.TOP_V, 8),
    };
    return { file: asFile(bytes.subarray(edgeBytes)), samples };
  }

  function asFile(frame: Uint8Array): Uint8Array {
    const padded = frame.length + (frame.length & 1);
    const file = Buffer.alloc(20 + padded);
    file.write("RIFF", 0);
    file.writeUInt32LE(12 + padded, 4);
    file.write("WEBPVP8 ", 8);
    file.writeUInt32LE(frame.length, 16);
    file.set(frame, 20);
    return file;
  }

  const WIDTHS = Array.from({ length: 65 }, (_, i) => i + 1);

  // The last row depends on all above it by prediction: what differs anywhere shows there.
  it.each([0, 12, 40, 75, 127])("bit by bit, at quantiser %i", async (quantiser) => {
    for (const width of WIDTHS) {
      const height = 16 * (1 + (width % 4));
      const candidates = 1 + ((width * 3) % 10);
      for (const pixels of [drawPhoto(width, height), drawNoise(width, height)]) {
        const { file, samples } = await encodeFrame(pixels, quantiser, candidates);
        const { data } = await judge(file);
        const shown = data.subarray(-3 * width);
        expect(Buffer.compare(showLastRow(samples, width), shown), `${width} × ${height}`).toBe(0);
      }
    }
  });
});

describe("sizes", () => {
  const SIDES = Array.from({ length: 33 }, (_, i) => i + 1);

  it("every one up to 33 × 33 comes out as close as libwebp's, and as small", async () => {
    const ours = { db: 0, bytes: 0 };
    const theirs = { db: 0, bytes: 0 };
    for (const width of SIDES) {
      for (const height of SIDES) {
        const photo = drawPhoto(width, height);
        const { file } = await encode(photo);
        expect(await sharp(file).metadata()).toMatchObject({ width, height });
        const reference = await encodeBySharp(photo, 80);
        ours.db += await fidelity(file, photo);
        ours.bytes += file.length;
        theirs.db += await fidelity(reference, photo);
        theirs.bytes += reference.length;
      }
    }
    expect((ours.db - theirs.db) / SIDES.length ** 2).toBeGreaterThan(-0.15);
    expect(ours.bytes / theirs.bytes).toBeLessThan(1.06);
  });

  it.each([
    [65, 64],
    [64, 65],
    [63, 129],
    [16_383, 1],
    [16_383, 17],
    [1, 16_383],
    [33, 16_383],
  ])("%i × %i", async (width, height) => {
    const photo = drawPhoto(width, height);
    const { file } = await encode(photo);
    expect(await sharp(file).metadata()).toMatchObject({ format: "webp", width, height });
    const reference = await fidelity(await encodeBySharp(photo, 80), photo);
    expect(await fidelity(file, photo)).toBeGreaterThan(reference - 0.15);
  });
});

describe("pictures", () => {
  it.each([
    [[0, 0, 0]],
    [[255, 255, 255]],
    [[128, 128, 128]],
    [[255, 0, 0]],
    [[0, 90, 200]],
  ] as const)("one colour, %j, takes next to nothing and keeps its colour", async (colour) => {
    const flat = fill(1000, 700, colour);
    const { file } = await encode(flat);
    const reference = await encodeBySharp(flat, 80);
    expect(file.length).toBeLessThanOrEqual(reference.length + 400);
    expect(await fidelity(file, flat)).toBeGreaterThan((await fidelity(reference, flat)) - 0.15);
  });

  it("gray stays gray", async () => {
    const gray = drawPhoto(301, 203, 1);
    const data = new Uint8Array(gray.data.length * 3);
    const pixels = { ...gray, channels: 3 as const, data };
    for (let i = 0; i < data.length; i++) data[i] = gray.data[Math.floor(i / 3)] ?? 0;
    const { data: decoded } = await judge((await encode(pixels, { quality: 50 })).file);
    for (let i = 0; i < decoded.length; i += 3) {
      const [r = 0, g = 0, b = 0] = decoded.subarray(i, i + 3);
      if (Math.max(r, g, b) - Math.min(r, g, b) > 1) expect.fail(`colour at ${i / 3}`);
    }
  });

  it("smooth gradients come out nearly as close as libwebp's in less bytes", async () => {
    const pixels = fill(640, 480, [0, 0, 0]);
    pixels.data.forEach((_, i) => {
      const x = Math.floor(i / 3) % 640;
      const y = Math.floor(i / 1920);
      pixels.data[i] = [x / 2.6, (x + y) / 5, 255 - y / 2][i % 3] ?? 0;
    });
    const { file } = await encode(pixels);
    const reference = await encodeBySharp(pixels, 80);
    expect(await fidelity(file, pixels)).toBeGreaterThan(
      (await fidelity(reference, pixels)) - 0.15,
    );
  });
});

describe("quality", () => {
  const photo = drawPhoto(1003, 701);

  it.each([50, 75, 80, 90])(
    "%i: at most 6% larger than libwebp's file that is as close",
    async (quality) => {
      const target = await fidelity(await encodeBySharp(photo, quality), photo);
      const { length } = await encodeBySharp(photo, quality);
      const near = await Promise.all(
        [quality - 10, quality, Math.min(100, quality + 8)].map(async (setting) => {
          const { file } = await encode(photo, { quality: setting });
          return { db: await fidelity(file, photo), size: Math.log(file.length) };
        }),
      );
      const [low, middle, high] = near as [Point, Point, Point];
      const [a, b] = target < middle.db ? [low, middle] : [middle, high];
      const size = a.size + ((b.size - a.size) * (target - a.db)) / (b.db - a.db);
      expect(Math.exp(size) / length).toBeLessThan(1.06);
    },
  );

  interface Point {
    db: number;
    size: number;
  }

  it("means what it means to libwebp: about its size and its PSNR", async () => {
    for (const quality of [1, 25, 50, 75, 85, 95, 100]) {
      const { file } = await encode(photo, { quality });
      const reference = await encodeBySharp(photo, quality);
      expect(Math.abs(file.length / reference.length - 1)).toBeLessThan(0.25);
      expect(await fidelity(file, photo)).toBeGreaterThan((await fidelity(reference, photo)) - 0.9);
    }
  });

  it("more effort makes smaller files, less takes no better ones", async () => {
    const sizes = [];
    for (const effort of ["max", "default", "fast"] as const) {
      sizes.push((await encode(photo, { effort })).file.length);
    }
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });

  it("does not depend on how the rows are cut into strips", async () => {
    const { file } = await encode(photo);
    for (const stripRows of [1, 7, 16, 48, 701]) {
      expect(Buffer.compare((await encode(photo, {}, stripRows)).file, file)).toBe(0);
    }
  });
});

describe("memory", () => {
  it("is at most 40 MiB for 12 megapixels and 80 MiB for 64, at any quality", async () => {
    expect(await plan(4032, 3024)).toBeLessThan(20 * MIB);
    expect(await plan(4032, 3024, { quality: 100 })).toBeLessThan(40 * MIB);
    expect(await plan(9238, 6928)).toBeLessThan(80 * MIB);
    expect(await plan(9238, 6928, { quality: 100 })).toBeLessThan(80 * MIB);
  });

  it.each([10, 50, 80, 90, 100])("noise at quality %i stays within it", async (quality) => {
    const noise = drawNoise(2048, 1400);
    const { file } = await encode(noise, { quality });
    const reference = await encodeBySharp(noise, quality);
    expect(await fidelity(file, noise)).toBeGreaterThan((await fidelity(reference, noise)) - 0.3);
  });

  it("statistics of a part do for pictures whose tokens outgrow it", async () => {
    const noise = drawNoise(3000, 2000);
    const photo = drawPhoto(3000, 2000);
    // Noise first, so that the probabilities are settled before the photo comes.
    photo.data.set(noise.data.subarray(0, 3000 * 3 * 1504));
    const { file } = await encode(photo, { quality: 95 });
    const reference = await encodeBySharp(photo, 95);
    expect(file.length).toBeLessThan(reference.length * 1.06);
    expect(await fidelity(file, photo)).toBeGreaterThan((await fidelity(reference, photo)) - 0.3);
  });

  it("a frame that takes more than its plan ends in memory_limit", async () => {
    const { width, height, data } = drawNoise(1600, 1600);
    const frame = { width, height, channels: 3, quantiser: 0, candidates: 1, dataBytes: 1 };
    const error = await lab.post("/vp8", { plan: frame }, data).then(
      () => null,
      (thrown: unknown) => thrown as LabError,
    );
    expect(error?.code).toBe("memory_limit");
  });
});
