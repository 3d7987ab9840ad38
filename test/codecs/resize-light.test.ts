/** Resampling in linear light, judged by sharp's 16-bit resampler on linearised pixels. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const toLinear = (v: number) => (v <= 0.040_45 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const fromLinear = (v: number) => (v <= 0.003_130_8 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

/** Dark and bright waves with hard edges; alpha in blobs. */
function draw(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (x >> 3) % 2 === (y >> 4) % 3 ? 90 : 0;
      const pixel = [
        20 + edge + 20 * Math.sin(x / 7),
        (255 * x) / width,
        130 + 120 * Math.cos(y / 5 + x / 9),
        Math.min(255, Math.max(0, 128 + 200 * Math.sin(x / 23 + y / 31))),
      ];
      for (let c = 0; c < channels; c++) data[i++] = pixel[c] ?? 0;
    }
  }
  return { width, height, channels, data };
}

async function judge(pixels: Pixels, width: number, height: number): Promise<Pixels> {
  const { channels, data } = pixels;
  const isAlpha = (i: number) => channels === 4 && i % 4 === 3;
  const light = Uint16Array.from(data, (value, i) =>
    Math.round(65_535 * (isAlpha(i) ? value / 255 : toLinear(value / 255))),
  );
  const resized = await sharp(light, { raw: pixels })
    .toColourspace(channels === 1 ? "grey16" : "rgb16")
    .resize(width, height, { fit: "fill", kernel: "lanczos3" })
    .raw({ depth: "ushort" })
    .toBuffer();
  const words = new Uint16Array(resized.buffer, resized.byteOffset, resized.length / 2);
  const values = Uint8Array.from(words, (value, i) =>
    Math.round(255 * (isAlpha(i) ? value / 65_535 : fromLinear(value / 65_535))),
  );
  return { width, height, channels, data: values };
}

/** Straight RGBA → what a viewer sees on black and how opaque it is. */
function premultiply({ channels, data }: Pixels): Uint8Array {
  if (channels !== 4) return data;
  return data.map((value, i) => (i % 4 === 3 ? value : (value * (data[i | 3] ?? 0)) / 255));
}

describe("agrees with a resampler of linear values", () => {
  for (const channels of [1, 3, 4] as const) {
    it.for([
      [517, 391, 400, 300],
      [517, 391, 217, 131],
      [800, 600, 133, 100],
    ])(`${channels} channels, %i×%i to %i×%i`, async ([w = 0, h = 0, width = 0, height = 0]) => {
      const pixels = draw(w, h, channels);
      const full = { width, height };
      const ours = await lab.resample(pixels, { full }, 16, true);
      const theirs = await judge(pixels, width, height);
      const plain = await lab.resample(pixels, { full });
      const agreement = psnr(premultiply(ours), premultiply(theirs));
      expect(agreement).toBeGreaterThan(40);
      // What is judged is the light, not the filter alone.
      expect(psnr(premultiply(plain), premultiply(theirs))).toBeLessThan(agreement - 6);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    });
  }
});

it.for([1, 3, 4] as const)("%i channels: every flat colour stays what it is", async (channels) => {
  for (let value = 0; value < 256; value += 5) {
    const color = [value, 255 - value, value >> 1, 255].slice(0, channels);
    const data = Uint8Array.from(
      { length: 30 * 20 * channels },
      (_, i) => color[i % channels] ?? 0,
    );
    for (const [width, height] of [
      [17, 33],
      [7, 4],
    ] as const) {
      const pixels = { width: 30, height: 20, channels, data };
      const ours = await lab.resample(pixels, { full: { width, height } }, 16, true);
      expect([...new Set(ours.data.map((v, i) => v - (color[i % channels] ?? 0)))]).toEqual([0]);
    }
  }
});

it.for([1, 7, 1000])("strips of %i rows give the same", async (stripRows) => {
  for (const channels of [1, 3, 4] as const) {
    for (const full of [
      { width: 70, height: 50 },
      { width: 20, height: 11 },
      { width: 150, height: 160 },
    ]) {
      const pixels = draw(143, 101, channels);
      const one = await lab.resample(pixels, { full }, 16, true);
      const other = await lab.resample(pixels, { full }, stripRows, true);
      expect(psnr(one.data, other.data)).toBe(Infinity);
    }
  }
});

describe("a conversion", () => {
  /** Black and white pixels in turn, and how bright they are when shrunk. */
  async function shrink(options: { linearLight: boolean }, format: "png" | "jpg") {
    const data = Uint8Array.from({ length: 256 * 256 }, (_, i) => ((i ^ (i >> 8)) & 1) * 255);
    const image = sharp(data, { raw: { width: 256, height: 256, channels: 1 } });
    const file = await (format === "png" ? image.png() : image.jpeg({ quality: 100 })).toBuffer();
    const { file: png } = await lab.convert(file, { format: "png", width: 32, ...options });
    const { channels } = await sharp(png).stats();
    return channels[0]?.mean;
  }

  it.for(["png", "jpg"] as const)("keeps half the light of half the pixels: %s", async (format) => {
    expect(await shrink({ linearLight: true }, format)).toBeCloseTo(188, 0);
    expect(await shrink({ linearLight: false }, format)).toBeCloseTo(128, 0);
  });
});
