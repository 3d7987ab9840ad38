/** Camera raw files: the previews in them, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { drawPlain } from "../support/plain-pictures.ts";
import { psnr } from "../support/psnr.ts";
import { wrapJpeg } from "../support/raw-writer.ts";
import { long, short, writeFields } from "../support/tiff-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

async function drawJpeg(width: number, height: number): Promise<Buffer> {
  const { data } = drawPlain(width, height, 3);
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
}

async function expectPreview(file: Uint8Array, jpeg: Buffer): Promise<void> {
  const { format, warnings, width, height } = await lab.open(file);
  expect([format, warnings.map(({ code }) => code)]).toEqual(["raw", ["embedded_preview"]]);
  const got = await lab.decode(file);
  expect([got.width, got.height]).toEqual([width, height]);
  expect(psnr(got.data, await sharp(jpeg).raw().toBuffer())).toBeGreaterThan(50);
  expect(got.used).toBeLessThanOrEqual(got.planned);
}

test("a DNG gives its largest preview, upright, and says so", async () => {
  const jpeg = await drawJpeg(120, 80);
  const file = wrapJpeg(jpeg, { 274: short(6) });
  await expectPreview(file, jpeg);
  expect((await lab.open(file)).orientation).toBe(6);
  const { width, height, warnings } = await lab.convert(file, { format: "png" });
  expect([width, height, warnings.map(({ code }) => code)]).toEqual([
    80,
    120,
    ["embedded_preview"],
  ]);
});

test("the largest of several, whichever directory it is in", async () => {
  const [small, large] = [await drawJpeg(60, 40), await drawJpeg(120, 80)];
  const bare = wrapJpeg(small, { 513: long(0), 514: long(0) });
  const file = wrapJpeg(small, { 513: long(bare.length), 514: long(large.length) });
  await expectPreview(Buffer.concat([file, large]), large);
});

test("what cameras wrote who had numbers of their own", async () => {
  const jpeg = await drawJpeg(120, 80);
  for (const magic of ["IIRO", "IIRS", "IIU\0"]) {
    const file = wrapJpeg(jpeg);
    file.write(magic, "latin1");
    await expectPreview(file, jpeg);
  }
  const panasonic = (at: number) =>
    writeFields({ 0x2e: { type: 7, values: [...jpeg] }, 256: long(at) }, 8);
  const head = Buffer.from("IIU\0\x08\0\0\0", "latin1");
  await expectPreview(Buffer.concat([head, panasonic(1), Buffer.alloc(64)]), jpeg);

  const fuji = Buffer.alloc(100);
  fuji.write("FUJIFILMCCD-RAW ", "latin1");
  fuji.writeUInt32BE(fuji.length, 84);
  fuji.writeUInt32BE(jpeg.length, 88);
  await expectPreview(Buffer.concat([fuji, jpeg]), jpeg);

  const brand = Buffer.from("\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "latin1");
  const preview = Buffer.alloc(8 + 16 + 8 + 24);
  preview.writeUInt32BE(preview.length + jpeg.length);
  preview.write("uuid", 4);
  await expectPreview(Buffer.concat([brand, preview, jpeg, Buffer.alloc(64)]), jpeg);
});

test("raw files whose first bytes do not tell are known by their first directory", async () => {
  const jpeg = await drawJpeg(120, 80);
  const far = 4000;
  const fields = { 254: long(1), 50_706: long(1), 513: long(far + 200), 514: long(jpeg.length) };
  const head = Buffer.alloc(far + 200);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(far, 4);
  head.set(writeFields(fields, far), far);
  await expectPreview(Buffer.concat([head, jpeg]), jpeg);
});

test("no preview: unsupported_feature; directories in a circle and damage end in an error", async () => {
  const file = wrapJpeg(Buffer.from("no JPEG at all".repeat(10)));
  expect(await codeOf(lab.decode(file))).toBe("unsupported_feature");
  const circle = wrapJpeg(await drawJpeg(20, 20), { 330: long(8, 8, 8) });
  expect(await codeOf(lab.decode(circle))).toBe("unsupported_feature");
  expect(await codeOf(lab.decode(circle.subarray(0, 60)))).toBe("truncated_image");
});

describe.skipIf(!hasCorpus)("corpus", () => {
  for (const { path, bytes, width, height } of readCorpus("raw")) {
    test(path, async () => {
      const made = await lab.convert(bytes, { format: "png" });
      expect([made.width, made.height]).toEqual([width, height]);
      expect(made.warnings.map(({ code }) => code)).toContain("embedded_preview");
      expect((await sharp(made.file).stats()).isOpaque).toBe(true);
    });
  }
});
