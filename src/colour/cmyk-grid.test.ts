import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { interpolateInks } from "../../test/support/interpolate-inks.ts";
import { createCmykGrid } from "./cmyk-grid.ts";

type Inks = readonly [number, number, number, number];

/**
 * A profile of one table whose grid has two points an ink: Lab is linear between the corners that
 * `corner` gives. `type` is that of the table.
 */
function buildProfile(
  type: "mft1" | "mft2" | "mAB ",
  corner: (inks: Inks) => readonly [number, number, number],
): Uint8Array {
  const bytes: number[] = [];
  const text = (value: string) => bytes.push(...[...value].map((c) => c.charCodeAt(0)));
  const number = (value: number, width: 1 | 2 | 4) => {
    for (let i = width - 1; i >= 0; i--) bytes.push((value >>> (8 * i)) & 255);
  };
  const width = type === "mft1" ? 1 : 2;
  const full = type === "mft1" ? 255 : 65_535;
  const lab = (inks: Inks) => {
    const [l, a, b] = corner(inks);
    const unit = type === "mft1" ? 255 : type === "mft2" ? 65_280 : 65_535;
    const offset = type === "mft1" ? 1 : 257 / (type === "mft2" ? 257 / 256 : 1);
    for (const value of [(l / 100) * unit, (a + 128) * offset, (b + 128) * offset]) {
      number(Math.round(value), width);
    }
  };
  const grid = () => {
    for (let i = 0; i < 16; i++) lab([i >> 3, (i >> 2) & 1, (i >> 1) & 1, i & 1]);
  };
  const identity = () => {
    const entries = type === "mft1" ? 256 : 2;
    for (let i = 0; i < entries; i++) number(Math.round((i * full) / (entries - 1)), width);
  };

  number(0, 4);
  while (bytes.length < 12) bytes.push(0);
  text("prtrCMYKLab ");
  while (bytes.length < 36) bytes.push(0);
  text("acsp");
  while (bytes.length < 128) bytes.push(0);
  number(1, 4);
  text("A2B0");
  number(144, 4);
  number(0, 4);
  text(type);
  number(0, 4);
  bytes.push(4, 3);
  if (type === "mAB ") {
    number(0, 2);
    // B curves, matrix, M curves, grid, A curves
    for (const offset of [32, 0, 0, 68, 68 + 20 + 96]) number(offset, 4);
    const curves = (count: number) => {
      for (let i = 0; i < count; i++) {
        text("curv");
        number(0, 4);
        number(0, 4);
      }
    };
    curves(3);
    bytes.push(2, 2, 2, 2, ...Array.from({ length: 12 }, () => 0), 2, 0, 0, 0);
    grid();
    curves(4);
  } else {
    bytes.push(2, 0);
    for (const value of [1, 0, 0, 0, 1, 0, 0, 0, 1]) number(value * 65_536, 4);
    if (type === "mft2") number(0x0002_0002, 4);
    for (let i = 0; i < 4; i++) identity();
    grid();
    for (let i = 0; i < 3; i++) identity();
  }
  const icc = Uint8Array.from(bytes);
  new DataView(icc.buffer).setUint32(0, icc.length);
  new DataView(icc.buffer).setUint32(140, icc.length - 144);
  return icc;
}

const convert = (icc: Uint8Array | null, ...pixels: Inks[]): number[][] => {
  const rgb = new Uint8Array(pixels.length * 3);
  interpolateInks(createCmykGrid(icc), Uint8Array.from(pixels.flat()), rgb, pixels.length);
  return pixels.map((_, i) => [...rgb.subarray(i * 3, i * 3 + 3)]);
};

const near = (found: number[] | undefined, expected: readonly number[], tolerance: number) => {
  for (let c = 0; c < 3; c++) {
    expect(Math.abs((found?.[c] ?? -999) - (expected[c] ?? 0))).toBeLessThanOrEqual(tolerance);
  }
};

describe("with a profile", () => {
  test.each(["mft1", "mft2", "mAB "] as const)("tables of type %s give their Lab", (type) => {
    // Each ink takes a quarter of the lightness; magenta is red, yellow is yellow.
    const icc = buildProfile(type, ([c, m, y, k]) => [100 - 25 * (c + m + y + k), 40 * m, 40 * y]);
    const found = convert(
      icc,
      [0, 0, 0, 0],
      [255, 255, 255, 255],
      [0, 0, 0, 255],
      [0, 255, 0, 255],
    );
    near(found[0], [255, 255, 255], 1);
    near(found[1], [58, 0, 0], 2); // L 0, a 40, b 40: mostly out of range
    near(found[2], [185, 185, 185], 1); // L 75
    near(found[3], [179, 89, 121], 2); // L 50, a 40
    // Halfway: L 87.5, and a neutral.
    near(convert(icc, [0, 0, 0, 128])[0], [219, 219, 219], 1);
  });

  test("a real profile's colours are a colour management system's", async () => {
    const width = 64;
    const rgb = Uint8Array.from({ length: width * width * 3 }, (_, i) => (i * 37 + (i >> 5)) & 255);
    const smooth = sharp(rgb, { raw: { width, height: width, channels: 3 } }).blur(3);
    const tiff = await smooth.toColourspace("cmyk").withIccProfile("cmyk").tiff().toBuffer();
    const { icc } = await sharp(tiff).metadata();
    const cmyk = await sharp(tiff, { ignoreIcc: true })
      .pipelineColourspace("cmyk")
      .toColourspace("cmyk")
      .raw()
      .toBuffer();
    const expected = await sharp(tiff).toColourspace("srgb").raw().toBuffer();
    const found = new Uint8Array(width * width * 3);
    const grid = createCmykGrid(new Uint8Array(icc ?? []));
    interpolateInks(grid, new Uint8Array(cmyk), found, width * width);
    let sum = 0;
    for (let i = 0; i < found.length; i++) sum += Math.abs((found[i] ?? 0) - (expected[i] ?? 0));
    expect(cmyk.length).toBe(width * width * 4);
    expect(sum / found.length).toBeLessThan(1.5);
  });
});

describe("without a usable profile", () => {
  const profiles = [null, new Uint8Array(0), new Uint8Array(300), new Uint8Array(4).fill(9)];

  test.each(profiles)("inks look as they do on coated paper (%#)", (icc) => {
    const found = convert(icc, [0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0], [0, 255, 255, 0]);
    expect(found[0]).toEqual([255, 255, 255]);
    near(found[1], [41, 49, 62], 2);
    near(found[2], [0, 148, 225], 2);
    near(found[3], [231, 26, 17], 2);
  });

  test("more ink is never lighter", () => {
    for (const ink of [0, 1, 2, 3]) {
      let last = 766;
      const ramp = Array.from({ length: 256 }, (_, value): [number, number, number, number] => {
        const inks: [number, number, number, number] = [40, 40, 40, 40];
        inks[ink] = value;
        return inks;
      });
      for (const rgb of convert(null, ...ramp)) {
        const sum = rgb.reduce((a, b) => a + b, 0);
        expect(sum).toBeLessThanOrEqual(last);
        last = sum;
      }
    }
  });
});

test("damaged profiles convert by default or by what is left, never with an error", () => {
  const good = buildProfile("mft2", ([c, m, y, k]) => [100 - 25 * (c + m + y + k), 0, 0]);
  let seed = 5;
  for (let i = 0; i < 24; i++) {
    const bad = good.slice(0, i % 2 ? good.length : i * 12);
    for (let n = 0; n < 4 && bad.length > 0; n++) {
      seed = (seed * 48_271) % 2_147_483_647;
      bad[seed % bad.length] = seed >> 8;
    }
    convert(bad, [1, 2, 3, 4], [255, 254, 253, 252]);
  }
});
