/** Our VP8 decoder against libwebp's, as sharp has it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CORPUS_DIR, hasCorpus } from "../corpus/manifest.ts";
import { codeOf, expectExact } from "../support/exact.ts";
import { startLab, type Lab } from "../support/lab-client.ts";
import { createRandom } from "../support/random.ts";
import { drawNoise, drawPhoto, toSharp } from "./jpeg-fixtures.ts";
import { drawOptions, startLibwebp } from "./webp-fixtures.ts";

const MIB = 1024 * 1024;

let lab: Lab;
let encode: Awaited<ReturnType<typeof startLibwebp>>;
beforeAll(async () => {
  [lab, encode] = await Promise.all([startLab(), startLibwebp()]);
});
afterAll(() => lab.close());

/** The file with its chunk and RIFF sizes made to agree with where it was cut. */
function cutConsistently(file: Uint8Array, bytes: number): Uint8Array {
  const cut = file.slice(0, bytes & ~1);
  const view = new DataView(cut.buffer);
  view.setUint32(4, cut.length - 8, true);
  view.setUint32(16, cut.length - 20, true);
  return cut;
}

describe("pixels are libwebp's", () => {
  test("at every width and height from 1 to 65", async () => {
    const pick = createRandom(5);
    for (let side = 1; side <= 65; side++) {
      for (const [width, height] of [
        [side, 1 + pick(65)],
        [1 + pick(65), side],
      ] as const) {
        const options = { quality: 1 + pick(100), effort: pick(7) };
        const file = await toSharp(drawPhoto(width, height)).webp(options).toBuffer();
        await expectExact(lab, file, `${width} x ${height} ${JSON.stringify(options)}`);
      }
    }
  });

  test("at every quality", async () => {
    for (let quality = 0; quality <= 100; quality += 4) {
      await expectExact(lab, encode(drawPhoto(83, 61), { quality }), `quality ${quality}`);
    }
  });

  test("with both filters at every sharpness and at strengths from none to full", async () => {
    for (const filter_type of [0, 1]) {
      for (let filter_sharpness = 0; filter_sharpness < 8; filter_sharpness++) {
        for (const filter_strength of [0, 10, 35, 60, 100]) {
          const options = { quality: 30, filter_type, filter_sharpness, filter_strength };
          await expectExact(lab, encode(drawPhoto(70, 50), options), JSON.stringify(options));
        }
      }
    }
  });

  test("with any number of segments and partitions, methods and passes", async () => {
    const pick = createRandom(11);
    for (let i = 0; i < 150; i++) {
      const options = drawOptions(pick);
      const draw = i % 5 === 0 ? drawNoise : drawPhoto;
      const pixels = draw(1 + pick(150), 1 + pick(150));
      await expectExact(lab, encode(pixels, options), JSON.stringify(options));
    }
  });

  test("where a picture's parts take many windows each", async () => {
    for (const partitions of [0, 1, 3]) {
      const file = encode(drawNoise(1300, 900), { quality: 98, partitions, method: 2 });
      expect(file.length).toBeGreaterThan(MIB);
      await expectExact(lab, file, `${2 ** partitions} partitions`);
    }
  });

  test.skipIf(!hasCorpus).each(["webp/lossy-photo-1024x772.webp", "webp/exif-orientation-6.webp"])(
    "of %s",
    async (path) => {
      await expectExact(lab, readFileSync(join(CORPUS_DIR, path)), path);
    },
  );
});

describe("files that end early", () => {
  test("are truncated wherever they are cut, even behind sizes that agree", async () => {
    for (const partitions of [0, 2]) {
      const file = encode(drawPhoto(200, 150), { quality: 80, partitions, segments: 4 });
      for (let bytes = 30; bytes < file.length - 8; bytes += Math.ceil(file.length / 60)) {
        expect(await codeOf(lab, file.slice(0, bytes)), `${bytes}`).toBe("truncated_image");
        expect(await codeOf(lab, cutConsistently(file, bytes)), `${bytes}`).toBe("truncated_image");
      }
    }
  });

  test("are not read past their last byte, of which little may be missing", async () => {
    const file = await toSharp(drawPhoto(90, 70)).webp().toBuffer();
    const whole = await lab.decode(file);
    for (let missing = 2; missing < 10; missing += 2) {
      const cut = cutConsistently(file, file.length - missing);
      const expected = await sharp(cut)
        .raw()
        .toBuffer()
        .catch(() => null);
      const code = await codeOf(lab, cut);
      if (expected) expect(code).toBe("decoded");
      if (code === "decoded") expect((await lab.decode(cut)).data).toEqual(whole.data);
    }
  });
});

describe("frame headers", () => {
  test.each([
    ["an unknown version", 20, 0x0e],
    ["a frame that is not to be shown", 20, -0x11],
    ["a frame that depends on others", 20, 0x01],
    ["a bad start code", 23, 0xff],
  ])("%s is invalid", async (_name, at, bits) => {
    const file = encode(drawPhoto(40, 30), {});
    file[at] = bits < 0 ? (file[at] ?? 0) & bits : (file[at] ?? 0) | bits;
    if (at === 23) file[at] = 0;
    expect(await codeOf(lab, file)).toBe("invalid_image");
  });

  test("a first part longer than the file is truncated", async () => {
    const file = encode(drawPhoto(40, 30), {});
    file.set([0xff, 0xff], 21);
    expect(await codeOf(lab, file)).toBe("truncated_image");
  });
});

describe("memory", () => {
  test("stays below 3 MiB at 12 megapixels, below 8 at the widest", async () => {
    const wide = {
      create: { width: 16_383, height: 700, channels: 3, background: "#a52" },
    } as const;
    const photo = { ...wide, create: { ...wide.create, width: 4032, height: 3024 } };
    for (const [input, limit] of [
      [photo, 3 * MIB],
      [wide, 8 * MIB],
    ] as const) {
      const file = await sharp(input).webp({ effort: 0 }).toBuffer();
      const { used, planned, rows } = await lab.decode(file);
      expect(rows).toBe(input.create.height);
      expect(used).toBeLessThanOrEqual(planned);
      expect(planned).toBeLessThanOrEqual(limit);
    }
  });
});
