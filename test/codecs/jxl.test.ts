/** JPEG XL against ImageMagick, whose decoder is libjxl. */
import { MagickFormat, MagickImageCollection } from "@imagemagick/magick-wasm";
import { brotliCompressSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { box, claimSize, exifBox, partsOf, writeContainer } from "../support/jxl-writer.ts";
import { codeOf } from "../support/exact.ts";
import { judge } from "../support/judges.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { readByMagick, writeByMagick } from "../support/magick.ts";
import { drawPlain, maxSeen, PLAIN_SIZES, toRgba } from "../support/plain-pictures.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { drawPhoto } from "./jpeg-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const EXACT = 100;
/** @param effort 1 is fastest */
const write = (pixels: Pixels, quality: number, effort = 7): Promise<Buffer> =>
  writeByMagick(pixels, MagickFormat.Jxl, (image) => {
    image.quality = quality;
    image.settings.setDefine(MagickFormat.Jxl, "effort", effort);
  });

/** How far our pixels are from ImageMagick's, in dB. */
async function nearness(file: Uint8Array): Promise<number> {
  const ours = await lab.decode(file);
  expect(ours.used).toBeLessThanOrEqual(ours.planned);
  const theirs = await readByMagick(file);
  expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
  return psnr(toRgba(ours), theirs.data);
}

describe("decoding", () => {
  test.each([1, 3, 4] as const)("%i channels without loss, of any size", async (channels) => {
    for (const [width, height] of [...PLAIN_SIZES, [300, 520] as const]) {
      const pixels = drawPlain(width, height, channels);
      const file = await write(pixels, EXACT);
      const got = await lab.decode(file);
      expect(got.channels).toBe(channels);
      expect(maxSeen(toRgba(got), toRgba(pixels))).toBe(0);
      expect(got.used).toBeLessThanOrEqual(got.planned);
    }
  });

  test.each([95, 70, 20])("of quality %i as libjxl does it", async (quality) => {
    for (const [width, height] of [
      [1, 1],
      [9, 33],
      [301, 203],
      [520, 300],
    ] as const) {
      expect(await nearness(await write(drawPhoto(width, height), quality))).toBeGreaterThan(50);
    }
    expect(await nearness(await write(drawPhoto(67, 45, 1), quality))).toBeGreaterThan(50);
    expect(await nearness(await write(drawPlain(67, 45, 4), quality))).toBeGreaterThan(45);
  });

  test("16 bits become 8, with a warning", async () => {
    const pixels = drawPlain(131, 40, 3);
    const file = await writeByMagick(pixels, MagickFormat.Jxl, (image) => {
      image.quality = EXACT;
      image.depth = 16;
    });
    const header = await lab.open(file);
    expect(header.depth).toBe(16);
    expect(header.warnings.map(({ code }) => code)).toEqual(["reduced_to_8_bit"]);
    expect(maxSeen(toRgba(await lab.decode(file)), toRgba(pixels))).toBe(0);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8] as const)(
    "orientation %i is applied once",
    async (orientation) => {
      const file = await writeByMagick(drawPhoto(64, 40), MagickFormat.Jxl, (image) => {
        image.quality = EXACT;
        image.orientation = orientation;
      });
      expect((await lab.open(file)).orientation).toBe(orientation);
      const { file: png } = await lab.convert(file, { format: "png" });
      const [ours, theirs] = [await judge("png", png), await judge("jxl", file)];
      expect([ours.width, ours.height]).toEqual(orientation > 4 ? [40, 64] : [64, 40]);
      expect(psnr(ours.data, theirs.data)).toBe(Infinity);
    },
  );

  test("a profile comes with the pixels that it describes", async () => {
    const image = sharp(drawPhoto(80, 60).data, { raw: { width: 80, height: 60, channels: 3 } });
    const png = await image.withIccProfile("p3").png().toBuffer();
    const { icc } = await sharp(png).metadata();
    const { data } = await sharp(png, { ignoreIcc: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const pixels: Pixels = { width: 80, height: 60, channels: 3, data };
    const file = await writeByMagick(pixels, MagickFormat.Jxl, (opened) => {
      opened.quality = EXACT;
      opened.setProfile("icc", icc as Buffer);
    });
    expect((await lab.open(file)).icc).toBe(icc?.toString("base64"));
    expect(maxSeen(toRgba(await lab.decode(file)), toRgba(pixels))).toBe(0);
  });

  test("frames are shown as they were, for as long, as often", async () => {
    const [width, height, frames] = [90, 60, 5];
    const data = Uint8Array.from({ length: width * height * 3 * frames }, (_, i) => {
      const frame = Math.floor(i / (width * height * 3));
      return (i * (frame + 3) + (i >> 7)) & 255;
    });
    const raw = { width, height: height * frames, channels: 3, pageHeight: height } as const;
    const webp = await sharp(data, { raw }).webp({ lossless: true, loop: 3, delay: [50, 100, 150, 200, 250] }).toBuffer(); // prettier-ignore
    // Starts ImageMagick.
    await readByMagick(webp);
    const moving = MagickImageCollection.create(webp);
    for (const image of moving) image.quality = EXACT;
    const file = moving.write(MagickFormat.Jxl, (written) => Buffer.from(written));
    const header = await lab.open(file);
    expect(header.frames).toBe(frames);
    const got = await lab.frames(file);
    expect(got.used).toBeLessThanOrEqual(got.planned);
    const [first = 0] = got.durations;
    expect(got.durations.map((duration) => duration / first)).toEqual([1, 2, 3, 4, 5]);
    const rgb = (rgba: Uint8Array) => rgba.filter((_, i) => i % 4 !== 3);
    expect(Buffer.compare(rgb(got.data), data)).toBe(0);
    expect(
      Buffer.compare((await lab.decode(file)).data, data.subarray(0, width * height * 3)),
    ).toBe(0);
    const { file: again } = await lab.convert(file, { format: "webp", lossless: true });
    expect(await sharp(again).metadata()).toMatchObject({ pages: frames });
  });
});

describe("containers", () => {
  const EXIF = Buffer.from("II*\0\x08\0\0\0\0\0\0\0\0\0", "latin1");
  const XMP = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
  const pixels = drawPlain(67, 45, 3);
  const wanted = { icc: null, exif: EXIF.toString("base64"), xmp: XMP.toString("base64") };

  async function expectSame(file: Uint8Array): Promise<void> {
    expect(maxSeen(toRgba(await lab.decode(file)), toRgba(pixels))).toBe(0);
  }

  test("metadata are found before and behind the picture", async () => {
    const code = await write(pixels, EXACT);
    const file = writeContainer(exifBox(EXIF), box("jxlc", code), box("xml ", XMP));
    expect((await lab.open(file)).metadata).toEqual(wanted);
    await expectSame(file);
  });

  test("metadata that are compressed are unpacked", async () => {
    const code = await write(pixels, EXACT);
    const pack = (type: string, data: Buffer) =>
      box("brob", Buffer.from(type, "latin1"), brotliCompressSync(data));
    const exif = Buffer.concat([Buffer.alloc(4), EXIF]);
    const file = writeContainer(box("jxlc", code), pack("Exif", exif), pack("xml ", XMP));
    expect((await lab.open(file)).metadata).toEqual(wanted);
    const damaged = box("brob", Buffer.from("xml ", "latin1"), Uint8Array.of(1, 2, 3));
    expect((await lab.open(writeContainer(box("jxlc", code), damaged))).metadata.xmp).toBeNull();
    await expectSame(file);
  });

  test("a codestream in many boxes is one", async () => {
    const code = await write(pixels, EXACT);
    await expectSame(writeContainer(...partsOf(code, [1, 3, 3, 40, 900])));
  });
});

describe("bad input", () => {
  test("a file cut anywhere is an error", async () => {
    for (const quality of [EXACT, 80]) {
      const code = await write(drawPhoto(520, 300), quality);
      const file = writeContainer(box("jxlc", code));
      for (const whole of [code, file]) {
        for (let tenth = 0; tenth < 10; tenth++) {
          const cut = whole.subarray(0, Math.max(12, Math.floor((whole.length * tenth) / 10)));
          expect(["truncated_image", "invalid_image"]).toContain(await codeOf(lab, cut));
        }
        expect(await codeOf(lab, whole.subarray(0, -1))).toBe("truncated_image");
      }
    }
  });

  test("200 damaged files in a row leave it able to work", async () => {
    const good = [await write(drawPhoto(301, 203), 80), await write(drawPlain(131, 40, 4), EXACT)];
    const pick = createRandom(11);
    for (let i = 0; i < 200; i++) {
      const bad = new Uint8Array(good[i % 2] as Buffer);
      const range = i % 4 < 2 ? bad.length - 2 : Math.min(64, bad.length - 2);
      for (let n = 0; n < 4; n++) bad[2 + pick(range)] = pick(256);
      expect([
        ...["decoded", "invalid_image", "truncated_image", "unsupported_feature"],
        ...["too_many_pixels", "memory_limit"],
      ]).toContain(await codeOf(lab, bad));
    }
    expect(await nearness(good[0] as Buffer)).toBeGreaterThan(50);
  }, 120_000);

  test("a header that claims 2^30 pixels is refused by it", async () => {
    const claimed = claimSize(32_768, 32_768);
    expect(await lab.open(claimed)).toMatchObject({ width: 32_768, height: 32_768 });
    const made = lab.convert(claimed, { format: "png" });
    await expect(made).rejects.toMatchObject({ code: "too_many_pixels" });
  });

  test("3 megapixels fit, 5 without loss; 12 are refused before they are decoded", async () => {
    for (const [width, height, quality] of [
      [2000, 1500, 80],
      [2580, 1935, EXACT],
    ] as const) {
      const pixels = drawPhoto(width, height);
      const made = await lab.convert(await write(pixels, quality, 1), { format: "jpg" });
      expect(made.used).toBeLessThanOrEqual(made.planned);
      const { data, info } = await sharp(made.file).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([width, height]);
      expect(psnr(data, pixels.data)).toBeGreaterThan(30);
    }
    const refused = lab.convert(claimSize(4032, 3024), { format: "jpg" });
    await expect(refused).rejects.toMatchObject({ code: "memory_limit" });
  }, 120_000);
});
