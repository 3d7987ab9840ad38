/** EPS: what is written is taken apart again, and previews are read. */
import sharp from "sharp";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { writeDosEps, writeEpsi } from "../support/eps-writer.ts";
import { takeEpsApart } from "../support/eps-reader.ts";
import { type Lab, LabError, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const drawPng = (width: number, height: number) =>
  sharp(Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / 3 / width) + i % 90), { raw: { width, height, channels: 3 } }).png().toBuffer(); // prettier-ignore

function takeApart(file: Uint8Array) {
  const { tail, ...parts } = takeEpsApart(file);
  expect(tail).toBe("~>\ngrestore\nshowpage\n%%EOF\n");
  return parts;
}

test("a picture is a JPEG in an EPS of its size", async () => {
  for (const [width, height] of [
    [128, 96],
    [33, 17],
  ] as const) {
    // prettier-ignore
    const png = await drawPng(width, height);
    const made = await lab.convert(png, { format: "eps", quality: 95 });
    const { head, data } = takeApart(made.file);
    expect(head).toContain(
      `%%BoundingBox: 0 0 ${Math.ceil(width * 0.75)} ${Math.ceil(height * 0.75)}\n`,
    );
    expect(head.startsWith("%!PS-Adobe-3.0 EPSF-3.0\n")).toBe(true);
    expect(psnr(await sharp(data).raw().toBuffer(), await sharp(png).raw().toBuffer())).toBeGreaterThan(33); // prettier-ignore
    expect(made.used).toBeLessThanOrEqual(made.planned);
  }
});

test("colours of another profile become sRGB", async () => {
  const create = { width: 32, height: 32, channels: 3, background: "#c85040" } as const;
  const srgb = await sharp({ create }).png().toBuffer();
  const p3 = await sharp(srgb).withIccProfile("p3").png().toBuffer();
  const stored = await sharp(p3, { ignoreIcc: true }).removeAlpha().raw().toBuffer();
  const made = await lab.convert(p3, { format: "eps", quality: 100 });
  const shown = await sharp(takeApart(made.file).data).raw().toBuffer();
  const wanted = await sharp(srgb).removeAlpha().raw().toBuffer();
  expect(psnr(shown, wanted)).toBeGreaterThan(40);
  expect(psnr(stored, wanted)).toBeLessThan(30);
  expect(made.used).toBeLessThanOrEqual(made.planned);
});

test("lossless, the rows are there behind their filters", async () => {
  const png = await drawPng(50, 40);
  const { head, data } = takeApart(
    (await lab.convert(png, { format: "eps", lossless: true })).file,
  );
  expect(head).toContain("/FlateDecode");
  expect(inflateSync(data).length).toBe((50 * 3 + 1) * 40);
});

test("a TIFF preview is read, and the answer says so", async () => {
  const tiff = await sharp(await drawPng(60, 40))
    .tiff({ compression: "lzw" })
    .toBuffer();
  const file = writeDosEps("%!PS-Adobe-3.0 EPSF-3.0\nshowpage\n", tiff);
  const made = await lab.convert(file, { format: "png" });
  expect(made).toMatchObject({ width: 60, height: 40, source: { format: "eps" } });
  expect(made.warnings.map(({ code }) => code)).toContain("preview_used");
  expect(await sharp(made.file).removeAlpha().raw().toBuffer()).toEqual(await sharp(tiff).raw().toBuffer()); // prettier-ignore
});

describe("previews in comments", () => {
  /** Pixels as they are stored, and what they look like: 0 is white. */
  function drawGray(width: number, height: number, bits: number) {
    const levels = 2 ** bits;
    const rowBytes = Math.ceil((width * bits) / 8);
    const stored = Buffer.alloc(rowBytes * height);
    const shown = Buffer.alloc(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const level = (x * 7 + y * 3 + ((x * y) >> 2)) % levels;
        const at = y * rowBytes + Math.floor((x * bits) / 8);
        stored[at] = (stored[at] ?? 0) | (level << (8 - bits - ((x * bits) % 8)));
        shown[y * width + x] = 255 - (level * 255) / (levels - 1);
      }
    }
    return { stored, shown };
  }

  test.each([1, 2, 4, 8])("of %i bits are exact", async (bits) => {
    for (const [width, height] of [
      [61, 43],
      [8, 16],
      [1, 1],
      [700, 130],
    ] as const) {
      const { stored, shown } = drawGray(width, height, bits);
      const file = writeEpsi({ width, height, bits }, stored);
      for (const bytes of [file, writeDosEps(file.toString("latin1"), Buffer.alloc(0))]) {
        const drawn = await lab.decode(bytes);
        expect(drawn).toMatchObject({ width, height, channels: 1 });
        expect(Buffer.from(drawn.data).equals(shown)).toBe(true);
        expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
      }
    }
  });

  test("say that they are no more than that", async () => {
    const file = writeEpsi({ width: 20, height: 10, bits: 8 }, drawGray(20, 10, 8).stored);
    const made = await lab.convert(file, { format: "png" });
    expect(made).toMatchObject({ width: 20, height: 10, source: { format: "eps" } });
    expect(made.warnings.map(({ code }) => code)).toContain("preview_used");
  });

  test.each([
    ["cut off", (file: string) => file.slice(0, 3000), "truncated_image"],
    ["too short", (file: string) => file.replace(/%[0-9a-f]{254}\n/, "").replace("EOF", "EOF ".repeat(99)), "truncated_image"], // prettier-ignore
    ["of 3 bits", (file: string) => file.replace("60 50 8", "60 50 3"), "unsupported_feature"],
    ["of no pixels", (file: string) => file.replace("60 50 8", "0 0 8"), "invalid_image"],
    ["of too many", (file: string) => file.replace("60 50 8", "99999 99999 8"), "truncated_image"],
    ["without numbers", (file: string) => file.replace("60 50 8", "a b c"), "unsupported_feature"],
  ])("%s are refused", async (_name, change, code) => {
    const file = writeEpsi({ width: 60, height: 50, bits: 8 }, drawGray(60, 50, 8).stored);
    const work = lab.convert(Buffer.from(change(file.toString("latin1"))), { format: "png" });
    await expect(work).rejects.toMatchObject({ code });
  });
});

test("an Illustrator file that is no PDF is refused, and the message says how to save it", async () => {
  const head = "%!PS-Adobe-3.0 \n%%Creator: Adobe Illustrator(R) 8.0\n%%For: (somebody)\n%%EOF\n";
  const refusal = lab.convert(Buffer.from(head), { format: "png" });
  await expect(refusal).rejects.toMatchObject({ code: "unsupported_feature" });
  await expect(refusal).rejects.toThrow(/PDF Compatible/);
});

test.skipIf(!hasCorpus)(
  "a program without a preview is refused, and the message says why",
  async () => {
    const [file] = readCorpus("eps");
    const refusal = await lab.convert(file?.bytes ?? Buffer.of(), { format: "png" }).catch((error: unknown) => error); // prettier-ignore
    expect(refusal).toBeInstanceOf(LabError);
    expect(refusal).toMatchObject({ code: "unsupported_feature" });
    expect(String(refusal)).toContain("PostScript program");
  },
);
