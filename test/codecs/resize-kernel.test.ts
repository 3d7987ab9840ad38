/** The resampling kernel on raw pixels, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Gradients, edges and texture; alpha in blobs. */
function draw(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = 60 * Math.sin(x / 7) * Math.cos(y / 11);
      const edge = (x >> 5) % 2 === (y >> 5) % 3 ? 50 : 0;
      const pixel = [
        100 + wave + edge,
        (255 * x) / width,
        80 + (120 * y) / height + wave / 2,
        Math.min(255, Math.max(0, 128 + 200 * Math.sin(x / 23 + y / 31))),
      ];
      for (let c = 0; c < channels; c++) data[i++] = pixel[c] ?? 0;
    }
  }
  return { width, height, channels, data };
}

const raw = ({ width, height, channels, data }: Pixels) =>
  sharp(data, { raw: { width, height, channels } });

/** Straight RGBA → what a viewer sees on black and how opaque it is. */
function premultiply({ channels, data }: { channels: number; data: Uint8Array }): Uint8Array {
  if (channels !== 4) return data;
  return data.map((value, i) => (i % 4 === 3 ? value : (value * (data[i | 3] ?? 0)) / 255));
}

async function judge(
  pixels: Pixels,
  width: number,
  height: number,
  kernel: "lanczos3" | "mitchell" | "cubic" | "linear" | "nearest",
): Promise<Pixels> {
  const image = raw(pixels).resize(width, height, { fit: "fill", kernel });
  const bytes = pixels.channels === 1 ? image.toColourspace("b-w") : image;
  return { ...pixels, width, height, data: await bytes.raw().toBuffer() };
}

const KERNELS = [
  ["lanczos3", "lanczos3"],
  ["mitchell", "mitchell"],
  ["catmull-rom", "cubic"],
  ["bilinear", "linear"],
] as const;

describe("shrinking agrees with sharp's kernel of the same name", () => {
  for (const channels of [1, 3, 4] as const) {
    for (const [filter, kernel] of KERNELS) {
      it.for([
        [517, 391, 400, 300],
        [517, 391, 217, 131],
        [800, 600, 133, 100],
        [1001, 77, 50, 70],
      ])(`${channels} channels, ${filter}, %i×%i to %i×%i`, async ([w, h, width, height]) => {
        const pixels = draw(w!, h!, channels);
        const ours = await lab.resample(pixels, {
          full: { width: width!, height: height! },
          filter,
        });
        const theirs = await judge(pixels, width!, height!, kernel);
        expect(ours.rows).toBe(height);
        expect(psnr(premultiply(ours), premultiply(theirs))).toBeGreaterThan(40);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
      });
    }
  }
});

/** Keys' cubic, straight from its definition, in floating point: what "catmull-rom" must give. */
function enlarge({ data, width, height, channels }: Pixels, toWidth: number, toHeight: number) {
  const weigh = (signed: number) => {
    const x = Math.abs(signed);
    if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
    return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
  };
  const clamp = (value: number, last: number) => Math.min(Math.max(value, 0), last);
  const at = (x: number, y: number, c: number) =>
    data[(clamp(y, height - 1) * width + clamp(x, width - 1)) * channels + c] ?? 0;
  const result = new Uint8ClampedArray(toWidth * toHeight * channels);
  for (let y = 0, i = 0; y < toHeight; y++) {
    const centerY = ((y + 0.5) * height) / toHeight - 0.5;
    for (let x = 0; x < toWidth; x++) {
      const centerX = ((x + 0.5) * width) / toWidth - 0.5;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let dy = -1; dy <= 2; dy++) {
          for (let dx = -1; dx <= 2; dx++) {
            const [u, v] = [Math.floor(centerX) + dx, Math.floor(centerY) + dy];
            sum += at(u, v, c) * weigh(u - centerX) * weigh(v - centerY);
          }
        }
        result[i++] = sum;
      }
    }
  }
  return new Uint8Array(result.buffer);
}

describe("enlarging", () => {
  it.for([
    [1, 150, 131],
    [3, 131, 190],
    [3, 100, 300],
    [1, 333, 90],
  ] as const)("is exact to a step of 8 bits: %i channels to %i×%i", async ([channels, w, h]) => {
    const pixels = draw(101, 77, channels);
    const ours = await lab.resample(pixels, {
      full: { width: w, height: h },
      filter: "catmull-rom",
    });
    if (w >= 101 && h >= 77) expect(psnr(ours.data, enlarge(pixels, w, h))).toBeGreaterThan(55);
    expect(ours.rows).toBe(h);
  });

  it("nearest repeats pixels", async () => {
    const pixels = draw(40, 30, 3);
    const full = { width: 120, height: 90 };
    const ours = await lab.resample(pixels, { full, filter: "nearest" });
    const theirs = await judge(pixels, 120, 90, "nearest");
    expect(psnr(ours.data, theirs.data)).toBe(Infinity);
  });
});

describe("shapes", () => {
  it.for([
    [1, 1, 1, 1],
    [1, 1, 50, 60],
    [1, 300, 7, 3],
    [300, 1, 3, 7],
    [2, 3, 1, 1],
    [5000, 3, 1, 2],
    [3, 5000, 2, 1],
    [7, 7, 6, 8],
    [513, 257, 512, 256],
  ])("%i×%i to %i×%i keeps a flat colour flat", async ([w, h, width, height]) => {
    for (const channels of [1, 3, 4] as const) {
      const color = [37, 200, 255, 131].slice(0, channels);
      const data = new Uint8Array(w! * h! * channels).map((_, i) => color[i % channels] ?? 0);
      const pixels = { width: w!, height: h!, channels, data };
      const full = { width: width!, height: height! };
      for (const filter of ["lanczos3", "box", "nearest", "mitchell"] as const) {
        const ours = await lab.resample(pixels, { full, filter });
        expect(ours.rows).toBe(height);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
        const worst = ours.data.reduce(
          (most, value, i) => Math.max(most, Math.abs(value - (color[i % channels] ?? 0))),
          0,
        );
        expect(worst).toBeLessThanOrEqual(channels === 4 ? 1 : 0);
      }
    }
  });

  it.for([1, 2, 3, 15, 16, 17, 100, 1000])("strips of %i rows give the same", async (stripRows) => {
    for (const channels of [1, 3, 4] as const) {
      for (const full of [
        { width: 70, height: 50 },
        { width: 20, height: 11 },
        { width: 150, height: 160 },
      ]) {
        const pixels = draw(143, 101, channels);
        const one = await lab.resample(pixels, { full }, 16);
        const other = await lab.resample(pixels, { full }, stripRows);
        expect(psnr(one.data, other.data)).toBe(Infinity);
      }
    }
  });

  it("a window is that part of the whole", async () => {
    const pixels = draw(300, 200, 3);
    for (const [width, height] of [
      [120, 80],
      [40, 30],
      [450, 260],
    ] as const) {
      const full = { width, height };
      const window = { x: 11, y: 7, width: width - 20, height: height - 20 };
      const whole = await lab.resample(pixels, { full });
      const part = await lab.resample(pixels, { full, window });
      const { left, top, ...size } = { left: window.x, top: window.y, ...window };
      const region = { left, top, width: size.width, height: size.height };
      const expected = await raw(whole).extract(region).raw().toBuffer();
      expect(psnr(part.data, expected)).toBe(Infinity);
    }
  });
});

describe("alpha", () => {
  it("the colour of transparent pixels does not bleed into their neighbours", async () => {
    // Opaque white beside fully transparent black.
    const data = new Uint8Array(64 * 64 * 4).map((_, i) => ((i >> 2) % 64 < 31 ? 255 : 0));
    for (const width of [40, 23, 5, 100]) {
      for (const filter of ["lanczos3", "bilinear", "box"] as const) {
        const full = { width, height: width };
        const ours = await lab.resample(
          { width: 64, height: 64, channels: 4, data },
          { full, filter },
        );
        for (let i = 0; i < ours.data.length; i += 4) {
          if ((ours.data[i + 3] ?? 0) > 8) expect(ours.data[i]).toBeGreaterThan(250);
        }
      }
    }
  });
});
