/** Radiance's pictures, judged by ImageMagick. */
import { MagickFormat } from "@imagemagick/magick-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { writeByMagick } from "../support/magick.ts";
import { differFromMagick, drawPlain, PLAIN_SIZES } from "../support/plain-pictures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

test("light becomes sRGB as in ImageMagick, whatever the width, with a warning", async () => {
  for (const [width, height] of PLAIN_SIZES) {
    const file = await writeByMagick(drawPlain(width, height, 3), MagickFormat.Hdr);
    const got = await lab.decode(file);
    expect(await differFromMagick(got, file)).toBeLessThanOrEqual(1);
    expect(got.used).toBeLessThanOrEqual(got.planned);
    expect((await lab.open(file)).warnings.map(({ code }) => code)).toEqual(["reduced_to_8_bit"]);
  }
});

const write = (head: string, pixels: number[]) =>
  Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(pixels)]);
const HEAD = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n";

test("light of 1 is white, what is brighter too, and repeated pixels are those before", async () => {
  const pixels = [128, 64, 0, 129, 1, 1, 1, 2, 255, 255, 255, 140];
  const { data } = await lab.decode(write(`${HEAD}-Y 1 +X 4\n`, pixels));
  expect([...data]).toEqual([255, 188, 0, 255, 188, 0, 255, 188, 0, 255, 255, 255]);
});

test("cut off anywhere: truncated_image", async () => {
  const file = await writeByMagick(drawPlain(131, 40, 3), MagickFormat.Hdr);
  for (let tenth = 1; tenth < 10; tenth++) {
    const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
    expect(await codeOf(lab.decode(cut))).toBe("truncated_image");
  }
});

test.for([
  ["0 wide", "invalid_image", write(`${HEAD}-Y 1 +X 0\n`, [])],
  ["a repeat of nothing", "invalid_image", write(`${HEAD}-Y 1 +X 4\n`, [1, 1, 1, 4])],
  ["a row of another length", "invalid_image", write(`${HEAD}-Y 1 +X 9\n`, [2, 2, 0, 10])],
  ["a run past its row", "invalid_image", write(`${HEAD}-Y 1 +X 8\n`, [2, 2, 0, 8, 200, 1])],
  ["turned", "unsupported_feature", write(`${HEAD}+X 4 -Y 1\n`, [])],
  ["XYZ", "unsupported_feature", write("#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 4\n", [])],
] as const)("%s: %s", async ([, code, file]) => {
  expect(await codeOf(lab.decode(file))).toBe(code);
});
