/** HEIC against libheif, as elheif and ImageMagick have it. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCorpus } from "../corpus/manifest.ts";
import { decodeByElheif } from "../support/elheif.ts";
import { codeOf } from "../support/exact.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { readByMagick } from "../support/magick.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { drawPhoto, toSharp } from "./jpeg-fixtures.ts";

const MIB = 1024 * 1024;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** RGBA of a picture as it is shown. */
async function rgbaOf(file: Uint8Array): Promise<Uint8Array> {
  return await sharp(file, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();
}

describe("real files", () => {
  const files = readCorpus("heic");

  test.each(files)("$path is what libheif makes of it", async ({ bytes }) => {
    const [theirs] = await decodeByElheif(bytes);
    const { file, width, height, used, planned } = await lab.convert(bytes, { format: "png" });
    expect([width, height]).toEqual([theirs?.width, theirs?.height]);
    expect(psnr(await rgbaOf(file), theirs?.data ?? new Uint8Array(0))).toBeGreaterThan(45);
    expect(used).toBeLessThanOrEqual(planned);
  });

  const pair = files.find(({ path }) => path.includes("two-images"));
  test.skipIf(!pair)("each of several pictures can be had", async () => {
    const bytes = pair?.bytes ?? new Uint8Array(0);
    const made = await lab.convertPages(bytes, { format: "png", pages: "all" });
    expect(made.map(({ page }) => page)).toEqual([1, 2]);
    for (const [index, { file, width, height }] of made.entries()) {
      const theirs = await readByMagick(bytes, undefined, index);
      expect([width, height]).toEqual([theirs.width, theirs.height]);
      expect(psnr(await rgbaOf(file), theirs.data)).toBeGreaterThan(40);
    }
  });

  const photo = files.find(({ path }) => path.includes("iphone"));
  test.skipIf(!photo)(
    "a phone's 12 megapixels, turned and P3, take 45 MiB to 1600 px",
    async () => {
      const bytes = photo?.bytes ?? new Uint8Array(0);
      const header = await lab.open(bytes);
      expect(header).toMatchObject({ width: 4032, height: 3024, orientation: 6 });
      expect(Buffer.from(header.icc ?? "", "base64").toString("latin1")).toContain("Display P3");
      const { planned, width, height } = await lab.convert(bytes, { format: "jpg", width: 1600 });
      expect([width, height]).toEqual([1600, 2133]);
      expect(planned).toBeLessThan(45 * MIB);
    },
  );

  test.skipIf(!photo)("and fit the budget to HEIC and AVIF at full size", async () => {
    for (const format of ["heic", "avif"] as const) {
      const bytes = photo?.bytes ?? new Uint8Array(0);
      const { file, used, planned } = await lab.convert(bytes, { format, effort: "fast" });
      expect(used).toBeLessThanOrEqual(planned);
      expect(await lab.open(file)).toMatchObject({ width: 3024, height: 4032, orientation: 1 });
    }
  });
});

describe("encoding", () => {
  const draw = async (width: number, height: number, channels: 3 | 4): Promise<Pixels> => {
    const photo = toSharp(drawPhoto(width, height));
    if (channels === 4) photo.ensureAlpha(0.5);
    return { width, height, channels, data: await photo.raw().toBuffer() };
  };

  test.each([
    [1, 1, 3],
    [64, 64, 4],
    [451, 461, 3],
    [1333, 999, 4],
    [2100, 1201, 3],
  ] as const)(
    "%i × %i, %i channels: near the original, as libheif reads it, too",
    async (width, height, channels) => {
      const pixels = await draw(width, height, channels);
      const { file, used, planned } = await lab.encode("heic", pixels, { quality: 90 });
      expect(used).toBeLessThanOrEqual(planned);
      const [theirs] = await decodeByElheif(file);
      expect([theirs?.width, theirs?.height]).toEqual([pixels.width, pixels.height]);
      const wanted = await sharp(pixels.data, { raw: { width, height, channels } })
        .ensureAlpha()
        .raw()
        .toBuffer();
      expect(psnr(theirs?.data ?? new Uint8Array(0), wanted)).toBeGreaterThan(34);
      expect(psnr((await lab.decode(file)).data, pixels.data)).toBeGreaterThan(34);
    },
  );

  test("quality means something, for the first picture of an instance, too", async () => {
    const pixels = await draw(400, 300, 3);
    const sizes: number[] = [];
    for (const quality of [20, 60, 95, 20]) {
      sizes.push((await lab.encode("heic", pixels, { quality })).file.length);
    }
    const [low = 0, middle = 0, high = 0, again] = sizes;
    expect(low).toBeLessThan(middle);
    expect(middle).toBeLessThan(high);
    expect(again).toBe(low);
  });

  test("metadata are carried", async () => {
    const text = (value: string) => Buffer.from(value).toString("base64");
    const { icc } = await sharp(
      await toSharp(drawPhoto(8, 8)).withIccProfile("p3").png().toBuffer(),
    ).metadata();
    const metadata = {
      icc: icc?.toString("base64") ?? "",
      exif: text("MM\0*\0\0\0\x08\0\0\0\0\0\0"),
      xmp: text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"),
    };
    const { file } = await lab.encode("heic", await draw(70, 50, 3), {}, metadata);
    expect((await lab.open(file)).metadata).toEqual(metadata);
  });

  test("files cut or damaged anywhere are errors, and leave it able to work", async () => {
    const { file } = await lab.encode("heic", await draw(200, 120, 4), {});
    for (let tenth = 0; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.max(28, Math.floor((file.length * tenth) / 10)));
      expect(["truncated_image", "invalid_image"]).toContain(await codeOf(lab, cut));
    }
    const pick = createRandom(5);
    for (let i = 0; i < 150; i++) {
      const bad = new Uint8Array(file);
      const from = i % 2 ? 28 : Buffer.from(file).indexOf("mdat");
      for (let n = 0; n < 6; n++) bad[from + pick(bad.length - from)] = pick(256);
      expect([
        ...["decoded", "invalid_image", "truncated_image", "unsupported_feature"],
        ...["too_many_pixels", "memory_limit", "unsupported_input_format"],
      ]).toContain(await codeOf(lab, bad));
    }
    expect(await codeOf(lab, file)).toBe("decoded");
  });
});
