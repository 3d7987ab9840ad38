/** EPS: what is written is taken apart again, and previews are read. */
import sharp from "sharp";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { writeDosEps } from "../support/eps-writer.ts";
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
