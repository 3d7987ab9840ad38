/** Resampling at the edges of what is allowed, judged by floating point. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  fillTaps,
  maxTaps,
  WEIGHT_ONE,
  type Axis,
  type FilterName,
} from "../../src/kernels/filters.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";

const FILTERS = ["lanczos3", "mitchell", "catmull-rom", "bilinear", "box", "nearest"] as const;
const CHANNELS = [1, 3, 4] as const;
const LONGEST = 16_384;

type Size = readonly [width: number, height: number];

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const toLight = (v: number) => (v <= 0.040_45 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const fromLight = (v: number) => (v <= 0.003_130_8 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
const clamp = (v: number, most: number) => Math.min(Math.max(v, 0), most);

/** Nothing but the ends of the scale, which makes the filters' lobes overshoot most; and seldom others. */
function drawNoise(width: number, height: number, channels: 1 | 3 | 4, seed: number): Pixels {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state % 5 === 0 ? state >> 8 : (state >> 12) & 1 ? 255 : 0;
  });
  return { width, height, channels, data };
}

/** One axis of a picture of numbers: whole pixels averaged first where ours are, then the filter. */
function resampleAxis(
  values: Float64Array,
  [lines, size, step]: readonly [lines: number, size: number, step: number],
  count: number,
  filter: FilterName,
): Float64Array {
  const ratio = size / count;
  const cell = filter === "nearest" ? 1 : Math.max(1, Math.floor(ratio / 2));
  const cells = Math.ceil(size / cell);
  const axis: Axis = { size: cells, ratio: ratio / cell, first: 0, count, filter };
  const averaged = new Float64Array(cells);
  const weights = new Float64Array(maxTaps(axis));
  const result = new Float64Array(lines * count * step);
  const windows = Array.from({ length: count }, (_, i) => {
    const { start, taps } = fillTaps(axis, i, weights);
    return { start, weights: weights.slice(0, taps) };
  });
  for (let line = 0; line < lines; line++) {
    for (let c = 0; c < step; c++) {
      for (let i = 0; i < cells; i++) {
        const end = Math.min((i + 1) * cell, size);
        let sum = 0;
        for (let at = i * cell; at < end; at++) sum += values[(line * size + at) * step + c]!;
        averaged[i] = sum / (end - i * cell);
      }
      windows.forEach((window, i) => {
        let sum = 0;
        window.weights.forEach((w, tap) => (sum += w * averaged[window.start + tap]!));
        result[(line * count + i) * step + c] = sum / WEIGHT_ONE;
      });
    }
  }
  return result;
}

/** Rows become columns; `step` numbers a pixel. */
function transpose(values: Float64Array, width: number, height: number, step: number) {
  return Float64Array.from(values, (_, i) => {
    const pixel = Math.floor(i / step);
    const [x, y] = [Math.floor(pixel / height), pixel % height];
    return values[(y * width + x) * step + (i % step)]!;
  });
}

/** Straight values before they are rounded, and how opaque they are. */
function resampleExactly(
  pixels: Pixels,
  [width, height]: Size,
  filter: FilterName,
  light: boolean,
) {
  const { channels: step, data } = pixels;
  const isAlpha = (i: number) => step === 4 && i % 4 === 3;
  const linear = Float64Array.from(data, (v, i) => {
    if (isAlpha(i)) return v;
    const opacity = step === 4 ? data[i | 3]! / 255 : 1;
    return opacity * (light ? 255 * toLight(v / 255) : v);
  });
  const turned = transpose(linear, pixels.width, pixels.height, step);
  const short = resampleAxis(turned, [pixels.width, pixels.height, step], height, filter);
  const rows = transpose(short, height, pixels.width, step);
  const small = resampleAxis(rows, [height, pixels.width, step], width, filter);
  return small.map((v, i) => {
    if (isAlpha(i)) return clamp(v, 255);
    const alpha = step === 4 ? clamp(small[i | 3]!, 255) : 255;
    const straight = alpha < 0.5 ? 0 : clamp((v * 255) / alpha, 255);
    return light ? 255 * fromLight(straight / 255) : straight;
  });
}

/**
 * The largest difference in steps. Where a pixel is nearly transparent its colour is a quotient of
 * small numbers, so that a difference counts by how much of it is seen. Resampled in light, it is a
 * step of the file or of light, whichever is less: dark bytes are much closer to each other than the
 * values between the passes.
 */
function worstDifference(ours: Pixels, exact: Float64Array, light: boolean): number {
  const { channels, data } = ours;
  return data.reduce((most, a, i) => {
    const b = exact[i]!;
    const isAlpha = channels === 4 && i % 4 === 3;
    const seen = channels === 4 && !isAlpha ? exact[i | 3]! / 255 : 1;
    const byLight = 255 * Math.abs(toLight(a / 255) - toLight(b / 255));
    const difference = Math.min(Math.abs(a - b), light && !isAlpha ? byLight : 255);
    return Math.max(most, difference * seen);
  }, 0);
}

const SHAPES: readonly (readonly [Size, Size])[] = [
  [
    [1, 1],
    [5, 3],
  ],
  [
    [1, 40],
    [3, 17],
  ],
  [
    [40, 1],
    [17, 3],
  ],
  [
    [61, 47],
    [61, 47],
  ],
  [
    [61, 47],
    [60, 46],
  ],
  [
    [61, 47],
    [24, 19],
  ],
  [
    [61, 47],
    [7, 90],
  ],
  [
    [61, 47],
    [150, 5],
  ],
  [
    [61, 47],
    [1, 1],
  ],
  [
    [200, 131],
    [39, 26],
  ],
  [
    [3, 2],
    [64, 65],
  ],
];

describe.for(FILTERS)("%s", (filter) => {
  it.for(CHANNELS)("%i channels of noise are within a step of floating point", async (channels) => {
    for (const [[w, h], full] of SHAPES) {
      for (const light of [false, true]) {
        const pixels = drawNoise(w, h, channels, w * 1000 + h);
        const size = { width: full[0], height: full[1] };
        const ours = await lab.resample(pixels, { full: size, filter }, 16, light);
        const exact = resampleExactly(pixels, full, filter, light);
        const name = `${w}×${h} to ${full.join("×")}${light ? " in light" : ""}`;
        expect(worstDifference(ours, exact, light), name).toBeLessThanOrEqual(1);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
      }
    }
  });
});

const LONG: readonly (readonly [Size, Size])[] = [
  [
    [LONGEST, 3],
    [1, 1],
  ],
  [
    [3, LONGEST],
    [1, 1],
  ],
  [
    [1, 1],
    [LONGEST, 2],
  ],
  [
    [1, 1],
    [2, LONGEST],
  ],
  [
    [LONGEST, 2],
    [1, 5],
  ],
  [
    [2, LONGEST],
    [5, 1],
  ],
  [
    [LONGEST, 2],
    [LONGEST - 1, 3],
  ],
  [
    [2, LONGEST],
    [3, LONGEST - 1],
  ],
  [
    [LONGEST, 4],
    [4096, 1],
  ],
];

describe.for(CHANNELS)("sides of 16384 with %i channels", (channels) => {
  it.for(FILTERS)("%s keeps a flat colour", async (filter) => {
    for (const color of [
      [255, 255, 255, 255],
      [1, 77, 254, 130],
    ]) {
      for (const [[w, h], [width, height]] of LONG) {
        const data = Uint8Array.from({ length: w * h * channels }, (_, i) => color[i % channels]!);
        for (const light of [false, true]) {
          const pixels: Pixels = { width: w, height: h, channels, data };
          const ours = await lab.resample(pixels, { full: { width, height }, filter }, 16, light);
          const worst = ours.data.reduce(
            (most, v, i) => Math.max(most, Math.abs(v - color[i % channels]!)),
            0,
          );
          const name = `${color.join()} ${w}×${h} to ${width}×${height}${light ? " in light" : ""}`;
          // A colour that is multiplied by alpha and divided again may be a step off.
          expect(worst, name).toBeLessThanOrEqual(channels === 4 && color[3] !== 255 ? 1 : 0);
          expect(ours.rows).toBe(height);
          expect(ours.used).toBeLessThanOrEqual(ours.planned);
        }
      }
    }
  });
});

it("noise over 16384 pixels is within a step of floating point", async () => {
  for (const channels of CHANNELS) {
    for (const [[w, h], full] of LONG) {
      const pixels = drawNoise(w, h, channels, 7);
      const size = { width: full[0], height: full[1] };
      const ours = await lab.resample(pixels, { full: size, filter: "lanczos3" });
      const exact = resampleExactly(pixels, full, "lanczos3", false);
      const name = `${channels} channels, ${w}×${h} to ${full.join("×")}`;
      expect(worstDifference(ours, exact, false), name).toBeLessThanOrEqual(1);
    }
  }
});
