/** PSD both ways, judged by ImageMagick. */
import { ColorSpace, CompressionMethod, MagickFormat } from "@imagemagick/magick-wasm";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { readByMagick, writeByMagick } from "../support/magick.ts";
import {
  differFromMagick,
  drawPlain,
  maxSeen,
  PLAIN_SIZES,
  toRgba,
} from "../support/plain-pictures.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe("what is written", () => {
  test("comes back as it was, within the plan", async () => {
    for (const channels of [1, 3, 4] as const) {
      for (const [width, height] of PLAIN_SIZES) {
        const pixels = drawPlain(width, height, channels);
        const { file, used, planned } = await lab.encode("psd", pixels);
        expect(used).toBeLessThanOrEqual(planned);
        // Colours on white, of which 8 bits are kept, have to be taken off it again.
        const slack = channels === 4 ? 1 : 0;
        expect(await differFromMagick(pixels, file)).toBeLessThanOrEqual(slack);
        const got = await lab.decode(file);
        expect(got.channels).toBe(channels);
        expect(maxSeen(toRgba(got), toRgba(pixels))).toBeLessThanOrEqual(slack);
      }
    }
  });

  test("has a layer with the very pixels where it is transparent", async () => {
    const pixels = drawPlain(131, 40, 4);
    const { file } = await lab.encode("psd", pixels);
    const layer = await readByMagick(file, MagickFormat.Psd, 1);
    expect([layer.width, layer.height]).toEqual([131, 40]);
    expect(maxSeen(toRgba(pixels), layer.data)).toBe(0);
  });

  test("carries profile, EXIF and XMP", async () => {
    const blank = sharp({ create: { width: 4, height: 4, channels: 3, background: "#123" } });
    const { icc } = await sharp(await blank.withIccProfile("p3").png().toBuffer()).metadata();
    const metadata = {
      icc: icc?.toString("base64") ?? "",
      exif: Buffer.from("II*\0\x08\0\0\0\0\0\0\0\0\0", "latin1").toString("base64"),
      xmp: Buffer.from("<x:xmpmeta/>").toString("base64"),
    };
    const { file } = await lab.encode("psd", drawPlain(20, 10, 3), {}, metadata);
    expect((await lab.open(file)).metadata).toEqual(metadata);
    expect(await differFromMagick(drawPlain(20, 10, 3), file)).toBe(0);
  });
});

describe("what ImageMagick writes is read, within the plan", () => {
  test.for([
    ["gray", 1, 8, CompressionMethod.RLE],
    ["gray, not compressed", 1, 8, CompressionMethod.NoCompression],
    ["RGB", 3, 8, CompressionMethod.RLE],
    ["RGB of 16 bits", 3, 16, CompressionMethod.RLE],
    ["RGB of 16 bits, not compressed", 3, 16, CompressionMethod.NoCompression],
    ["RGB with alpha", 4, 8, CompressionMethod.RLE],
  ] as const)("%s", async ([, channels, depth, compression]) => {
    for (const format of [MagickFormat.Psd, MagickFormat.Psb]) {
      const file = await writeByMagick(drawPlain(131, 40, channels), format, (image) => {
        image.depth = depth;
        image.settings.compression = compression;
      });
      const got = await lab.decode(file);
      expect(got.channels).toBe(channels);
      expect(await differFromMagick(got, file)).toBeLessThanOrEqual(1);
      expect(got.used).toBeLessThanOrEqual(got.planned);
    }
  });

  test("inks become sRGB", async () => {
    const file = await writeByMagick(drawPlain(131, 40, 3), MagickFormat.Psd, (image) => {
      image.colorSpace = ColorSpace.CMYK;
    });
    const got = await lab.decode(file);
    expect(got.channels).toBe(3);
    expect(got.used).toBeLessThanOrEqual(got.planned);
    // Ours is a model of printing, ImageMagick's is arithmetic.
    expect(psnr(toRgba(got), (await readByMagick(file)).data)).toBeGreaterThan(12);
  });
});

describe.skipIf(!hasCorpus)("corpus", () => {
  for (const { path, bytes, width, height } of readCorpus("psd")) {
    test(path, async () => {
      const got = await lab.decode(bytes);
      expect([got.width, got.height]).toEqual([width, height]);
      expect(got.used).toBeLessThanOrEqual(got.planned);
      if (!path.includes("cmyk")) expect(await differFromMagick(got, bytes)).toBeLessThanOrEqual(1);
    });
  }
});

/** A flat picture of 3 × 2 pixels. */
function writeFlat(
  mode: number,
  bits: number,
  channels: number,
  data: number[],
  palette?: number[],
) {
  const head = Buffer.alloc(26);
  head.write("8BPS\0\x01", "latin1");
  head.writeUInt16BE(channels, 12);
  head.writeUInt32BE(2, 14);
  head.writeUInt32BE(3, 18);
  head.writeUInt16BE(bits, 22);
  head.writeUInt16BE(mode, 24);
  const map = Buffer.alloc(4 + (palette?.length ?? 0));
  map.writeUInt32BE(palette?.length ?? 0);
  map.set(palette ?? [], 4);
  return Buffer.concat([head, map, Buffer.alloc(4 + 4 + 2), Buffer.from(data)]);
}

describe("other modes", () => {
  test("bitmaps, indices and duotones", async () => {
    const bitmap = await lab.decode(writeFlat(0, 1, 1, [0b1010_0000, 0b0100_0000]));
    expect([...bitmap.data]).toEqual([0, 255, 0, 255, 0, 255]);
    const palette = Array.from({ length: 768 }, (_, i) => (i < 256 ? i : i < 512 ? 511 - i : 7));
    const indexed = await lab.decode(writeFlat(2, 8, 1, [0, 1, 2, 3, 4, 5], palette));
    expect([...indexed.data.subarray(0, 6)]).toEqual([0, 255, 7, 1, 254, 7]);
    const duotone = await lab.decode(writeFlat(8, 8, 1, [9, 8, 7, 6, 5, 4], [1, 2, 3]));
    expect([duotone.channels, ...duotone.data]).toEqual([1, 9, 8, 7, 6, 5, 4]);
  });

  test.for([
    ["Lab", writeFlat(9, 8, 3, [])],
    ["32 bits", writeFlat(3, 32, 3, [])],
    ["many channels", writeFlat(7, 8, 3, [])],
  ] as const)("%s: unsupported_feature", async ([, file]) => {
    expect(await codeOf(lab.decode(file))).toBe("unsupported_feature");
  });

  test("cut off anywhere, or of an impossible head: an error", async () => {
    const { file } = await lab.encode("psd", drawPlain(131, 40, 3));
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
      expect(await codeOf(lab.decode(cut))).toBe("truncated_image");
    }
    expect(await codeOf(lab.decode(writeFlat(3, 8, 2, [])))).toBe("invalid_image");
    expect(await codeOf(lab.decode(writeFlat(2, 8, 1, [0, 0, 0, 0, 0, 0])))).toBe("invalid_image");
  });
});
