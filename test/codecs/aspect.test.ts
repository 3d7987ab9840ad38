/** Ratios through the whole pipeline, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ASPECT_MODES, GRAVITIES, type Gravity } from "../../src/pipeline/options.ts";
import { startLab, type Lab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const WIDTH = 301;
const HEIGHT = 203;

/** A picture that no turn or flip maps to itself. */
function draw() {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      data[i++] = (255 * x) / WIDTH;
      data[i++] = (255 * y) / HEIGHT;
      data[i++] = 128 + 100 * Math.sin(x / 9 + y / 13);
    }
  }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

const pixelsOf = (file: Uint8Array) => sharp(file).raw().toBuffer({ resolveWithObject: true });

const BACKGROUND = { r: 0, g: 40, b: 90, alpha: 1 };

/** sharp's `cover` and `contain` at a size that needs no resizing are a crop and a frame. */
const REFERENCE = { crop: "cover", pad: "contain" } as const;

function frameSize(mode: "crop" | "pad", [w, h]: readonly [number, number], size: number[]) {
  const [width = 0, height = 0] = size;
  return width / height > w / h === (mode === "crop")
    ? { width: Math.round((height * w) / h), height }
    : { width, height: Math.round((width * h) / w) };
}

async function framed(
  upright: Buffer,
  mode: "crop" | "pad",
  ratio: readonly [number, number],
  gravity: Gravity,
): Promise<Buffer> {
  const { width, height } = await sharp(upright).metadata();
  const size = frameSize(mode, ratio, [width, height]);
  return await sharp(upright)
    .resize({ ...size, fit: REFERENCE[mode], position: gravity, background: BACKGROUND })
    .png()
    .toBuffer();
}

describe("another ratio alone changes no pixel that it keeps", () => {
  for (const mode of ASPECT_MODES) {
    for (const gravity of GRAVITIES) {
      it.for([
        [16, 9],
        [1, 1],
        [9, 16],
        [21, 9],
      ] as const)(`${mode}, ${gravity}, %i:%i`, async (ratio) => {
        const file = await draw().png().toBuffer();
        const aspect = { width: ratio[0], height: ratio[1], mode };
        const ours = await lab.convert(file, {
          ...{ format: "png", aspect, gravity },
          background: BACKGROUND,
        });
        const theirs = await pixelsOf(await framed(file, mode, ratio, gravity));
        const { data, info } = await pixelsOf(ours.file);
        expect([info.width, info.height]).toEqual([theirs.info.width, theirs.info.height]);
        expect(psnr(data, theirs.data)).toBe(Infinity);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
      });
    }
  }
});

describe("width and height are met by what has the ratio", () => {
  for (const mode of ASPECT_MODES) {
    it.for([
      [160, null, "inside", [160, 100]],
      [null, 100, "inside", [160, 100]],
      [120, 120, "fill", [120, 120]],
      [120, 120, "inside", [120, 75]],
      [500, null, "inside", [500, 313]],
    ] as const)(`${mode}, %o × %o, %s`, async ([width, height, fit, expected]) => {
      const file = await draw().png().toBuffer();
      const ours = await lab.convert(file, {
        ...{ format: "png", width, height, fit, background: BACKGROUND, kernel: "catmull-rom" },
        aspect: { width: 16, height: 10, mode },
      });
      const theirs = await sharp(await framed(file, mode, [16, 10], "center"))
        .resize({ width: expected[0], height: expected[1], fit: "fill", kernel: "cubic" })
        .raw()
        .toBuffer();
      const { data, info } = await pixelsOf(ours.file);
      expect([info.width, info.height]).toEqual(expected);
      // The margin's edge falls between pixels in theirs, on one in ours.
      expect(psnr(data, theirs)).toBeGreaterThan(mode === "pad" ? 24 : 32);
    });
  }
});

describe("the ratio is that of the upright picture", () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    for (const mode of ASPECT_MODES) {
      it(`orientation ${orientation}, ${mode}`, async () => {
        const file = await draw().withMetadata({ orientation }).png().toBuffer();
        const upright = await sharp(file).rotate().png().toBuffer();
        for (const gravity of ["center", "northwest", "southeast"] as const) {
          const ours = await lab.convert(file, {
            ...{ format: "png", gravity, background: BACKGROUND },
            aspect: { width: 16, height: 10, mode },
          });
          const theirs = await pixelsOf(await framed(upright, mode, [16, 10], gravity));
          const { data, info } = await pixelsOf(ours.file);
          expect([info.width, info.height]).toEqual([theirs.info.width, theirs.info.height]);
          expect(psnr(data, theirs.data)).toBe(Infinity);
        }
        const { source } = await lab.convert(file, { format: "jpg" });
        expect(source).toEqual({ format: "png", width: WIDTH, height: HEIGHT });
      });
    }
  }
});

it("a JPEG is reduced while decoding where its crop is shrunk, too", async () => {
  const file = await draw().jpeg({ quality: 95 }).toBuffer();
  const aspect = { width: 1, height: 1, mode: "crop" } as const;
  const ours = await lab.convert(file, { format: "png", aspect, width: 50 });
  const whole = await sharp(file).png().toBuffer();
  const theirs = await sharp(whole).resize({ width: 50, height: 50 }).raw().toBuffer();
  expect(psnr((await pixelsOf(ours.file)).data, theirs)).toBeGreaterThan(36);
});

describe("the format that is left to the input", () => {
  it.for([
    ["jpeg", 3, "jpg"],
    ["png", 3, "png"],
    ["png", 4, "png"],
    ["webp", 3, "webp"],
    ["webp", 4, "webp"],
  ] as const)("is its own: %s with %i channels", async ([input, channels, expected]) => {
    const picture = channels === 4 ? draw().ensureAlpha(0.5) : draw();
    const file = await picture.toFormat(input).toBuffer();
    const ours = await lab.convert(file, { format: "auto", width: 60 });
    expect(ours.format).toBe(expected);
    expect((await sharp(ours.file).metadata()).format).toBe(input);
  });
});
