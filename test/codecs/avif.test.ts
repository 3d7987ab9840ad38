/** AVIF against sharp's decoder (libheif and libaom), and our files in it. */
import sharp, { type AvifOptions } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf } from "../support/exact.ts";
import { startLab, type Lab, type LabError, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { drawPhoto, toSharp } from "./jpeg-fixtures.ts";

const MIB = 1024 * 1024;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** RGB, or RGBA where there is transparency, as sharp reads the file. */
async function bySharp(file: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(file, { ignoreIcc: true })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { width, height, channels: channels as 3 | 4, data };
}

/** What a PNG made of the file by us has against what sharp reads, in dB. */
async function nearness(file: Uint8Array): Promise<number> {
  const { file: png, used, planned } = await lab.convert(file, { format: "png" });
  const theirs = await bySharp(file);
  const ours = await sharp(png, { ignoreIcc: true })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = ours.info;
  expect({ width, height, channels }).toEqual({
    ...{ width: theirs.width, height: theirs.height },
    channels: theirs.channels,
  });
  expect(used).toBeLessThanOrEqual(planned);
  return psnr(ours.data, theirs.data);
}

const failure = (promise: Promise<unknown>): Promise<LabError> =>
  promise.then(
    () => {
      throw new Error("It worked.");
    },
    (error: LabError) => error,
  );

describe("decoding", () => {
  const photo = () => toSharp(drawPhoto(301, 203));
  const KINDS: Record<string, AvifOptions> = {
    "4:2:0": { chromaSubsampling: "4:2:0" },
    "4:4:4": { chromaSubsampling: "4:4:4" },
    "lossless, RGB as it is": { lossless: true },
    "10 bits": { bitdepth: 10 },
    "12 bits, 4:2:0": { bitdepth: 12, chromaSubsampling: "4:2:0" },
  };
  test.each(Object.entries(KINDS))("%s is read as sharp reads it", async (_name, options) => {
    const file = await photo()
      .avif({ effort: 1, ...options })
      .toBuffer();
    expect(await nearness(file)).toBeGreaterThan(40);
  });

  test("restored, which takes more stack than the decoder's package has", async () => {
    for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
      const file = await photo().avif({ effort: 6, quality: 25, chromaSubsampling }).toBuffer();
      expect(await nearness(file)).toBeGreaterThan(40);
    }
  });

  test("gray, and transparency", async () => {
    const gray = await photo().toColourspace("b-w").avif({ effort: 1 }).toBuffer();
    expect(await nearness(gray)).toBeGreaterThan(40);
    const clear = await photo().ensureAlpha(0.4).avif({ effort: 1 }).toBuffer();
    expect(await nearness(clear)).toBeGreaterThan(40);
  });

  test("every small size", async () => {
    for (let side = 1; side <= 33; side += 4) {
      const file = await toSharp(drawPhoto(side, 34 - side))
        .avif({ effort: 0, chromaSubsampling: "4:2:0" })
        .toBuffer();
      expect(await nearness(file)).toBeGreaterThan(40);
    }
  });

  test("metadata are carried, and the orientation is not applied twice", async () => {
    const file = await photo()
      .avif({ effort: 0 })
      .withMetadata({ orientation: 6, icc: "p3" })
      .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
      .toBuffer();
    const theirs = await sharp(file).metadata();
    const { metadata, ...header } = await lab.open(file);
    expect(metadata.icc).toBe(theirs.icc?.toString("base64"));
    expect(metadata.xmp).toBe(theirs.xmp?.toString("base64"));
    const shown = await sharp(file).autoOrient().toBuffer({ resolveWithObject: true });
    const turned = header.orientation >= 5;
    expect(turned ? header.height : header.width).toBe(shown.info.width);
  });

  test("a file cut anywhere is an error", async () => {
    const file = await photo().avif({ effort: 0 }).toBuffer();
    for (let tenth = 0; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.max(24, Math.floor((file.length * tenth) / 10)));
      expect(["truncated_image", "invalid_image"]).toContain(await codeOf(lab, cut));
    }
    expect(await codeOf(lab, file.subarray(0, -1))).toBe("truncated_image");
  });

  test("200 damaged files in a row leave it able to work", async () => {
    const good = await photo().avif({ effort: 0 }).toBuffer();
    const pick = createRandom(11);
    for (let i = 0; i < 200; i++) {
      const bad = new Uint8Array(good);
      const from = i % 2 ? 24 : good.indexOf("mdat");
      for (let n = 0; n < 6; n++) bad[from + pick(bad.length - from)] = pick(256);
      expect([
        ...["decoded", "invalid_image", "truncated_image", "unsupported_feature"],
        ...["too_many_pixels", "memory_limit", "unsupported_input_format"],
      ]).toContain(await codeOf(lab, bad));
    }
    expect(await nearness(good)).toBeGreaterThan(40);
  });
});

describe("encoding", () => {
  test.each([1, 3, 4] as const)("%i channels, as near as sharp's", async (channels) => {
    for (const [width, height] of [
      [1, 1],
      [67, 45],
      [640, 427],
    ] as const) {
      const drawn = toSharp(drawPhoto(width, height));
      if (channels === 1) drawn.toColourspace("b-w");
      if (channels === 4) drawn.ensureAlpha(0.6);
      const data = await drawn.raw().toBuffer();
      const pixels: Pixels = { width, height, channels, data };
      const { file, used, planned } = await lab.encode("avif", pixels, { quality: 85 });
      const got = await bySharp(file);
      const info = { width, height, channels };
      const wanted = await sharp(data, { raw: info }).toColourspace("srgb").raw().toBuffer();
      expect([got.width, got.height, got.channels]).toEqual([
        width,
        height,
        channels === 4 ? 4 : 3,
      ]);
      expect(used).toBeLessThanOrEqual(planned);
      expect(psnr(got.data, wanted)).toBeGreaterThan(35);
    }
  });

  test("a picture of many tiles is one picture, at its own size", async () => {
    for (const [width, height, channels] of [
      [2501, 1203, 3],
      [1777, 1501, 4],
    ] as const) {
      const { data } = await toSharp(drawPhoto(width, height))
        .ensureAlpha(0.5)
        .raw()
        .toBuffer({ resolveWithObject: true });
      const rgb = await sharp(data, { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .raw()
        .toBuffer();
      const pixels = { width, height, channels, data: channels === 4 ? data : rgb };
      const { file, used, planned } = await lab.encode("avif", pixels, { quality: 80 });
      const got = await bySharp(file);
      expect([got.width, got.height, got.channels]).toEqual([width, height, channels]);
      expect(psnr(got.data, pixels.data)).toBeGreaterThan(35);
      expect(used).toBeLessThanOrEqual(planned);
      expect(await nearness(file)).toBeGreaterThan(40);
    }
  });

  test("12 megapixels take less than the budget, decoded and encoded", async () => {
    const pixels = drawPhoto(4032, 3024);
    const { file, used, planned } = await lab.encode("avif", pixels, { quality: 60 });
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(64 * MIB);
    const again = await lab.convert(file, { format: "avif", effort: "fast" });
    expect(again.used).toBeLessThanOrEqual(again.planned);
    expect(await sharp(again.file).metadata()).toMatchObject({ width: 4032, height: 3024 });
  });

  test.each([
    [80, "auto"],
    [80, "4:4:4"],
    [90, "auto"],
    [100, "auto"],
  ] as const)("detail at quality %i keeps to the plan (%s)", async (quality, chromaSubsampling) => {
    const pixels = drawPhoto(1100, 1000);
    const pick = createRandom(7);
    for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = ((pixels.data[i] ?? 0) & 240) + pick(16); // prettier-ignore
    const options = { quality, chromaSubsampling };
    const { file, used, planned } = await lab.encode("avif", pixels, options);
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(90 * MIB);
    expect(await sharp(file).metadata()).toMatchObject({ width: 1100, height: 1000 });
  });

  test("chroma keeps its resolution where that is asked for, whatever the quality", async () => {
    const [red, blue] = [
      [200, 40, 40],
      [40, 40, 200],
    ];
    const columns = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
      const colour = Math.floor(i / 3) % 2 === 0 ? red : blue;
      return colour?.[i % 3] ?? 0;
    });
    const pixels = { width: 64, height: 64, channels: 3, data: columns } as const;
    for (const quality of [70, 95]) {
      const kept = await lab.encode("avif", pixels, { quality, chromaSubsampling: "4:4:4" });
      expect(psnr((await bySharp(kept.file)).data, columns)).toBeGreaterThan(30);
      const halved = await lab.encode("avif", pixels, { quality, chromaSubsampling: "4:2:0" });
      expect(psnr((await bySharp(halved.file)).data, columns)).toBeLessThan(15);
    }
  });

  test("quality and effort mean something", async () => {
    const pixels = drawPhoto(400, 300);
    const size = async (options: object) => (await lab.encode("avif", pixels, options)).file.length;
    expect(await size({ quality: 30 })).toBeLessThan(await size({ quality: 90 }));
    expect(await size({ effort: "max" })).toBeLessThan(await size({ effort: "fast" }));
  });

  test("metadata are carried", async () => {
    const source = await toSharp(drawPhoto(50, 40)).jpeg().withMetadata({ icc: "p3" }).toBuffer();
    const { icc, exif: prefixed } = await sharp(source).metadata();
    const xmp = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
    const metadata = {
      icc: icc?.toString("base64") ?? "",
      exif: prefixed?.subarray(6).toString("base64") ?? "",
      xmp: xmp.toString("base64"),
    };
    const { file } = await lab.encode("avif", drawPhoto(51, 41), {}, metadata);
    const found = await sharp(file).metadata();
    expect(found.icc?.equals(icc as Buffer)).toBe(true);
    expect(found.xmp?.equals(xmp)).toBe(true);
    expect((await lab.open(file)).metadata).toEqual(metadata);
  });

  test("more noise than was planned for is refused and leaves it able to work", async () => {
    const pick = createRandom(3);
    const pixels = drawPhoto(3000, 2000);
    for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = pick(256);
    const error = await failure(lab.encode("avif", pixels, { quality: 80, effort: "fast" }));
    expect(error.code).toBe("memory_limit");
    const { file } = await lab.encode("avif", drawPhoto(64, 64), {});
    expect(await sharp(file).metadata()).toMatchObject({ width: 64, height: 64 });
  });
});
