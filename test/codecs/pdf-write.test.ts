/** PDFs that are made, as an independent reader sees them. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../support/lab-client.ts";
import { drawByPdfjs, readByPdfjs } from "../support/pdfjs.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** A picture whose four corners differ. */
function draw(width: number, height: number, channels: 1 | 3 | 4 = 3) {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const all = [(x * 255) / width, (y * 255) / height, x < width / 3 && y < height / 3 ? 255 : 40, y < height / 2 ? 255 : 90]; // prettier-ignore
      for (let k = 0; k < channels; k++) data[o++] = Math.round(all[k] ?? 0);
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

const rgbOnWhite = async (file: Uint8Array) =>
  new Uint8Array(await sharp(file).rotate().flatten({ background: "white" }).removeAlpha().toColourspace("srgb").raw().toBuffer()); // prettier-ignore

/** Drawn pixel by pixel, as RGB. */
async function read(file: Uint8Array) {
  const { width, height, data } = await drawByPdfjs(file, { dpi: 96 });
  return { width, height, data: data.filter((_, i) => i % 4 !== 3) };
}

describe("a page shows the picture", () => {
  test.each([1, 3, 4] as const)("of %i channels, lossless and not", async (channels) => {
    const png = await draw(331, 217, channels).png().toBuffer();
    const wanted = await rgbOnWhite(png);
    for (const lossless of [true, false]) {
      const made = await lab.convert(png, { format: "pdf", lossless, quality: 95 });
      const shown = await read(made.file);
      expect(shown).toMatchObject({ width: 331, height: 217 });
      expect(psnr(shown.data, wanted)).toBeGreaterThan(lossless ? 48 : 36);
      expect(made.used).toBeLessThanOrEqual(made.planned);
    }
  });

  test("large, with transparency as of noise, within the plan", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const create = { width: 2000, height: 1500, channels: 3, background: "red", noise } as const;
    const png = await sharp({ create }).joinChannel(await sharp({ create }).extractChannel(0).raw().toBuffer(), { raw: { width: 2000, height: 1500, channels: 1 } }).png().toBuffer(); // prettier-ignore
    const made = await lab.convert(png, { format: "pdf" });
    expect(made.used).toBeLessThanOrEqual(made.planned);
    expect((await readByPdfjs(made.file)).pages).toEqual([{ width: 1500, height: 1125 }]);
  });

  test("with its profile", async () => {
    const png = await draw(100, 80).withIccProfile("p3").png().toBuffer();
    const made = await lab.convert(png, { format: "pdf", lossless: true });
    expect(Buffer.from(made.file).includes("/ICCBased")).toBe(true);
    expect((await readByPdfjs(made.file)).pages).toHaveLength(1);
  });
});

describe("JPEG", () => {
  test("is passed through byte for byte, without its EXIF", async () => {
    for (const progressive of [false, true]) {
      const plain = await draw(320, 200).jpeg({ progressive }).toBuffer();
      const { file } = await lab.convert(plain, { format: "pdf", quality: 10 });
      expect(Buffer.from(file).includes(plain)).toBe(true);
      const tagged = await sharp(plain).keepExif().withExif({ IFD0: { Artist: "SOMEBODY" } }).jpeg({ progressive }).toBuffer(); // prettier-ignore
      const made = Buffer.from((await lab.convert(tagged, { format: "pdf" })).file);
      expect(made.includes("SOMEBODY")).toBe(false);
      expect(made.includes(tagged.subarray(-2000))).toBe(true);
      expect(psnr((await read(made)).data, await rgbOnWhite(tagged))).toBeGreaterThan(40);
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "of orientation %i is turned by the page",
    async (orientation) => {
      const jpeg = await draw(160, 96)
        .jpeg({ quality: 95 })
        .withMetadata({ orientation })
        .toBuffer();
      const made = await lab.convert(jpeg, { format: "pdf" });
      const wanted = await sharp(jpeg).rotate().toBuffer({ resolveWithObject: true });
      const shown = await read(made.file);
      expect(shown).toMatchObject({ width: wanted.info.width, height: wanted.info.height });
      expect(made).toMatchObject({ width: wanted.info.width, height: wanted.info.height });
      expect(psnr(shown.data, await rgbOnWhite(jpeg))).toBeGreaterThan(35);
    },
  );

  test("that is made smaller by just what its decoder offers is encoded anew", async () => {
    const jpeg = await draw(320, 200).jpeg().toBuffer();
    const { file } = await lab.convert(jpeg, { format: "pdf", width: 80 });
    expect(Buffer.from(file).includes("/Width 80 /Height 50")).toBe(true);
  });

  test("that is cut off is not passed through", async () => {
    const jpeg = await draw(320, 200).jpeg({ quality: 95 }).toBuffer();
    const cut = jpeg.subarray(0, jpeg.length >> 1);
    await expect(lab.convert(cut, { format: "pdf" })).rejects.toThrow("truncated_image");
  });

  test("that is to change, or has inks, is encoded anew", async () => {
    const jpeg = await draw(320, 200).jpeg().toBuffer();
    const small = await lab.convert(jpeg, { format: "pdf", width: 100 });
    expect(await read(small.file)).toMatchObject({ width: 100, height: 63 });
    const inks = await draw(100, 80).toColourspace("cmyk").jpeg().toBuffer();
    const made = await lab.convert(inks, { format: "pdf" });
    expect(Buffer.from(made.file).includes("/DeviceRGB")).toBe(true);
  });
});

describe("pages", () => {
  const MM = 72 / 25.4;
  test.each([
    [{ pageSize: "a4" }, 595.28, 841.89],
    [{ pageSize: "a4", pageOrientation: "landscape" }, 841.89, 595.28],
    [{ pageSize: "letter" }, 612, 792],
    [{ pageMargin: 10 }, 150 + 20 * MM, 300 + 20 * MM],
    [{ dpi: 72 }, 200, 400],
    [{}, 150, 300],
  ] as const)("%j", async (options, width, height) => {
    const png = await draw(200, 400).png().toBuffer();
    const { file } = await lab.convert(png, { format: "pdf", ...options });
    const [page] = (await readByPdfjs(file)).pages;
    expect(page?.width).toBeCloseTo(width, 1);
    expect(page?.height).toBeCloseTo(height, 1);
  });

  test("of paper lie across for wide pictures, which are centred between margins", async () => {
    const png = await sharp({ create: { width: 300, height: 100, channels: 3, background: "red" } }).png().toBuffer(); // prettier-ignore
    const { file } = await lab.convert(png, { format: "pdf", pageSize: "a5", pageMargin: 20, lossless: true }); // prettier-ignore
    const { width, height, data } = await drawByPdfjs(file, { dpi: 72 });
    expect([width, height]).toEqual([595, 420]);
    const isRed = (x: number, y: number) => data[(y * width + x) * 4 + 1] === 0;
    const left = Math.ceil(20 * MM);
    expect([isRed(left - 3, 210), isRed(left + 2, 210), isRed(595 - left - 3, 210), isRed(595 - left + 2, 210)]).toEqual([false, true, true, false]); // prettier-ignore
    const half = (595 - 40 * MM) / 6;
    expect([isRed(300, Math.ceil(210 + half) + 2), isRed(300, Math.floor(210 + half) - 3)]).toEqual([false, true]); // prettier-ignore
  });

  test("that we wrote we read", async () => {
    const png = await draw(200, 120).png().toBuffer();
    const { file } = await lab.convert(png, { format: "pdf", lossless: true });
    const drawn = await lab.decode(file, { context: { dpi: 96 } });
    expect(drawn).toMatchObject({ width: 200, height: 120 });
    expect(psnr(drawn.data, await rgbOnWhite(png))).toBeGreaterThan(45);
  });
});
