/** BMP in the real runtime: what was written is known, and ImageMagick judges what is read back. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BmpSpec, packRunLengths, writeBmp } from "../support/bmp-writer.ts";
import { codeOf, type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { readByMagick } from "../support/magick.ts";
import { createRandom } from "../support/random.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

type Colour = [number, number, number];

/** As RGBA. */
function toRgba({ width, height, channels, data }: Pixels): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const pixel = data.subarray(i * channels, (i + 1) * channels);
    const [r = 0, g = r, b = r, alpha = 255] = pixel;
    rgba.set([r, g, b, alpha], i * 4);
  }
  return rgba;
}

const makePalette = (count: number): Colour[] =>
  Array.from({ length: count }, (_, i) => [(i * 37) % 256, (i * 91 + 5) % 256, 255 - i]);

const SIZES: [number, number][] = [
  [1, 1],
  [3, 2],
  [67, 41],
  [130, 33],
];

function makeIndexed(
  header: BmpSpec["header"],
  bits: 1 | 2 | 4 | 8,
  [width, height]: [number, number],
  more: Partial<BmpSpec> = {},
): BmpSpec {
  const random = createRandom(width + height + bits);
  const colours = more.palette?.length ?? Math.min(2 ** bits, 200);
  const pixels = Array.from({ length: width * height }, () => random(colours));
  return { width, height, header, bits, palette: makePalette(colours), pixels, ...more };
}

const paint = ({ palette = [], pixels }: BmpSpec): number[] =>
  Array.from(pixels).flatMap((index) => palette[index] ?? [0, 0, 0]);

describe("decoding gives the colours that were written", () => {
  for (const header of ["core", "os2", "info", "v2", "v3", "v4", "v5"] as const) {
    for (const topDown of header === "core" ? [false] : [false, true]) {
      test(`${header} header, ${topDown ? "top-down" : "bottom-up"}`, async () => {
        for (const size of SIZES) {
          for (const bits of [1, 2, 4, 8] as const) {
            const palette = makePalette(2 ** bits);
            const spec = makeIndexed(header, bits, size, { topDown, palette });
            const ours = await lab.decode(writeBmp(spec));
            expect([...ours.data], `${bits} bits`).toEqual(paint(spec));
            expect(ours.used).toBeLessThanOrEqual(ours.planned);
          }
          const [width, height] = size;
          const random = createRandom(width);
          const pixels = Array.from({ length: width * height }, () => random(2 ** 24));
          const ours = await lab.decode(
            writeBmp({ width, height, header, bits: 24, topDown, pixels }),
          );
          const expected = pixels.flatMap((value) => [
            value >> 16,
            (value >> 8) & 255,
            value & 255,
          ]);
          expect([...ours.data]).toEqual(expected);
        }
      });
    }
  }

  const MASKED: [string, Pick<BmpSpec, "bits" | "compression" | "masks" | "header">][] = [
    ["16 bits without masks are 555", { bits: 16, header: "info" }],
    ["555", { bits: 16, compression: 3, masks: [0x7c00, 0x3e0, 0x1f], header: "info" }],
    ["565", { bits: 16, compression: 3, masks: [0xf800, 0x7e0, 0x1f], header: "info" }],
    [
      "565 with a V4 header",
      { bits: 16, compression: 3, masks: [0xf800, 0x7e0, 0x1f, 0], header: "v4" },
    ],
    [
      "4444 with alpha",
      { bits: 16, compression: 3, masks: [0xf00, 0xf0, 0xf, 0xf000], header: "v3" },
    ],
    [
      "1555 with alpha",
      { bits: 16, compression: 6, masks: [0x7c00, 0x3e0, 0x1f, 0x8000], header: "info" },
    ],
    ["32 bits without masks have no alpha", { bits: 32, header: "info" }],
    [
      "RGBA",
      { bits: 32, compression: 3, masks: [0xff, 0xff00, 0xff0000, 0xff000000], header: "v5" },
    ],
    [
      "BGRA",
      { bits: 32, compression: 3, masks: [0xff0000, 0xff00, 0xff, 0xff000000], header: "v4" },
    ],
    [
      "three masks in the header",
      { bits: 32, compression: 3, masks: [0xff000000, 0xff0000, 0xff00], header: "v2" },
    ],
    [
      "10 bits a channel",
      { bits: 32, compression: 3, masks: [0x3ff00000, 0xffc00, 0x3ff], header: "info" },
    ],
    ["no red", { bits: 16, compression: 3, masks: [0, 0x7e0, 0x1f], header: "info" }],
  ];

  test.each(MASKED)("%s", async (_name, kind) => {
    const [width, height] = [61, 37];
    const random = createRandom(kind.bits);
    const pixels = Array.from({ length: width * height }, () => random(2 ** kind.bits));
    const masks =
      kind.masks ?? (kind.bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]);
    const wanted = masks.filter((mask, channel) => channel < 3 || mask !== 0);
    const expected = pixels.flatMap((pixel) =>
      wanted.map((mask) => {
        if (mask === 0) return 0;
        const unit = mask & -mask;
        const max = (mask >>> 0) / (unit >>> 0);
        return Math.round(((((pixel & mask) >>> 0) / (unit >>> 0)) * 255) / max);
      }),
    );
    const file = writeBmp({ width, height, pixels, ...kind });
    const ours = await lab.decode(file);
    expect([...ours.data]).toEqual(expected);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    const warned = (await lab.open(file)).warnings.map(({ code }) => code);
    expect(warned).toEqual(
      Math.max(...expected) > 0 && masks[2] === 0x3ff ? ["reduced_to_8_bit"] : [],
    );
  });

  test.each([4, 8] as const)("runs, literals and moves of RLE%i", async (bits) => {
    for (const [width, height] of SIZES) {
      const random = createRandom(width * bits);
      const palette = makePalette(2 ** bits);
      const pixels: number[] = [];
      while (pixels.length < width * height) {
        const run = random(3) === 0 ? 1 + random(400) : 1;
        const index = random(4) === 0 ? 0 : random(2 ** bits);
        for (let i = 0; i < run; i++) pixels.push(index);
      }
      pixels.length = width * height;
      const spec: BmpSpec = { width, height, header: "info", bits, palette, pixels };
      const data = packRunLengths(spec, pixels);
      const file = writeBmp({ ...spec, compression: bits === 8 ? 1 : 2, data });
      const ours = await lab.decode(file);
      expect([...ours.data]).toEqual(paint(spec));
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
      expect(toRgba(ours)).toEqual((await readByMagick(file)).data);
    }
  });

  test("runs of two colours, runs beyond the row's end, and an end without its mark", async () => {
    const palette = makePalette(16);
    const spec: BmpSpec = {
      ...{ width: 5, height: 2, header: "info", bits: 4, palette, compression: 2 },
      pixels: [7, 7, 7, 7, 7, 1, 2, 1, 2, 1],
      data: Uint8Array.of(9, 0x12, 0, 0, 5, 0x77),
    };
    expect([...(await lab.decode(writeBmp(spec))).data]).toEqual(paint(spec));
  });

  test("a gray palette is one channel", async () => {
    const palette = Array.from({ length: 256 }, (_, i): Colour => [255 - i, 255 - i, 255 - i]);
    const spec = makeIndexed("info", 8, [20, 10], { palette });
    const ours = await lab.decode(writeBmp(spec));
    expect(ours.channels).toBe(1);
    expect([...ours.data]).toEqual(Array.from(spec.pixels, (index) => 255 - index));
  });

  test("indices beyond the palette are black, and more colours than bits allow are fewer", async () => {
    const short = makeIndexed("info", 8, [30, 20], { palette: makePalette(7) });
    const spec = { ...short, pixels: Array.from({ length: 600 }, (_, i) => i % 256) };
    expect([...(await lab.decode(writeBmp(spec))).data]).toEqual(paint(spec));
    const lying = writeBmp({ ...short, claimedColours: 0x1234_5678 });
    expect([...(await lab.decode(lying)).data]).toEqual(paint(short));
  });

  test("more than one block of rows, from either end", async () => {
    const [width, height] = [3001, 1403];
    const pixels = Float64Array.from({ length: width * height }, (_, i) => (i * 7919) % 2 ** 24);
    for (const topDown of [false, true]) {
      const file = writeBmp({ width, height, header: "info", bits: 24, topDown, pixels });
      const ours = await lab.decode(file);
      const wrong = pixels.findIndex(
        (value, i) =>
          ((ours.data[i * 3] ?? 0) << 16) +
            ((ours.data[i * 3 + 1] ?? 0) << 8) +
            (ours.data[i * 3 + 2] ?? 0) !==
          value,
      );
      expect(wrong).toBe(-1);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
      expect(ours.planned).toBeLessThan(9 * 1024 * 1024);
    }
  });

  test("the profile of a V5 header is found", async () => {
    const icc = (
      await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
        .withIccProfile("p3")
        .png()
        .toBuffer()
        .then((png) => sharp(png).metadata())
    ).icc as Buffer;
    const pixels = [1, 2, 3, 4];
    const file = writeBmp({ width: 2, height: 2, header: "v5", bits: 24, pixels, icc });
    const header = await lab.open(file);
    expect(Buffer.from(header.metadata.icc ?? "", "base64").equals(icc)).toBe(true);
  });
});

describe("files that are wrong", () => {
  const whole = (): Buffer => {
    const pixels = Array.from({ length: 90 * 70 }, (_, i) => i * 2000);
    return writeBmp({ width: 90, height: 70, header: "v5", bits: 24, pixels });
  };
  const runs = (): Buffer => {
    const spec = makeIndexed("info", 8, [90, 70]);
    return writeBmp({ ...spec, compression: 1, data: packRunLengths(spec, spec.pixels) });
  };
  const patch = (at: number, ...bytes: number[]): Buffer => {
    const file = whole();
    file.set(bytes, at);
    return file;
  };
  const int32 = (value: number): number[] => [...new Uint8Array(Int32Array.of(value).buffer)];

  test.each([
    ["uncompressed", whole],
    ["RLE", runs],
  ])("cut at ten points: truncated_image, %s", async (_name, make) => {
    const file = make();
    for (let tenth = 0; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.max(18, Math.floor((file.length * tenth) / 10)));
      expect(await codeOf(lab.decode(cut)), `${tenth}/10`).toBe("truncated_image");
    }
  });

  test("the last row's padding may be missing, and whatever the file's length claims", async () => {
    const file = writeBmp({
      width: 3,
      height: 2,
      header: "info",
      bits: 24,
      topDown: true,
      pixels: [1, 2, 3, 4, 5, 6],
    });
    file.writeUInt32LE(0xdead_beef, 2);
    const { data } = await lab.decode(file);
    expect((await lab.decode(file.subarray(0, -3))).data).toEqual(data);
    expect(await codeOf(lab.decode(file.subarray(0, -4)))).toBe("truncated_image");
  });

  test("headers that cannot be: invalid_image", async () => {
    const wrong = {
      "0 wide": patch(18, ...int32(0)),
      "less than 0 wide": patch(18, ...int32(-5)),
      "0 high": patch(22, ...int32(0)),
      "-2^31 high": patch(22, ...int32(-(2 ** 31))),
      "60000 x 60000": patch(18, ...int32(60_000), ...int32(60_000)),
      "2^31 - 1 wide and high": patch(18, ...int32(2 ** 31 - 1), ...int32(2 ** 31 - 1)),
      "pixels in the header": patch(10, ...int32(60)),
      "pixels far behind the end": patch(10, ...int32(0x7fff_ffff)),
      "7 bits": patch(28, 7),
      "0 bits": patch(28, 0),
      "RLE8 of 24 bits": patch(30, 1),
      "unknown compression": patch(30, 99),
      "no palette": patch(28, 8),
    };
    for (const [name, file] of Object.entries(wrong)) {
      expect(await codeOf(lab.open(file)), name).toBe("invalid_image");
    }
    const pixels = [0, 0, 0, 0];
    const masked = (masks: number[]) =>
      writeBmp({ width: 2, height: 2, header: "info", bits: 16, compression: 3, masks, pixels });
    for (const masks of [
      [0xf0f0, 0x0f00, 0x000f],
      [0xf0000, 0x7e0, 0x1f],
    ]) {
      expect(await codeOf(lab.open(masked(masks)))).toBe("invalid_image");
    }
    expect(await codeOf(lab.open(patch(30, 4)))).toBe("unsupported_feature");
  });

  test("rows of RLE above the first: invalid_image", async () => {
    const spec = makeIndexed("info", 8, [4, 2]);
    for (const data of [
      [0, 0, 0, 0, 3, 1, 0, 1],
      [0, 2, 0, 200, 0, 3, 1, 1, 1, 0, 0, 1],
    ]) {
      const file = writeBmp({ ...spec, compression: 1, data: Uint8Array.from(data) });
      expect(await codeOf(lab.decode(file))).toBe("invalid_image");
    }
  });

  test("200 damaged ones are refused or read, and the codec works as before", async () => {
    const random = createRandom(9);
    const good = { plain: whole(), runs: runs() };
    const before = { plain: await lab.decode(good.plain), runs: await lab.decode(good.runs) };
    for (let i = 0; i < 200; i++) {
      const bad = Buffer.from(i % 2 === 0 ? good.plain : good.runs);
      for (let k = 0; k < 3; k++)
        bad[18 + random(i % 4 === 0 ? 40 : bad.length - 18)] = random(256);
      const code = await codeOf(lab.decode(bad.subarray(0, 60 + random(bad.length))));
      expect([
        "no error",
        "invalid_image",
        "truncated_image",
        "unsupported_feature",
        "memory_limit",
        "unsupported_input_format",
      ]).toContain(code);
    }
    expect((await lab.decode(good.plain)).data).toEqual(before.plain.data);
    expect((await lab.decode(good.runs)).data).toEqual(before.runs.data);
  });
});

describe("encoding", () => {
  const makePixels = (width: number, height: number, channels: 1 | 3 | 4): Pixels => {
    const data = new Uint8Array(width * height * channels);
    for (let i = 0; i < data.length; i++) data[i] = (i * 7 + (i >> 8)) & 255;
    return { width, height, channels, data };
  };

  test.each([1, 3, 4] as const)(
    "%i channels come back exactly, here and elsewhere",
    async (channels) => {
      for (const [width, height] of [...SIZES, [1200, 301] as [number, number]]) {
        const pixels = makePixels(width, height, channels);
        const { file, planned, used } = await lab.encode("bmp", pixels);
        expect(used).toBeLessThanOrEqual(planned);
        expect((await readByMagick(file)).data).toEqual(toRgba(pixels));
        const back = await lab.decode(file);
        expect(back.channels).toBe(channels);
        expect(back.data).toEqual(pixels.data);
      }
    },
  );

  test("an ordinary picture is bottom-up, one too large to be kept is streamed top-down", async () => {
    const small = Buffer.from((await lab.encode("bmp", makePixels(1000, 1000, 3))).file);
    expect(small.readInt32LE(22)).toBe(1000);
    const pixels = makePixels(4000, 3500, 3);
    const { file, planned } = await lab.encode("bmp", pixels);
    expect(Buffer.from(file).readInt32LE(22)).toBe(-3500);
    expect(planned).toBeLessThan(1024 * 1024);
    expect(Buffer.compare((await lab.decode(file)).data, pixels.data)).toBe(0);
  });

  test("transparent pixels stay so, or lie on the background asked for", async () => {
    const png = await sharp({
      create: { width: 9, height: 9, channels: 4, background: "#ff000080" },
    })
      .png()
      .toBuffer();
    const colourOn = async (
      background: { r: number; g: number; b: number; alpha: number } | null,
    ) => {
      const { file } = await lab.convert(png, { format: "bmp", background });
      return [...(await readByMagick(file)).data.subarray(0, 4)];
    };
    expect(await colourOn(null)).toEqual([255, 0, 0, 128]);
    expect(await colourOn({ r: 0, g: 0, b: 255, alpha: 1 })).toEqual([128, 0, 127, 255]);
  });

  test("pixels with a profile are written in sRGB", async () => {
    const colours = sharp({
      create: { width: 40, height: 30, channels: 3, background: "#c08040" },
    });
    const png = await colours.withIccProfile("p3").png().toBuffer();
    const { file } = await lab.convert(png, { format: "bmp" });
    const [r = 0, g = 0, b = 0] = (await readByMagick(file)).data;
    for (const [got, wanted] of [
      [r, 0xc0],
      [g, 0x80],
      [b, 0x40],
    ] as const) {
      expect(Math.abs(got - wanted)).toBeLessThanOrEqual(2);
    }
  });
});
