/** QOI both ways, judged by ImageMagick. */
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

test("what is written comes back as it was, within the plan", async () => {
  for (const channels of [3, 4] as const) {
    for (const [width, height] of PLAIN_SIZES) {
      const pixels = drawPlain(width, height, channels);
      const { file, used, planned } = await lab.encode("qoi", pixels);
      expect(used).toBeLessThanOrEqual(planned);
      expect(await differFromMagick(pixels, file)).toBe(0);
      expect((await lab.decode(file)).data).toEqual(pixels.data);
    }
  }
});

test("what ImageMagick writes is read, within the plan", async () => {
  for (const channels of [3, 4] as const) {
    for (const [width, height] of PLAIN_SIZES) {
      const pixels = drawPlain(width, height, channels);
      const got = await lab.decode(await writeByMagick(pixels, MagickFormat.Qoi));
      expect(got.data).toEqual(pixels.data);
      expect(got.used).toBeLessThanOrEqual(got.planned);
    }
  }
});

test("cut off anywhere: truncated_image", async () => {
  const { file } = await lab.encode("qoi", drawPlain(131, 40, 4));
  for (let tenth = 1; tenth < 10; tenth++) {
    const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
    expect(await codeOf(lab.decode(cut))).toBe("truncated_image");
  }
});

test("impossible heads: invalid_image; sizes beyond the limit: too_many_pixels", async () => {
  const { file } = await lab.encode("qoi", drawPlain(8, 8, 3));
  const change = (at: number, ...bytes: number[]) => {
    const changed = Uint8Array.from(file);
    changed.set(bytes, at);
    return changed;
  };
  expect(await codeOf(lab.decode(change(4, 0, 0, 0, 0)))).toBe("invalid_image");
  expect(await codeOf(lab.decode(change(12, 2)))).toBe("invalid_image");
  const giant = change(4, 0, 1, 0, 0, 0, 1, 0, 0);
  expect(await codeOf(lab.convert(giant, { format: "png" }))).toBe("too_many_pixels");
});
