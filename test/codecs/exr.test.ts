/**
 * OpenEXR as ImageMagick writes it. That takes light for sRGB's values on both ways, where OpenEXR's
 * own documents have it linear: so what it reads is put through sRGB's curve.
 */
import { CompressionMethod, MagickFormat } from "@imagemagick/magick-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeExr, type ExrChannel } from "../support/exr-writer.ts";
import { codeOf, startLab, type Lab } from "../support/lab-client.ts";
import { readByMagick, writeByMagick } from "../support/magick.ts";
import { drawPlain, PLAIN_SIZES } from "../support/plain-pictures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const COMPRESSIONS = ["NoCompression", "RLE", "ZipS", "Zip", "Piz", "Pxr24"] as const;

const write = (width: number, height: number, compression: keyof typeof CompressionMethod) =>
  writeByMagick(drawPlain(width, height, 3), MagickFormat.Exr, (image) => {
    image.settings.compression = CompressionMethod[compression];
  });

test.for(COMPRESSIONS)("%s, of all sizes: light becomes sRGB", async (name) => {
  for (const [width, height] of [...PLAIN_SIZES, [64, 64], [257, 95]] as const) {
    const file = await write(width, height, name);
    const got = await lab.decode(file);
    const { data } = drawPlain(width, height, 3);
    expectWithin(1, got.data, data.map((value) => seen(value / 255))); // prettier-ignore
    expect(got.used).toBeLessThanOrEqual(got.planned);
    // It cannot read its own smallest.
    if (width === 1) continue;
    const judged = await readByMagick(file);
    expectWithin(0, judged.data.filter((_, i) => i % 4 < 3), data); // prettier-ignore
  }
  const { warnings, depth } = await lab.open(await write(8, 8, name));
  expect(warnings.map(({ code }) => code)).toEqual(["reduced_to_8_bit"]);
  expect(depth).toBe(16);
});

function expectWithin(tolerance: number, got: Uint8Array, wanted: Uint8Array): void {
  expect(got.length).toBe(wanted.length);
  const differences = got.map((value, i) => Math.abs(value - (wanted[i] ?? 0)));
  expect(differences.reduce((most, one) => Math.max(most, one), 0)).toBeLessThanOrEqual(tolerance);
}

test.for(["B44", "B44A"] as const)(
  "%s, which loses a little: as ImageMagick reads it",
  async (name) => {
    for (const [width, height] of [
      [131, 40],
      [64, 70],
      [257, 95],
    ] as const) {
      const file = await write(width, height, name);
      const got = await lab.decode(file);
      const { data } = await readByMagick(file);
      const light = data.filter((_, i) => i % 4 < 3);
      // Of 8 bits only, where light has more: the dark is left out.
      const differences = got.data.map((value, i) =>
        (light[i] ?? 0) < 40 ? 0 : Math.abs(value - seen((light[i] ?? 0) / 255)),
      );
      expect(differences.reduce((most, one) => Math.max(most, one), 0)).toBeLessThanOrEqual(1);
      expect(got.used).toBeLessThanOrEqual(got.planned);
    }
  },
);

const channel = (
  name: string,
  at: ExrChannel["at"],
  more: Partial<ExrChannel> = {},
): ExrChannel => ({
  ...{ name, type: "half", at },
  ...more,
});
/** Of a light from 0 to 1. */
const seen = (light: number): number =>
  Math.round(255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055));

const RGB = [
  channel("B", (x, y) => ((x * 5 + y) % 32) / 32),
  channel("G", (x) => (x % 16) / 16),
  channel("R", (x, y) => ((x + y) % 64) / 64),
];

test("floats and whole numbers, lines in any order, tiles and files of several pictures", async () => {
  const data = [0, 0, 99, 40] as const;
  const wanted = Uint8Array.from({ length: 100 * 41 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 100, Math.floor(i / 300)];
    return seen(RGB[2 - (i % 3)]?.at(x, y) ?? 0);
  });
  for (const more of [
    {},
    { decreasing: true },
    { tiles: [32, 16] as const },
    { tiles: [200, 200] as const },
    { isMultipart: true },
    { isMultipart: true, tiles: [33, 7] as const },
    { channels: RGB.map((one) => ({ ...one, type: "float" as const })) },
  ]) {
    const got = await lab.decode(writeExr({ channels: RGB, data, ...more }));
    expect(got).toMatchObject({ width: 100, height: 41, channels: 3 });
    expect(got.used).toBeLessThanOrEqual(got.planned);
    expectWithin(1, got.data, wanted);
  }
  const whole = channel("Y", (x) => x % 2, { type: "integer" });
  const { data: pixels } = await lab.decode(writeExr({ channels: [whole], data: [0, 0, 3, 0] }));
  expect([...pixels]).toEqual([0, 255, 0, 255]);
});

test("what is displayed is the picture: what lies beyond is cut off, what is missing is black", async () => {
  for (const tiles of [undefined, [16, 16] as const]) {
    const file = writeExr({
      ...{ channels: RGB, data: [-10, -7, 29, 22], display: [-4, 3, 35, 30] },
      ...(tiles && { tiles }),
    });
    const got = await lab.decode(file);
    expect(got).toMatchObject({ width: 40, height: 28 });
    for (let y = 0; y < 28; y++) {
      for (let x = 0; x < 40; x++) {
        const [column, row] = [x - 4, y + 3];
        const isThere = column <= 29 && row <= 22;
        const red = ((((column + row) % 64) + 64) % 64) / 64;
        if (column + row < 0) continue; // where a negative light was written
        expect(
          Math.abs((got.data[(y * 40 + x) * 3] ?? 0) - (isThere ? seen(red) : 0)),
        ).toBeLessThanOrEqual(1);
      }
    }
  }
});

test("colours are divided by the transparency that they were multiplied with", async () => {
  const channels = [
    channel("A", (x) => x / 4),
    channel("B", () => 0),
    channel("G", (x) => (x / 4) * 0.5),
    channel("R", (x) => x / 4),
  ];
  const { data, channels: count } = await lab.decode(writeExr({ channels, data: [0, 0, 4, 0] }));
  expect(count).toBe(4);
  const half = seen(0.5);
  expect([...data]).toEqual([
    0,
    0,
    0,
    0,
    ...[64, 128, 191, 255].flatMap((alpha) => [255, half, 0, alpha]),
  ]);
});

test("luminance is gray, and with coarse differences of colour has the colours", async () => {
  const light = channel("Y", (x, y) => ((x + y) % 8) / 8);
  const gray = await lab.decode(writeExr({ channels: [light], data: [0, 0, 7, 0] }));
  expect([...gray.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((eighth) => seen(eighth / 8)));
  const channels = [
    channel("BY", () => -0.5, { step: 2 }),
    channel("RY", () => 0.25, { step: 2 }),
    channel("Y", () => 0.5),
  ];
  const file = writeExr({ channels, data: [0, 0, 12, 8] });
  const { data } = await lab.decode(file);
  const [red, blue] = [1.25 * 0.5, 0.5 * 0.5];
  const green = (0.5 - red * 0.2126 - blue * 0.0722) / 0.7152;
  for (let i = 0; i < data.length; i++) {
    const value = seen([red, green, blue][i % 3] as number);
    expect(Math.abs((data[i] ?? 0) - value)).toBeLessThanOrEqual(1);
  }
});

test("the layer without a name is taken, else the first with colours; without any: unsupported", async () => {
  const flat = (name: string, value: number) => channel(name, () => value);
  const data = [0, 0, 1, 1] as const;
  const both = [flat("R", 1), flat("Z", 9), flat("beauty.R", 0)];
  expect([...(await lab.decode(writeExr({ channels: both, data }))).data.subarray(0, 3)]).toEqual([
    255, 0, 0,
  ]);
  const named = [flat("Z", 9), flat("beauty.B", 1), flat("beauty.R", 0), flat("diffuse.R", 1)];
  expect([...(await lab.decode(writeExr({ channels: named, data }))).data.subarray(0, 3)]).toEqual([
    0, 0, 255,
  ]);
  expect(await codeOf(lab.decode(writeExr({ channels: [flat("Z", 9)], data })))).toBe(
    "unsupported_feature",
  );
});

test("light that is no number is black, what is brighter than white is white", async () => {
  const values = [NaN, -1, Infinity, 60_000, 1, 0];
  const light = channel("Y", (x) => values[x] ?? 0, { type: "float" });
  const { data } = await lab.decode(writeExr({ channels: [light], data: [0, 0, 5, 0] }));
  expect([...data]).toEqual([0, 0, 255, 255, 255, 0]);
});

test("cut off anywhere: truncated_image", async () => {
  for (const name of COMPRESSIONS) {
    const file = await write(131, 80, name);
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
      expect(await codeOf(lab.decode(cut)), `${name} ${tenth}`).toBe("truncated_image");
    }
  }
});

test("what is not read is refused by its name; impossible heads are damaged", async () => {
  const data = [0, 0, 7, 7] as const;
  for (const [number, name] of [
    [8, "DWAA"],
    [9, "DWAB"],
  ] as const) {
    // prettier-ignore
    const refused = lab.decode(writeExr({ channels: RGB, data, compression: number }));
    await expect(refused).rejects.toThrow(`unsupported_feature: EXR files compressed by ${name} `);
  }
  const change = (file: Buffer, text: string, offset: number, ...bytes: number[]) => {
    const changed = Buffer.from(file);
    changed.set(bytes, file.indexOf(text) + text.length + 1 + offset);
    return changed;
  };
  const file = writeExr({ channels: RGB, data });
  // Behind the type's name and the length.
  const windowAt = (name: string, ...bytes: number[]) =>
    change(file, `${name}\0box2i`, 4, ...bytes);
  expect(await codeOf(lab.decode(windowAt("dataWindow", 9)))).toBe("invalid_image");
  expect(await codeOf(lab.decode(change(file, "compression\0compression", 4, 99)))).toBe(
    "invalid_image",
  );
  const deep = Buffer.from(file);
  deep[5] = 8;
  expect(await codeOf(lab.decode(deep))).toBe("unsupported_feature");
  const side = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0];
  expect(await codeOf(lab.convert(windowAt("displayWindow", ...side), { format: "png" }))).toBe(
    "too_many_pixels",
  );
  const giant = [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 1, 255, 255, 255, 1];
  expect(await codeOf(lab.convert(windowAt("dataWindow", ...giant), { format: "png" }))).toBe(
    "memory_limit",
  );
});
