import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { LIGHT_ENTRIES, LIGHT_ONE, type LightTables } from "../kernels/light.ts";
import { createLightTables } from "./light.ts";

const info = (channels: 1 | 3 | 4, icc: Uint8Array | null) => ({
  ...{ width: 1, height: 1 },
  channels,
  icc,
});

/** A gray profile whose curve is `entries`, or the gamma that one entry is. */
function buildGray(...entries: number[]): Uint8Array {
  const icc = new Uint8Array(156 + 2 * entries.length);
  const view = new DataView(icc.buffer);
  const write = (offset: number, text: string) => icc.set(new TextEncoder().encode(text), offset);
  view.setUint32(0, icc.length);
  write(12, "mntrGRAYXYZ ");
  write(36, "acsp");
  view.setUint32(128, 1);
  write(132, "kTRC");
  view.setUint32(136, 144);
  view.setUint32(140, icc.length - 144);
  write(144, "curv");
  view.setUint32(152, entries.length);
  entries.forEach((entry, i) => view.setUint16(156 + 2 * i, entry));
  return icc;
}

const back = ({ toLight, fromLight }: LightTables, value: number, channel = 0) =>
  fromLight[channel * LIGHT_ENTRIES + (toLight[channel * 256 + value] ?? 0)];

describe("tables", () => {
  test("of sRGB lead every value back to itself, for each channel but alpha", () => {
    for (const channels of [1, 3, 4] as const) {
      const tables = createLightTables(info(channels, null));
      const colours = channels === 1 ? 1 : 3;
      expect(tables.toLight).toHaveLength(colours * 256);
      for (let i = 0; i < colours * 256; i++) expect(back(tables, i & 255, i >> 8)).toBe(i & 255);
      expect([tables.toLight[0], tables.toLight[255]]).toEqual([0, LIGHT_ONE]);
      expect((tables.toLight[128] ?? 0) / LIGHT_ONE).toBeCloseTo(0.2159, 3);
    }
  });

  test("are the profile's own where it has curves", async () => {
    const gray = createLightTables(info(1, buildGray(2.2 * 256)));
    for (let value = 0; value < 256; value++) {
      expect(Math.abs((gray.toLight[value] ?? 0) / LIGHT_ONE - (value / 255) ** 2.2)).toBeLessThan(
        0.001,
      );
      // So dark that several values are one light.
      expect(Math.abs((back(gray, value) ?? 0) - value)).toBeLessThanOrEqual(value < 8 ? 2 : 0);
    }
    const file = await sharp(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } })
      .withIccProfile("p3")
      .png()
      .toBuffer();
    const { icc } = await sharp(file).metadata();
    const p3 = createLightTables(info(3, new Uint8Array(icc ?? [])));
    for (let value = 0; value < 256; value++) expect(back(p3, value, 2)).toBe(value);
  });

  test.each([
    ["falls", buildGray(65_535, 0)],
    ["is flat", buildGray(9, 9, 9)],
    ["is cut off", buildGray(0, 65_535).slice(0, 158)],
  ])("are sRGB's where the profile's curve %s", (_, icc) => {
    expect(createLightTables(info(1, icc))).toEqual(createLightTables(info(1, null)));
  });

  test("are sRGB's where the profile is of another kind than the pixels", () => {
    expect(createLightTables(info(3, buildGray(256)))).toEqual(createLightTables(info(3, null)));
  });
});
