/** Colours of RGB profiles to sRGB by a kernel, judged by floating point and by littleCMS. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCurve } from "../../src/colour/curves.ts";
import { parseIcc, readXyz } from "../../src/colour/icc.ts";
import { XYZ_TO_LINEAR } from "../../src/colour/pcs.ts";
import { startLab, type Lab } from "../support/lab-client.ts";

type Xyz = readonly [x: number, y: number, z: number];

/** A profile of three colorants (adapted to D50) and one gamma, in 256ths. */
function buildProfile(colorants: readonly Xyz[], gamma: number): Uint8Array {
  const tags = [
    ...colorants.map((xyz, i) => ({ name: `${"rgb"[i]}XYZ`, xyz })),
    { name: "wtpt", xyz: [0.9642, 1, 0.8249] as Xyz },
    ...["rTRC", "gTRC", "bTRC"].map((name) => ({ name, xyz: null })),
  ];
  const start = 132 + tags.length * 12;
  const icc = Buffer.alloc(start + tags.length * 20);
  icc.writeUInt32BE(icc.length, 0);
  icc.write("\x02\x40", 8, "latin1");
  icc.write("mntrRGB XYZ ", 12);
  icc.write("acsp", 36);
  [0.9642, 1, 0.8249].forEach((v, i) => icc.writeInt32BE(Math.round(v * 65_536), 68 + 4 * i));
  icc.writeUInt32BE(tags.length, 128);
  for (const [i, { name, xyz }] of tags.entries()) {
    const [entry, at] = [132 + i * 12, start + i * 20];
    icc.write(name, entry);
    icc.writeUInt32BE(at, entry + 4);
    icc.writeUInt32BE(xyz ? 20 : 14, entry + 8);
    icc.write(xyz ? "XYZ " : "curv", at);
    xyz?.forEach((v, c) => icc.writeInt32BE(Math.round(v * 65_536), at + 8 + 4 * c));
    if (xyz) continue;
    icc.writeUInt32BE(1, at + 8);
    icc.writeUInt16BE(gamma, at + 12);
  }
  return new Uint8Array(icc);
}

const ADOBE: readonly Xyz[] = [
  [0.609_74, 0.311_11, 0.019_47],
  [0.205_28, 0.625_67, 0.060_87],
  [0.149_19, 0.063_22, 0.744_57],
];
const PROPHOTO: readonly Xyz[] = [
  [0.797_67, 0.288_04, 0],
  [0.135_19, 0.711_88, 0],
  [0.031_34, 0.000_09, 0.824_91],
];

async function sharpsProfile(name: "p3" | "srgb" | "cmyk"): Promise<Uint8Array> {
  const pixel = sharp(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } });
  const tagged = pixel.toColourspace(name === "cmyk" ? "cmyk" : "srgb").withIccProfile(name);
  const file = await (name === "cmyk" ? tagged.jpeg() : tagged.png()).toBuffer();
  return new Uint8Array((await sharp(file).metadata()).icc ?? []);
}

const PROFILES: Record<string, () => Promise<Uint8Array>> = {
  "Display P3": () => sharpsProfile("p3"),
  sRGB: () => sharpsProfile("srgb"),
  "Adobe RGB": () => Promise.resolve(buildProfile(ADOBE, 563)),
  "ProPhoto RGB": () => Promise.resolve(buildProfile(PROPHOTO, 461)),
};

/** Values of a channel: the ends, the darkest ones, which are most delicate, and steps between. */
const STEPS = [...Array(12).keys(), ...Array.from({ length: 48 }, (_, i) => 12 + i * 5), 255];
const colours = Uint8Array.from(
  STEPS.flatMap((r) => STEPS.flatMap((g) => STEPS.flatMap((b) => [r, g, b]))),
);
const SIDE = [STEPS.length ** 2, STEPS.length] as const;

/** ICC.1:2022, F.3, in floating point and unrounded. */
function convertExactly(icc: Uint8Array): Float64Array {
  const profile = parseIcc(icc)!;
  const curves = ["rTRC", "gTRC", "bTRC"].map((tag) => {
    const { curve } = readCurve(profile.tag(tag))!;
    return Array.from({ length: 256 }, (_, i) => Math.min(Math.max(curve(i / 255), 0), 1));
  });
  const columns = ["rXYZ", "gXYZ", "bXYZ"].map((tag) => readXyz(profile.tag(tag))!);
  const rows = [0, 3, 6].map((i) => XYZ_TO_LINEAR.slice(i, i + 3));
  const matrix = rows.map((row) =>
    columns.map((column) => row.reduce((sum, v, i) => sum + v * column[i]!, 0)),
  );
  const encode = (v: number) => (v <= 0.003_130_8 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
  const result = new Float64Array(colours.length);
  for (let i = 0; i < colours.length; i++) {
    const pixel = i - (i % 3);
    const row = matrix[i % 3]!;
    let light = 0;
    for (let c = 0; c < 3; c++) light += row[c]! * curves[c]![colours[pixel + c]!]!;
    result[i] = 255 * encode(Math.min(Math.max(light, 0), 1));
  }
  return result;
}

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe.for(Object.entries(PROFILES))("%s", ([, load]) => {
  it("is within a step of floating point for colours all over the cube", async () => {
    const icc = await load();
    const { data, isConverted, used, planned } = await lab.convertColours(colours, 3, icc);
    const exact = convertExactly(icc);
    expect(isConverted).toBe(true);
    expect(used).toBeLessThanOrEqual(planned);
    expect(data.reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i]!)), 0)).toBeLessThan(1);
  });

  it("is what littleCMS makes of it, within a step on average", async () => {
    const icc = await load();
    const { data } = await lab.convertColours(colours, 3, icc);
    const pixels = { width: SIDE[0], height: SIDE[1], channels: 3, data: colours } as const;
    const metadata = { icc: Buffer.from(icc).toString("base64") };
    const { file } = await lab.encode("png", pixels, { effort: "fast" }, metadata);
    const theirs = await sharp(file).toColourspace("srgb").raw().toBuffer();
    const difference = data.reduce((sum, v, i) => sum + Math.abs(v - theirs[i]!), 0) / data.length;
    expect(difference).toBeLessThan(1);
  });
});

it("leaves alpha alone, whatever the number of pixels", async () => {
  const icc = await sharpsProfile("p3");
  for (const pixels of [1, 2, 2047, 2048, 2049, 5000]) {
    const rgb = colours.subarray(30_000, 30_000 + pixels * 3);
    const rgba = Uint8Array.from({ length: pixels * 4 }, (_, i) =>
      i % 4 === 3 ? i >> 2 : rgb[(i >> 2) * 3 + (i % 4)]!,
    );
    const plain = await lab.convertColours(rgb, 3, icc);
    const withAlpha = await lab.convertColours(rgba, 4, icc);
    const expected = rgba.map((v, i) => (i % 4 === 3 ? v : plain.data[(i >> 2) * 3 + (i % 4)]!));
    expect(Buffer.compare(withAlpha.data, expected)).toBe(0);
  }
});

it("colorants beyond reason are clipped, not wrapped around", async () => {
  const far: Xyz = [32_767, 32_767, 32_767];
  const { data } = await lab.convertColours(
    Uint8Array.of(255, 255, 255, 0, 0, 0),
    3,
    buildProfile([far, far, far], 256),
  );
  // What adds up to much of each of sRGB's colours is white.
  expect([...data]).toEqual([255, 255, 255, 0, 0, 0]);
});

it("damaged profiles and those of other kinds convert or do not, and never fail", async () => {
  const inks = await lab.convertColours(colours.subarray(0, 30), 3, await sharpsProfile("cmyk"));
  expect(inks.isConverted).toBe(false);
  const good = await sharpsProfile("p3");
  let seed = 11;
  for (let i = 0; i < 100; i++) {
    const bad = good.slice(0, i % 3 ? good.length : i * 6);
    for (let n = 0; n < 8 && bad.length > 0; n++) {
      seed = (seed * 48_271) % 2_147_483_647;
      bad[seed % bad.length] = seed >> 8;
    }
    const { data } = await lab.convertColours(Uint8Array.of(0, 1, 2, 253, 254, 255), 3, bad);
    expect(data).toHaveLength(6);
  }
});
