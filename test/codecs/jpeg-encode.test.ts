/** What the JPEG encoder promises, judged by sharp at the same settings. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodeOptions } from "../../src/codecs/codec.ts";
import { startLab, type Lab, type Pixels, type Usage } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { drawNoise, drawPhoto, judge, toSharp } from "./jpeg-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

type Options = Partial<Omit<EncodeOptions, "metadata">>;

async function encode(pixels: Pixels, options: Options = {}, stripRows = 16) {
  const { data, ...shape } = pixels;
  const { info, bytes } = await lab.post(
    "/encode",
    { format: "jpg", ...shape, options, stripRows },
    data,
  );
  const { planned, used } = info as Usage;
  expect(used).toBeLessThanOrEqual(planned);
  return { file: bytes, planned, used };
}

/** sharp's file at the same settings. */
function encodeBySharp(pixels: Pixels, quality: number, optimise = true): Promise<Uint8Array> {
  const chromaSubsampling = quality >= 90 ? "4:4:4" : "4:2:0";
  return toSharp(pixels).jpeg({ quality, chromaSubsampling, optimiseCoding: optimise }).toBuffer();
}

async function fidelity(file: Uint8Array, pixels: Pixels): Promise<number> {
  return psnr((await judge(file)).data, pixels.data);
}

describe.each([[1], [3]] as const)("%i channels", (channels) => {
  const photo = drawPhoto(1003, 701, channels);

  it.each([1, 25, 50, 75, 80, 89, 90, 95, 100])(
    "quality %i is as large and as good as sharp's",
    async (setting) => {
      for (const effort of ["default", "fast"] as const) {
        const { file } = await encode(photo, { quality: setting, effort });
        const other = await encodeBySharp(photo, setting, effort === "default");
        expect(Math.abs(file.length / other.length - 1)).toBeLessThan(0.03);
        expect(await fidelity(file, photo)).toBeGreaterThan((await fidelity(other, photo)) - 0.15);
      }
    },
  );

  it.each([
    [1, 1],
    [7, 13],
    [8, 8],
    [16, 16],
    [17, 33],
    [31, 15],
    [257, 3],
    [3, 257],
  ])("%i x %i is encoded whole", async (width, height) => {
    const pixels = drawPhoto(width, height, channels);
    for (const setting of [80, 95]) {
      const { file } = await encode(pixels, { quality: setting });
      expect(await sharp(file).metadata()).toMatchObject({ width, height, channels });
      const other = await encodeBySharp(pixels, setting);
      const expected = (await fidelity(other, pixels)) - 0.5;
      expect(await fidelity(file, pixels)).toBeGreaterThanOrEqual(expected);
    }
  });

  it("does not depend on how the rows are cut into strips", async () => {
    for (const setting of [80, 95]) {
      const { file } = await encode(photo, { quality: setting });
      for (const stripRows of [1, 5, 100]) {
        const again = await encode(photo, { quality: setting }, stripRows);
        expect(Buffer.compare(again.file, file)).toBe(0);
      }
    }
  });
});

it("uses the channels that sharp uses, and its chroma", async () => {
  const photo = drawPhoto(64, 48);
  const at = async (setting: number) =>
    (await sharp((await encode(photo, { quality: setting })).file).metadata()).chromaSubsampling;
  expect(await at(80)).toBe("4:2:0");
  expect(await at(90)).toBe("4:4:4");
});

it("takes the chroma that is asked for, whatever the effort, and gray has none", async () => {
  for (const effort of ["fast", "default", "max"] as const) {
    for (const chromaSubsampling of ["4:4:4", "4:2:0"] as const) {
      for (const quality of [70, 95]) {
        const { file } = await encode(drawPhoto(64, 48), { quality, effort, chromaSubsampling });
        expect((await sharp(file).metadata()).chromaSubsampling).toBe(chromaSubsampling);
      }
    }
  }
  const gray = await encode(drawPhoto(64, 48, 1), { chromaSubsampling: "4:4:4" });
  expect((await sharp(gray.file).metadata()).channels).toBe(1);
});

/** Numbers of the restart markers in a file, in order. */
function listRestarts(file: Uint8Array): number[] {
  return [...file.keys()]
    .filter((i) => file[i] === 0xff && ((file[i + 1] ?? 0) & 0xf8) === 0xd0)
    .map((i) => (file[i + 1] ?? 0) & 7);
}

it.each([
  ["4:2:0", 3, 16],
  ["4:4:4", 3, 8],
  ["4:2:0", 1, 8],
] as const)(
  "writes restart markers where asked: %s, %i channels",
  async (chroma, channels, side) => {
    const photo = drawPhoto(203, 301, channels);
    for (const effort of ["fast", "default"] as const) {
      const options = { effort, chromaSubsampling: chroma };
      const plain = await encode(photo, options);
      expect(listRestarts(plain.file)).toEqual([]);
      for (const restartRows of [1, 3, 100]) {
        const { file } = await encode(photo, { ...options, restartRows });
        const count = Math.ceil(Math.ceil(301 / side) / restartRows) - 1;
        expect(listRestarts(file)).toEqual(Array.from({ length: count }, (_, i) => i % 8));
        expect(Buffer.compare((await judge(file)).data, (await judge(plain.file)).data)).toBe(0);
        expect(Buffer.compare((await lab.decode(file)).data, (await judge(file)).data)).toBe(0);
      }
    }
  },
);

it("writes restart markers in tokens that outgrow their plan", async () => {
  const noise = drawNoise(2000, 1500);
  const plain = await encode(noise, { quality: 100 });
  const { file } = await encode(noise, { quality: 100, restartRows: 1 });
  expect(listRestarts(file).length).toBe(Math.ceil(1500 / 8) - 1);
  expect(Buffer.compare((await judge(file)).data, (await judge(plain.file)).data)).toBe(0);
});

it("keeps saturated and extreme colours", async () => {
  const colours = [0, 0xff, 0xff00, 0xff0000, 0xffff, 0xff00ff, 0xffff00, 0xffffff];
  for (const colour of colours) {
    const data = new Uint8Array(32 * 32 * 3);
    for (let i = 0; i < data.length; i += 3) data.set([colour >> 16, colour >> 8, colour], i);
    const pixels: Pixels = { width: 32, height: 32, channels: 3, data };
    for (const setting of [85, 100]) {
      const { file } = await encode(pixels, { quality: setting });
      expect(await fidelity(file, pixels)).toBeGreaterThan(45);
    }
  }
});

it("stays within its plan when the tokens outgrow it", async () => {
  const noise = drawNoise(4000, 3000);
  const { file, planned } = await encode(noise, { quality: 100 });
  expect(planned).toBeLessThan(32 * 1024 * 1024);
  expect(await fidelity(file, noise)).toBeGreaterThan(40);
  const other = await encodeBySharp(noise, 100);
  expect(Math.abs(file.length / other.length - 1)).toBeLessThan(0.03);
});

it("plans at most 10 MiB for 12 megapixels at quality 80", async () => {
  const { planned } = await encode(drawPhoto(4000, 3000), { quality: 80 });
  expect(planned).toBeLessThan(10 * 1024 * 1024);
});

it("writes EXIF, ICC and XMP", async () => {
  const photo = drawPhoto(40, 30);
  const source = await toSharp(photo)
    .withExif({ IFD0: { Artist: "somebody" } })
    .withIccProfile("p3")
    .withXmp("<x:xmpmeta/>")
    .jpeg()
    .toBuffer();
  const given = (await lab.open(source)).metadata as Record<string, string>;
  const expected = await sharp(source).metadata();
  for (const effort of ["default", "fast", "max"] as const) {
    const { file } = await lab.encode("jpg", photo, { effort }, given);
    const written = await sharp(file).metadata();
    expect(written.exif).toEqual(expected.exif);
    expect(written.icc).toEqual(expected.icc);
    expect(written.xmp).toEqual(expected.xmp);
  }
});

it("encodes strips where the stage before left them", async () => {
  const source = await toSharp(drawPhoto(700, 500)).jpeg({ quality: 95 }).toBuffer();
  for (const width of [333, 336]) {
    const { file } = await lab.convert(source, { format: "jpg", width });
    const { file: exact } = await lab.convert(source, { format: "png", width });
    const again = await encode(await judge(exact), {});
    expect(Buffer.compare(file, again.file)).toBe(0);
  }
});
