/** Our VP8L decoder, for lossless pictures and planes of alpha, against libwebp's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CORPUS_DIR, hasCorpus } from "../corpus/manifest.ts";
import { codeOf, expectExact } from "../support/exact.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { createRandom } from "../support/random.ts";
import { drawNoise, drawPhoto } from "./jpeg-fixtures.ts";
import { drawFew, startLibwebp, withAlpha } from "./webp-fixtures.ts";

const MIB = 1024 * 1024;

let lab: Lab;
let encode: Awaited<ReturnType<typeof startLibwebp>>;
beforeAll(async () => {
  [lab, encode] = await Promise.all([startLab(), startLibwebp()]);
});
afterAll(() => lab.close());

/** Photos, noise, and pictures of up to 300 colours, so that every width of index occurs. */
function draw(index: number, pick: (below: number) => number, most = 150): Pixels {
  const [width, height] = [1 + pick(most), 1 + pick(most)];
  if (index % 3 === 0) return drawFew(width, height, 1 + pick([2, 4, 16, 300][pick(4)] ?? 1));
  return index % 7 === 0 ? drawNoise(width, height) : drawPhoto(width, height);
}

describe("lossless pixels are libwebp's", () => {
  test("at every width and height from 1 to 65", async () => {
    const pick = createRandom(5);
    for (let side = 1; side <= 65; side++) {
      const method = pick(7);
      await expectExact(
        lab,
        encode(drawPhoto(side, 1 + pick(65)), { lossless: 1, method }),
        `${side}`,
      );
      await expectExact(
        lab,
        encode(drawFew(1 + pick(65), side), { lossless: 1, method }),
        `${side}`,
      );
    }
  });

  test("with every transform and code, with and without alpha", async () => {
    const pick = createRandom(9);
    for (let i = 0; i < 200; i++) {
      const pixels = draw(i, pick);
      const options = { lossless: 1, exact: pick(2), method: pick(7), quality: pick(101) };
      const file = encode(i % 2 ? withAlpha(pixels) : pixels, options);
      await expectExact(lab, file, JSON.stringify(options));
    }
  });

  test("where copies reach further back than what is held of a picture", async () => {
    const pixels = drawNoise(2048, 1100);
    // Repeats 300 rows below, and at a distance that no copy reaches.
    pixels.data.copyWithin(2048 * 300 * 3, 0, 2048 * 200 * 3);
    pixels.data.copyWithin(2048 * 900 * 3, 0, 2048 * 200 * 3);
    await expectExact(lab, encode(pixels, { lossless: 1, method: 3, quality: 75 }), "repeats");
  });

  test.skipIf(!hasCorpus)("of the corpus' files", async () => {
    for (const path of ["webp/lossless.webp", "webp/lossy-alpha.webp"]) {
      await expectExact(lab, readFileSync(join(CORPUS_DIR, path)), path);
    }
  });
});

describe("alpha beside a lossy picture is libwebp's", () => {
  test.each([0, 1])("with every filter (compressed: %i)", async (alpha_compression) => {
    const pick = createRandom(13);
    for (let i = 0; i < 60; i++) {
      const options = {
        ...{ alpha_compression, alpha_filtering: i % 3, method: pick(7) },
        ...{ alpha_quality: i % 2 ? 100 : pick(100), partitions: pick(4) },
      };
      await expectExact(lab, encode(withAlpha(draw(i, pick)), options), JSON.stringify(options));
    }
  });

  test.each([1, 2, 3])("raw, and filtered as number %i says", async (filter) => {
    // libwebp never writes these; what it reads decides.
    const file = encode(withAlpha(drawPhoto(45, 39)), { alpha_compression: 0, alpha_filtering: 0 });
    const at = Buffer.from(file).indexOf("ALPH") + 8;
    expect((file[at] ?? 255) & 3).toBe(0);
    file[at] = filter << 2;
    await expectExact(lab, file, `filter ${filter}`);
  });

  test("with reserved bits is invalid, as with too few bytes", async () => {
    const file = encode(withAlpha(drawPhoto(45, 39)), { alpha_compression: 0 });
    const at = Buffer.from(file).indexOf("ALPH") + 8;
    const reserved = file.slice();
    reserved[at] = 0x40;
    expect(await codeOf(lab, reserved)).toBe("invalid_image");
    const larger = file.slice();
    larger.set([0x00, 0x01], at - 4); // the chunk's size: less than the picture has pixels
    expect(["invalid_image", "truncated_image"]).toContain(await codeOf(lab, larger));
  });
});

describe("lossless files", () => {
  test("are truncated wherever they are cut, even behind sizes that agree", async () => {
    const file = encode(drawPhoto(120, 90), { lossless: 1 });
    for (let bytes = 26; bytes < file.length - 8; bytes += Math.ceil(file.length / 60) & ~1) {
      const cut = file.slice(0, bytes);
      expect(await codeOf(lab, cut), `${bytes}`).toBe("truncated_image");
      const view = new DataView(cut.buffer);
      view.setUint32(4, cut.length - 8, true);
      view.setUint32(16, cut.length - 20, true);
      expect(["truncated_image", "invalid_image"], `${bytes}`).toContain(await codeOf(lab, cut));
    }
  });

  test("take a third of what their pixels would, at 12 megapixels", async () => {
    const photo = {
      create: { width: 4032, height: 3024, channels: 3, background: "#a52" },
    } as const;
    const file = await sharp(photo).webp({ lossless: true, effort: 0 }).toBuffer();
    const { used, planned, rows } = await lab.decode(file);
    expect(rows).toBe(3024);
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThanOrEqual(24 * MIB);
  });
});
