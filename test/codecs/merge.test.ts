/** Files of several pages, made of several files, as independent readers see them. */
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, LabError, startLab } from "../support/lab-client.ts";
import { drawByPdfjs, readByPdfjs } from "../support/pdfjs.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Gradients that end in a colour of their own. */
function draw(width: number, height: number, channels: 1 | 3 | 4, blue: number) {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const all = [(x * 255) / width, (y * 255) / height, blue, y < height / 2 ? 255 : 90];
      for (let k = 0; k < channels; k++) data[o++] = Math.round(all[k] ?? 0);
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

const rgbOnWhite = async (input: Sharp) =>
  new Uint8Array(await input.rotate().flatten({ background: "white" }).removeAlpha().toColourspace("srgb").raw().toBuffer()); // prettier-ignore

const withoutAlpha = (data: Uint8Array) => data.filter((_, i) => i % 4 !== 3);

/** Pictures of different sizes, channels and formats. */
async function drawThree() {
  return [
    await draw(320, 200, 3, 40).jpeg({ quality: 92 }).withMetadata({ orientation: 6 }).toBuffer(),
    await draw(151, 97, 4, 200).png().toBuffer(),
    await draw(90, 240, 1, 0).toColourspace("b-w").webp({ lossless: true }).toBuffer(),
  ];
}
const SIZES = [
  [200, 320],
  [151, 97],
  [90, 240],
] as const;

/** @returns the code that it fails with */
const failure = (made: Promise<unknown>): Promise<string> =>
  made.then(
    () => "none",
    (error: unknown) => (error instanceof LabError ? error.code : String(error)),
  );

describe("pictures become the pages of a PDF", () => {
  test.each([true, false])("in their order and sizes, lossless: %s", async (lossless) => {
    const files = await drawThree();
    const made = await lab.merge(files, { format: "pdf", lossless, quality: 92 });
    expect(made).toMatchObject({ format: "pdf", width: 200, height: 320, warnings: [] });
    expect(made.used).toBeLessThanOrEqual(made.planned);
    const { pages } = await readByPdfjs(made.file);
    expect(pages).toHaveLength(3);
    for (const [index, file] of files.entries()) {
      const { width, height, data } = await drawByPdfjs(made.file, { page: index + 1, dpi: 96 });
      expect([width, height]).toEqual(SIZES[index]);
      expect(psnr(withoutAlpha(data), await rgbOnWhite(sharp(file)))).toBeGreaterThan(34);
    }
  });

  test("with JPEGs that are not to change passed through", async () => {
    const [jpeg, png] = [await draw(320, 200, 3, 40).jpeg().toBuffer(), (await drawThree())[1]];
    const made = await lab.merge([png as Buffer, jpeg, jpeg], { format: "pdf", quality: 10 });
    const file = Buffer.from(made.file);
    const first = file.indexOf(jpeg);
    expect([first > 0, file.indexOf(jpeg, first + 1) > first]).toEqual([true, true]);
    expect((await readByPdfjs(file)).pages).toHaveLength(3);
  });

  test("each on the paper that is asked for", async () => {
    const options = { format: "pdf", pageSize: "a4", width: 100 } as const;
    const { pages } = await readByPdfjs((await lab.merge(await drawThree(), options)).file);
    const isPortrait = pages.map(({ width, height }) => width < height);
    expect(isPortrait).toEqual([true, false, true]);
  });
});

describe("pictures become the pages of a TIFF", () => {
  test("that shows them without loss", async () => {
    const files = await drawThree();
    const made = await lab.merge(files, { format: "tiff" });
    expect(made.used).toBeLessThanOrEqual(made.planned);
    expect((await sharp(made.file).metadata()).pages).toBe(3);
    for (const [page, file] of files.entries()) {
      const shown = await sharp(made.file, { page }).raw().toBuffer({ resolveWithObject: true });
      const wanted = await sharp(file).rotate().raw().toBuffer({ resolveWithObject: true });
      expect([shown.info.width, shown.info.height]).toEqual(SIZES[page]);
      const seen = await lab.decode(made.file, { page });
      expect(Buffer.from(seen.data).equals(shown.data)).toBe(true);
      // Decoders of JPEG differ by a little.
      if (page === 1) expect(shown.data.equals(wanted.data)).toBe(true);
      expect(psnr(await rgbOnWhite(sharp(made.file, { page })), await rgbOnWhite(sharp(file)))).toBeGreaterThan(40); // prettier-ignore
    }
  });

  test("of noise, larger than is held compressed, beside a small one", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const create = { width: 4000, height: 3000, channels: 3, background: "red", noise } as const;
    const large = await sharp({ create }).png({ compressionLevel: 1 }).toBuffer();
    const small = await draw(33, 21, 3, 9).png().toBuffer();
    const made = await lab.merge([small, large, small], { format: "tiff" });
    expect(made.used).toBeLessThanOrEqual(made.planned);
    for (const [page, file] of [small, large, small].entries()) {
      const shown = await sharp(made.file, { page }).raw().toBuffer();
      expect(shown.equals(await sharp(file).raw().toBuffer())).toBe(true);
    }
  });
});

describe("pages of files", () => {
  test("go from TIFF to PDF and back, as many as asked for", async () => {
    const files = await drawThree();
    const tiff = (await lab.merge(files, { format: "tiff" })).file;
    const pdf = await lab.merge([tiff, files[1] as Buffer], { format: "pdf", pages: "1", lossless: true }); // prettier-ignore
    expect((await readByPdfjs(pdf.file)).pages).toHaveLength(2);
    const all = await lab.merge([tiff], { format: "pdf", pages: "all", lossless: true });
    expect((await readByPdfjs(all.file)).pages).toHaveLength(3);
    const back = await lab.merge([all.file], { format: "tiff", pages: "2-", dpi: 96 });
    expect((await sharp(back.file).metadata()).pages).toBe(2);
    for (const page of [0, 1]) {
      const wanted = await rgbOnWhite(sharp(files[page + 1]));
      expect(psnr(await rgbOnWhite(sharp(back.file, { page })), wanted)).toBeGreaterThan(44);
    }
  });

  test("are the first where none are asked for, and a warning says of which file", async () => {
    const files = await drawThree();
    const tiff = (await lab.merge(files, { format: "tiff" })).file;
    const made = await lab.merge([files[0] as Buffer, tiff], { format: "pdf" });
    expect((await readByPdfjs(made.file)).pages).toHaveLength(2);
    expect(made.warnings).toMatchObject([{ code: "document_first_page", file: 1 }]);
  });
});

describe("what cannot be merged fails", () => {
  test("with all memory given back", async () => {
    const [jpeg, png] = (await drawThree()) as [Buffer, Buffer];
    const { reserved } = await lab.memory();
    const cut = jpeg.subarray(0, jpeg.length >> 1);
    expect(await failure(lab.merge([png, Buffer.from("no picture")], { format: "pdf" }))).toBe("unsupported_input_format"); // prettier-ignore
    expect(await failure(lab.merge([png, cut], { format: "pdf" }))).toBe("truncated_image"); // prettier-ignore
    expect(await failure(lab.merge([png, png], { format: "tiff", pages: "2" }))).toBe("invalid_parameter"); // prettier-ignore
    expect(await failure(lab.merge([png], { format: "jpg" }))).toBe("invalid_parameter");
    expect((await lab.memory()).reserved).toBe(reserved);
  });

  test("where the pages have too many pixels together", async () => {
    const png = await sharp({ create: { width: 8000, height: 9000, channels: 3, background: "red" } }).png().toBuffer(); // prettier-ignore
    const files = Array.from({ length: 6 }, () => png);
    expect(await failure(lab.merge(files, { format: "pdf" }))).toBe("too_many_pixels");
  });
});
