import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { createGrayToSrgb, describeProfile } from "./profile.ts";

const WIDTH = 48;

/** Every hue and lightness in steps. */
const colours = Uint8Array.from({ length: WIDTH * WIDTH * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  const steps = [pixel % 16, Math.floor(pixel / 16) % 12, Math.floor(pixel / 192)];
  return (steps[i % 3] ?? 0) * [17, 23, 21][i % 3]!;
});

const picture = () => sharp(colours, { raw: { width: WIDTH, height: WIDTH, channels: 3 } });

async function profileOf(name: string): Promise<Uint8Array> {
  const tagged = picture().withIccProfile(name);
  const file = await (
    name === "cmyk" ? tagged.toColourspace("cmyk").jpeg() : tagged.png()
  ).toBuffer();
  return new Uint8Array((await sharp(file).metadata()).icc ?? []);
}

/** A gray profile of one gamma, as a curve of one entry. */
function buildGray(gamma: number, pcs: "XYZ " | "Lab " = "XYZ "): Uint8Array {
  const icc = new Uint8Array(128 + 4 + 12 + 16);
  const view = new DataView(icc.buffer);
  const write = (offset: number, text: string) =>
    icc.set(
      [...text].map((c) => c.charCodeAt(0)),
      offset,
    );
  view.setUint32(0, icc.length);
  write(12, "mntrGRAY");
  write(20, pcs);
  write(36, "acsp");
  view.setUint32(128, 1);
  write(132, "kTRC");
  view.setUint32(136, 144);
  view.setUint32(140, 14);
  write(144, "curv");
  view.setUint32(152, 1);
  view.setUint16(156, gamma * 256);
  return icc;
}

const encode = (linear: number): number =>
  255 * (linear <= 0.003_130_8 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);

describe("describing", () => {
  test("sRGB is known as such, other colour spaces are not", async () => {
    expect(describeProfile(await profileOf("srgb"))).toEqual({ space: "RGB", isSrgb: true });
    expect(describeProfile(await profileOf("p3"))).toEqual({ space: "RGB", isSrgb: false });
    expect(describeProfile(await profileOf("cmyk"))).toEqual({ space: "CMYK", isSrgb: false });
    expect(describeProfile(buildGray(2.2))).toEqual({ space: "GRAY", isSrgb: false });
  });

  test("damaged profiles give null or an answer, never an error", async () => {
    for (const name of ["srgb", "p3"]) {
      const good = (await profileOf(name)).subarray(0, 4096);
      let seed = 11;
      for (let i = 0; i < 300; i++) {
        const bad = good.slice(0, i % 3 ? good.length : i * 2);
        for (let n = 0; n < 8 && bad.length > 0; n++) {
          seed = (seed * 48_271) % 2_147_483_647;
          bad[seed % bad.length] = seed >> 8;
        }
        describeProfile(bad);
        createGrayToSrgb(bad);
      }
    }
    expect(describeProfile(new Uint8Array(200))).toBeNull();
  });
});

describe("converting", () => {
  test("grays by their curve, whatever the connection space", () => {
    for (const gamma of [1, 1.8, 2.2]) {
      const table = createGrayToSrgb(buildGray(gamma));
      for (let i = 0; i < 256; i++) {
        expect(Math.abs((table?.[i] ?? -9) - encode((i / 255) ** gamma))).toBeLessThan(1.6);
      }
    }
    const lightness = createGrayToSrgb(buildGray(1, "Lab "));
    expect([lightness?.[0], lightness?.[128], lightness?.[255]]).toEqual([0, 119, 255]);
  });

  test("profiles of another kind are not taken for gray", async () => {
    expect(createGrayToSrgb(await profileOf("p3"))).toBeNull();
    expect(createGrayToSrgb(await profileOf("cmyk"))).toBeNull();
  });
});
