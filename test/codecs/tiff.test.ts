/** TIFF both ways, judged by sharp. */
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { readAttribute } from "../support/magick.ts";
import { judge, maxDifference } from "../support/judge-pixels.ts";
import { differFromMagick } from "../support/plain-pictures.ts";
import { psnr } from "../support/psnr.ts";
import {
  long,
  short,
  writeFields,
  writeTiff,
  type Field,
  type TiffSpec,
} from "../support/tiff-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Numbers that look random and are the same every time (a linear congruential generator). */
function createRandom(seed = 1): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A gradient with noise. */
function drawPixels(width: number, height: number, channels: 1 | 3 | 4, noise = 8): Pixels {
  const random = createRandom(width + height);
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    data[i] = 100 + 60 * Math.sin(x / 50 + (i % channels)) + 40 * Math.cos(y / 31) + random(noise);
  }
  return { width, height, channels, data };
}

const toSharp = ({ width, height, channels, data }: Pixels) =>
  sharp(data, { raw: { width, height, channels }, limitInputPixels: false });

/** The directory's entry for each way of compression. */
const COMPRESSION_FIELDS = {
  deflate: Buffer.from([3, 1, 3, 0, 1, 0, 0, 0, 8, 0]),
  lzw: Buffer.from([3, 1, 3, 0, 1, 0, 0, 0, 5, 0]),
  none: Buffer.from([3, 1, 3, 0, 1, 0, 0, 0, 1, 0]),
};

describe("what is written", () => {
  test.for(["deflate", "lzw", "none"] as const)(
    "%s: every kind comes back as it was",
    async (compression) => {
      for (const channels of [1, 3, 4] as const) {
        for (const [width, height] of [
          [1, 1],
          [3, 700],
          [517, 203],
          [16_384, 9],
        ] as const) {
          const pixels = drawPixels(width, height, channels);
          const { file, used, planned } = await lab.encode("tiff", pixels, { compression });
          expect(Buffer.from(await judge(file, channels)).equals(pixels.data)).toBe(true);
          expect(await differFromMagick(pixels, file)).toBe(0);
          expect(Buffer.from(file).includes(COMPRESSION_FIELDS[compression])).toBe(true);
          expect(used).toBeLessThanOrEqual(planned);
          expect((await lab.decode(file)).data).toEqual(pixels.data);
        }
      }
    },
  );

  test("readers are told all that the standard asks for", async () => {
    const icc = (
      await sharp(
        await toSharp(drawPixels(8, 8, 3))
          .withIccProfile("p3")
          .png()
          .toBuffer(),
      ).metadata()
    ).icc;
    const xmp = Buffer.from("<x:xmpmeta/>");
    const metadata = { icc: icc?.toString("base64") ?? "", xmp: xmp.toString("base64") };
    const { file } = await lab.encode("tiff", drawPixels(300, 200, 4), {}, metadata);
    const found = await sharp(file).metadata();
    expect(found).toMatchObject({
      ...{ format: "tiff", hasAlpha: true, orientation: 1, density: 72 },
      ...{ resolutionUnit: "inch", icc, xmp },
    });
    const again = await lab.open(file);
    expect(again.metadata).toMatchObject(metadata);
  });

  test("more effort makes smaller files", async () => {
    const pixels = drawPixels(600, 400, 3);
    const sizes = [];
    for (const effort of ["max", "default", "fast"] as const) {
      sizes.push((await lab.encode("tiff", pixels, { effort })).file.length);
    }
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(sizes[0]).toBeLessThan(pixels.data.length * 0.7);
  });

  test.for([
    ["deflate", 1.001],
    ["lzw", 1.14],
    ["none", 1.001],
  ] as const)("%s: what is too much to hold is stored: valid, and within the plan", async (row) => {
    const [compression, share] = row;
    const noise = drawPixels(4000, 3400, 3, 256);
    const options = { compression, effort: "fast" } as const;
    const { file, used, planned } = await lab.encode("tiff", noise, options);
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(27 * 2 ** 20);
    expect(Buffer.from(await judge(file, 3)).equals(noise.data)).toBe(true);
    expect(file.length).toBeLessThan(noise.data.length * share);
  });
});

describe("LZW", () => {
  test("drawings become small, and flat ones fill the table again and again", async () => {
    const flat = { ...drawPixels(2000, 900, 3), data: new Uint8Array(2000 * 900 * 3).fill(7) };
    for (const pixels of [flat, drawPixels(700, 500, 1, 2)]) {
      const { file } = await lab.encode("tiff", pixels, { compression: "lzw" });
      expect(Buffer.from(await judge(file, pixels.channels)).equals(pixels.data)).toBe(true);
      expect((await lab.decode(file)).data).toEqual(pixels.data);
      expect(file.length).toBeLessThan(pixels.data.length / 3);
    }
  });
});

describe("what sharp writes is read", () => {
  const source = drawPixels(333, 250, 3);
  test.for([
    ["uncompressed", { compression: "none" }],
    ["LZW", { compression: "lzw", predictor: "none" }],
    ["LZW with differences", { compression: "lzw", predictor: "horizontal" }],
    ["deflate", { compression: "deflate", predictor: "none" }],
    ["deflate with differences", { compression: "deflate", predictor: "horizontal" }],
    ["PackBits", { compression: "packbits", predictor: "none" }],
    ["tiles", { compression: "lzw", tile: true, tileWidth: 64, tileHeight: 48 }],
    ["large tiles", { compression: "deflate", tile: true, tileWidth: 512, tileHeight: 512 }],
    ["smaller versions behind", { compression: "deflate", tile: true, pyramid: true }],
  ] as const)("%s", async ([, options]) => {
    for (const channels of [1, 3, 4] as const) {
      const pixels = channels === 3 ? source : drawPixels(333, 250, channels);
      const image = channels === 1 ? toSharp(pixels).toColourspace("b-w") : toSharp(pixels);
      const file = await image.tiff(options).toBuffer();
      const got = await lab.decode(file);
      expect(got.channels).toBe(channels);
      expect(maxDifference(got.data, pixels.data)).toBe(0);
      expect(got.used).toBeLessThanOrEqual(got.planned);
      expect((await lab.open(file)).warnings).toEqual([]);
    }
  });

  test.for([1, 2, 4] as const)("gray of %i bits, both ways round", async (bitdepth) => {
    const predictor = "none";
    const gray = toSharp(drawPixels(101, 60, 1, 256)).toColourspace("b-w");
    for (const miniswhite of [false, true]) {
      for (const compression of ["none", "lzw", "packbits"] as const) {
        const file = await gray
          .clone()
          .tiff({ bitdepth, miniswhite, compression, predictor })
          .toBuffer();
        const got = await lab.decode(file);
        expect(got.channels).toBe(1);
        expect(maxDifference(got.data, await judge(file, 1))).toBe(0);
      }
    }
  });

  test("16 bits, with a warning", async () => {
    for (const predictor of ["none", "horizontal"] as const) {
      const image = toSharp(drawPixels(120, 80, 3)).toColourspace("rgb16");
      const file = await image.tiff({ compression: "lzw", predictor }).toBuffer();
      const got = await lab.decode(file);
      expect(maxDifference(got.data, await judge(file, 3))).toBeLessThanOrEqual(1);
      const { depth, warnings } = await lab.open(file);
      expect([depth, warnings.map(({ code }) => code)]).toEqual([16, ["reduced_to_8_bit"]]);
    }
  });

  test("pages: the first, with a warning; those asked for, each to a file of its own", async () => {
    const pages = [drawPixels(60, 40, 3), drawPixels(60, 40, 3, 200)];
    const images = await Promise.all(pages.map((page) => toSharp(page).png().toBuffer()));
    const file = await sharp(images, { join: { animated: true } })
      .tiff({ compression: "lzw" })
      .toBuffer();
    expect((await sharp(file).metadata()).pages).toBe(2);
    const got = await lab.decode(file);
    expect(got.data).toEqual(pages[0]?.data);
    const drawn = (index: number) => pages[index]?.data ?? new Uint8Array(0);
    const first = await lab.convert(file, { format: "png" });
    expect(first).toMatchObject({ page: 1, warnings: [{ code: "document_first_page" }] });
    const second = await lab.convert(file, { format: "png", page: 2 });
    expect(second).toMatchObject({ page: 2, warnings: [] });
    const both = await lab.convertPages(file, { format: "png", pages: "all" });
    expect(both.map((made) => [made.page, made.warnings])).toEqual([
      [1, []],
      [2, []],
    ]);
    for (const [index, made] of both.entries()) {
      expect(maxDifference(await judge(made.file, 3), drawn(index))).toBe(0);
    }
    expect(maxDifference(await judge(second.file, 3), drawn(1))).toBe(0);
    expect(await codeOf(lab.convert(file, { format: "png", page: 3 }))).toBe("invalid_parameter");
  });

  /** The file with more directories, whose one strip is the file's first. */
  function appendPages(file: Buffer, pages: Record<number, Field>[]): Buffer {
    let last = file.readUInt32LE(4);
    return pages.reduce((whole, fields) => {
      whole.writeUInt32LE(whole.length, last + 2 + whole.readUInt16LE(last) * 12);
      last = whole.length;
      const gray = { 258: short(8), 259: short(1), 262: short(1), 273: long(8), 277: short(1) };
      return Buffer.concat([whole, writeFields({ ...gray, ...fields }, last)]);
    }, file);
  }
  const gray = { width: 9, height: 5, bits: 8, samples: 1, photometric: 1 } as const;
  const size = (width: number, height: number) => ({
    ...{ 256: long(width), 257: long(height), 278: long(height), 279: long(width * height) },
  });

  test("pages have sizes of their own; what is a thumbnail is none", async () => {
    const file = appendPages(writeTiff({ ...gray, values: [...Array(45).keys()] }), [
      { ...size(3, 2), 254: long(1) },
      size(5, 3),
    ]);
    const made = await lab.convertPages(file, { format: "png", pages: "2,1" });
    expect(made.map(({ page, width, height }) => [page, width, height])).toEqual([
      [2, 5, 3],
      [1, 9, 5],
    ]);
    expect([...(await judge(made[0]?.file ?? new Uint8Array(0), 1))]).toEqual([
      ...Array(15).keys(),
    ]);
    expect(made.every(({ used, planned }) => used <= planned)).toBe(true);
  });

  test("damage in a page is the concern of those who ask for it", async () => {
    const file = appendPages(writeTiff({ ...gray, values: [] }), [size(100, 100)]);
    expect((await lab.convertPages(file, { format: "png", pages: "1" })).length).toBe(1);
    expect(await codeOf(lab.convert(file, { format: "png", page: 2 }))).toBe("truncated_image");
  });

  test("pages are held to a limit of pixels together before any is decoded", async () => {
    const wide = Array.from({ length: 6 }, () => size(16_000, 4900));
    const file = appendPages(writeTiff({ ...gray, values: [] }), wide);
    const code = codeOf(lab.convertPages(file, { format: "png", width: 8, pages: "2-" }));
    expect(await code).toBe("too_many_pixels");
  });

  test("orientation and profile", async () => {
    const image = toSharp(source).withMetadata({ orientation: 6 }).withIccProfile("p3");
    const file = await image.tiff({ compression: "lzw" }).toBuffer();
    const { orientation, icc } = await lab.open(file);
    expect(orientation).toBe(6);
    expect(icc).toBe((await sharp(file).metadata()).icc?.toString("base64"));
    const turned = await lab.convert(file, { format: "png" });
    expect([turned.width, turned.height]).toEqual([250, 333]);
    const wanted = await sharp(file).rotate().raw().toBuffer();
    expect(psnr(await sharp(turned.file).raw().toBuffer(), wanted)).toBe(Infinity);
  });
});

/** Noise of a kind, small and of odd sizes. */
function makeSpec(
  bits: TiffSpec["bits"],
  photometric: number,
  samples: number,
  more: Partial<TiffSpec> = {},
): TiffSpec {
  const [width, height] = [37, 29];
  const random = createRandom(bits * 100 + photometric * 10 + samples);
  const values = Uint16Array.from({ length: width * height * samples }, () => random(2 ** bits));
  return { width, height, bits, photometric, samples, values, ...more };
}

const palette = (bits: number) => {
  const random = createRandom(bits);
  return { 320: short(...Array.from({ length: 3 * 2 ** bits }, () => random(65_536))) };
};

describe("what others write is read", () => {
  const LAYOUTS: [string, Partial<TiffSpec>][] = [
    ["one strip", {}],
    ["strips of 7 rows", { rowsPerStrip: 7 }],
    ["strips of a row, PackBits", { rowsPerStrip: 1, compression: "packbits" }],
    ["tiles", { tile: { width: 16, height: 16 } }],
    ["deflate", { compression: "deflate", rowsPerStrip: 20 }],
  ];
  const KINDS: [string, TiffSpec, number][] = [
    ...([1, 2, 4, 8, 16] as const).flatMap((bits): [string, TiffSpec, number][] => [
      [`gray of ${bits} bits`, makeSpec(bits, 1, 1), 1],
      [`gray of ${bits} bits, 0 is white`, makeSpec(bits, 0, 1), 1],
    ]),
    ...([8, 16] as const).flatMap((bits): [string, TiffSpec, number][] => [
      [`RGB of ${bits} bits`, makeSpec(bits, 2, 3), 3],
      [`RGB with alpha of ${bits} bits`, makeSpec(bits, 2, 4, { fields: { 338: short(2) } }), 4],
      [`gray with alpha of ${bits} bits`, makeSpec(bits, 1, 2, { fields: { 338: short(2) } }), 4],
    ]),
    ...([1, 2, 4, 8] as const).map((bits): [string, TiffSpec, number] => [
      `a palette of ${bits} bits`,
      makeSpec(bits, 3, 1, { fields: palette(bits) }),
      3,
    ]),
  ];

  for (const [name, spec, channels] of KINDS) {
    test(`${name}: both byte orders, strips and tiles`, async () => {
      for (const [layout, more] of LAYOUTS) {
        for (const bigEndian of [false, true]) {
          const file = writeTiff({ ...spec, ...more, bigEndian });
          const got = await lab.decode(file);
          expect(got.channels).toBe(channels);
          const wanted = await judge(file, channels);
          const slack = spec.bits === 16 ? 1 : 0;
          expect(maxDifference(got.data, wanted), layout).toBeLessThanOrEqual(slack);
          expect(got.used).toBeLessThanOrEqual(got.planned);
        }
      }
    });
  }

  test("a plane for each sample, strips and tiles", async () => {
    for (const bits of [8, 16] as const) {
      for (const more of [
        { rowsPerStrip: 10 },
        { rowsPerStrip: 10, compression: "deflate" as const, predictor: true },
        { tile: { width: 16, height: 32 } },
      ]) {
        const chunky = await lab.decode(writeTiff(makeSpec(bits, 2, 3)));
        const got = await lab.decode(writeTiff(makeSpec(bits, 2, 3, { ...more, planar: true })));
        expect(got.data).toEqual(chunky.data);
        expect(got.used).toBeLessThanOrEqual(got.planned);
      }
    }
  });

  test("differences of 8 and 16 bits, both byte orders", async () => {
    for (const bits of [8, 16] as const) {
      const plain = await lab.decode(writeTiff(makeSpec(bits, 2, 3)));
      for (const bigEndian of [false, true]) {
        for (const tile of [undefined, { width: 32, height: 16 }]) {
          const more = {
            bigEndian,
            compression: "deflate",
            predictor: true,
            ...(tile && { tile }),
          };
          const got = await lab.decode(writeTiff(makeSpec(bits, 2, 3, more as Partial<TiffSpec>)));
          expect(got.data).toEqual(plain.data);
        }
      }
    }
  });

  test("alpha that colours were multiplied by is undone", async () => {
    const pixels = [
      [10, 20, 40, 80],
      [0, 0, 0, 0],
      [255, 128, 1, 255],
      [50, 50, 50, 40],
    ];
    const values = pixels.flat();
    const spec = { ...makeSpec(8, 2, 4), width: 4, height: 1, values };
    const { data } = await lab.decode(writeTiff({ ...spec, fields: { 338: short(1) } }));
    expect([...data]).toEqual(
      [
        [32, 64, 128, 80],
        [0, 0, 0, 0],
        [255, 128, 1, 255],
        [255, 255, 255, 40],
      ].flat(),
    );
  });

  test("samples that mean nothing are left out", async () => {
    const plain = makeSpec(8, 2, 3);
    const values = Array.from({ length: plain.width * plain.height }, (_, i) => [
      ...Array.from({ length: 3 }, (__, c) => plain.values[i * 3 + c] ?? 0),
      ...[77, 200],
    ]).flat();
    const fields = { 338: short(0, 0) };
    const got = await lab.decode(writeTiff({ ...plain, samples: 5, values, fields }));
    expect(got.channels).toBe(3);
    expect([...got.data]).toEqual([...Array.from(plain.values)]);
  });

  test("CMYK becomes sRGB, with and without alpha", async () => {
    const ink = makeSpec(8, 5, 4);
    const values = Array.from(ink.values, (value) => value >> 1);
    const got = await lab.decode(writeTiff({ ...ink, values }));
    expect(got.channels).toBe(3);
    const wanted = await judge(writeTiff({ ...ink, values }), 3);
    // Ours is a model of printing; sharp's is its own profile.
    expect(psnr(got.data, wanted)).toBeGreaterThan(18);
    expect(got.used).toBeLessThanOrEqual(got.planned);

    const withAlpha = Array.from({ length: 37 * 29 }, (_, i) => [
      ...values.slice(i * 4, i * 4 + 4),
      i % 256,
    ]).flat();
    const spec = { ...ink, samples: 5, values: withAlpha, fields: { 338: short(2) } };
    const { data, channels } = await lab.decode(writeTiff(spec));
    expect(channels).toBe(4);
    expect([...data].filter((_, i) => i % 4 < 3)).toEqual([...got.data]);
    expect([...data].filter((_, i) => i % 4 === 3)).toEqual(
      Array.from({ length: 37 * 29 }, (_, i) => i % 256),
    );
  });

  test("strips whose lengths are missing", async () => {
    const spec = makeSpec(8, 2, 3, { rowsPerStrip: 8 });
    const whole = await lab.decode(writeTiff(spec));
    // Uncompressed strips of even length lie one behind the other.
    const got = await lab.decode(writeTiff({ ...spec, fields: { 279: null } }));
    expect(got.data).toEqual(whole.data);
  });
});

describe("EXIF", () => {
  const IFD0 = { Artist: "Grace", Copyright: "Ada" };
  const IFD2 = { ExposureTime: "1/250", LensModel: "A lens" };
  const IFD3 = { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 3230/100" };
  const kept = { stripMetadata: false } as const;

  test("is written into a TIFF's own fields, and comes back from there", async () => {
    const image = toSharp(drawPixels(60, 40, 3)).withExif({ IFD0, IFD2, IFD3 });
    const { file } = await lab.convert(await image.jpeg().toBuffer(), { format: "tiff", ...kept });
    expect(await readAttribute(file, "tiff:artist")).toBe("Grace");
    expect(await readAttribute(file, "tiff:copyright")).toBe("Ada");
    expect(await readAttribute(file, "exif:ExposureTime")).toBe("0.004000");
    expect(await readAttribute(file, "exif:GPSLatitude")).toBe("51.000000,30.000000,32.300000");

    const again = await sharp(
      (await lab.convert(file, { format: "jpg", ...kept })).file,
    ).metadata();
    const text = again.exif?.toString("latin1");
    for (const value of ["Grace", "Ada", "A lens"]) expect(text).toContain(value);
    const stripped = await lab.convert(file, { format: "tiff" });
    expect(await readAttribute(stripped.file, "tiff:artist")).toBeNull();
    expect((await lab.open(stripped.file)).metadata.exif).toBeNull();
  });

  test("of the other byte order is the same", async () => {
    const fields = { 315: { type: 2, values: [...Buffer.from("Grace Hopper\0")] } } as const;
    const spec = makeSpec(8, 2, 3, { fields });
    const little = (await lab.open(writeTiff(spec))).metadata.exif;
    expect(Buffer.from(little ?? "", "base64").toString("latin1")).toContain("Grace Hopper");
    expect((await lab.open(writeTiff({ ...spec, bigEndian: true }))).metadata.exif).toBe(little);
  });

  test("that is damaged costs nobody the picture", async () => {
    const pixels = drawPixels(30, 20, 3);
    const random = createRandom(3);
    const image = toSharp(pixels).withExif({ IFD0, IFD2, IFD3 });
    const { exif = Buffer.alloc(0) } = await sharp(await image.jpeg().toBuffer()).metadata();
    for (let i = 0; i < 60; i++) {
      const bad = Buffer.from(exif.subarray(6));
      for (let k = 0; k < 4; k++) bad[random(bad.length)] = random(256);
      const { file, used, planned } = await lab.encode(
        ...(["tiff", pixels, {}, { exif: bad.toString("base64") }] as const),
      );
      expect(used).toBeLessThanOrEqual(planned);
      // Odd fields are worth a warning to sharp.
      const { data } = await sharp(file, { failOn: "error" })
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(data.equals(pixels.data)).toBe(true);
    }
  });
});

describe("large pictures", () => {
  test("one strip of 12 megapixels streams, compressed or not", async () => {
    const photo = drawPixels(4000, 3000, 3, 4);
    for (const compression of ["none", "lzw", "deflate"] as const) {
      const strip = await toSharp(photo).tiff({ compression }).toBuffer();
      const { planned, used, file } = await lab.convert(strip, { format: "png", width: 400 });
      expect(used).toBeLessThanOrEqual(planned);
      expect(planned).toBeLessThan(24 * 2 ** 20);
      expect(await sharp(file).metadata()).toMatchObject({ width: 400, height: 300 });
    }
  });
});

describe("files that are wrong", () => {
  const good = () => writeTiff(makeSpec(8, 2, 3, { rowsPerStrip: 8, compression: "deflate" }));

  test("cut at ten points: truncated_image, directory first or last", async () => {
    const ours = await lab.encode("tiff", drawPixels(200, 150, 3));
    for (const file of [good(), Buffer.from(ours.file)]) {
      for (let tenth = 0; tenth < 10; tenth++) {
        const cut = file.subarray(0, Math.max(4, Math.floor((file.length * tenth) / 10)));
        expect(await codeOf(lab.decode(cut)), `${tenth}/10`).toBe("truncated_image");
      }
    }
  });

  const withFields = (fields: TiffSpec["fields"], more: Partial<TiffSpec> = {}) =>
    writeTiff(makeSpec(8, 2, 3, { ...more, ...(fields && { fields }) }));

  test.for([
    ["0 wide", withFields({ 256: long(0) })],
    ["0 high", withFields({ 257: long(0) })],
    ["2^31 wide", withFields({ 256: long(2 ** 31) })],
    ["no samples", withFields({ 277: short(0) })],
    ["fewer samples than colours", withFields({ 277: short(2), 258: short(8, 8) })],
    ["no offsets", withFields({ 273: null })],
    ["too few offsets", withFields({ 278: long(1) })],
    ["a width of type text", withFields({ 256: { type: 2, values: [65] } })],
    ["strips of 0 rows", withFields({ 278: long(0) })],
    ["strips of 0 bytes", withFields({ 279: long(0) })],
    ["strips that are too short", withFields({ 279: long(100) })],
    ["tiles of 0", withFields({ 322: long(0) }, { tile: { width: 16, height: 16 } })],
    ["tiles of 17", withFields({ 322: long(17) }, { tile: { width: 16, height: 16 } })],
    ["no palette", withFields({ 262: short(3), 277: short(1), 258: short(8) })],
    ["no fields", Buffer.from("II*\0\x08\0\0\0\0\0\0\0\0\0", "latin1")],
    ["a directory in the header", Buffer.from("II*\0\x04\0\0\0\0\0\0\0\0\0", "latin1")],
  ] as const)("%s: invalid_image", async ([, file]) => {
    expect(await codeOf(lab.decode(file))).toBe("invalid_image");
  });

  test.for([
    ["JPEG of the old kind inside", withFields({ 259: short(6) })],
    ["CCITT of colours", withFields({ 259: short(4) })],
    ["an unknown compression", withFields({ 259: short(34_925) })],
    ["floating point", withFields({ 339: short(3, 3, 3) })],
    ["32 bits", withFields({ 258: short(32, 32, 32) })],
    ["different bits", withFields({ 258: short(5, 6, 5) })],
    ["YCbCr", withFields({ 262: short(6) })],
    ["Lab", withFields({ 262: short(8) })],
    ["17 samples", withFields({ 277: short(17) })],
    ["differences of floating point", withFields({ 317: short(3) }, { compression: "deflate" })],
    ["a camera's raw data without a preview", withFields({ 50_706: long(1) })],
    ["a camera's raw data behind what is no preview", withFields({ 254: long(1), 330: long(8) })],
  ] as const)("%s: unsupported_feature", async ([, file]) => {
    expect(await codeOf(lab.decode(file))).toBe("unsupported_feature");
  });

  test("offsets and counts past the end: truncated_image, and nothing is allocated", async () => {
    for (const file of [
      withFields({ 273: long(2 ** 32 - 1) }),
      withFields({ 279: long(2 ** 32 - 1) }),
      withFields({ 257: long(2 ** 31 - 1), 278: long(1), 273: long(8) }),
    ]) {
      expect(await codeOf(lab.decode(file))).toMatch(/^(truncated|invalid)_image$/);
    }
    const file = good();
    file.writeUInt32LE(file.length + 100, 4);
    expect(await codeOf(lab.decode(file))).toBe("truncated_image");
  });

  test("strips that all are the same large piece of the file: invalid_image", async () => {
    const spec = makeSpec(8, 2, 3, { rowsPerStrip: 1 });
    const file = writeTiff({
      ...spec,
      fields: {
        273: long(...Array.from({ length: 29 }, () => 8)),
        279: long(...Array.from({ length: 29 }, () => 3000)),
      },
    });
    expect(await codeOf(lab.decode(file))).toBe("invalid_image");
  });

  test("directories in a circle: invalid_image", async () => {
    const file = good();
    const directory = file.readUInt32LE(4);
    const first = file.readUInt16LE(directory);
    const second = file.length;
    file.writeUInt32LE(second, directory + 2 + first * 12);
    const circle = writeFields({ 256: long(1) }, second, false, second);
    expect(await codeOf(lab.open(Buffer.concat([file, circle])))).toBe("invalid_image");
  });

  test("a size of 60000 x 60000 is read: limits are not the codec's", async () => {
    const file = withFields({ 256: long(60_000), 257: long(60_000), 278: long(60_000) });
    expect(await lab.open(file)).toMatchObject({ width: 60_000, height: 60_000 });
    expect(await codeOf(lab.convert(file, { format: "png" }))).toBe("too_many_pixels");
  });

  test("tiles that would not fit the memory: memory_limit", async () => {
    const fields = { 322: long(1 << 22), 323: long(1 << 20) };
    const file = withFields(fields, { tile: { width: 48, height: 32 } });
    expect(await codeOf(lab.decode(file))).toBe("memory_limit");
  });

  test("a bomb is not expanded beyond its picture", async () => {
    const spec = makeSpec(8, 1, 1, { compression: "deflate" });
    const bomb = deflateSync(Buffer.alloc(100_000_000));
    const fields = { 273: long(writeTiff(spec).length), 279: long(bomb.length) };
    const { data } = await lab.decode(Buffer.concat([writeTiff({ ...spec, fields }), bomb]));
    expect(data.every((value) => value === 0)).toBe(true);
  });

  test("after 300 damaged files the codec works as before", async () => {
    const random = createRandom(9);
    const lzw = await toSharp(drawPixels(90, 70, 3))
      .tiff({ compression: "lzw" })
      .toBuffer();
    const packBits = writeTiff(makeSpec(8, 2, 4, { compression: "packbits", rowsPerStrip: 5 }));
    const files = [lzw, good(), packBits];
    const wanted = await Promise.all(files.map(async (file) => (await lab.decode(file)).data));
    for (let i = 0; i < 300; i++) {
      const bad = Buffer.from(files[i % 3] ?? lzw);
      for (let k = 0; k < 3; k++) bad[8 + random(bad.length - 8)] = random(256);
      expect(await codeOf(lab.decode(bad))).not.toMatch(/internal|storage/);
    }
    for (const [i, file] of files.entries()) {
      expect((await lab.decode(file)).data).toEqual(wanted[i]);
    }
  });
});
