/** TIFFs whose strips are faxes or JPEGs, and BigTIFFs, judged by sharp. */
import { CompressionMethod, MagickFormat } from "@imagemagick/magick-wasm";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFax, type FaxSpec } from "../support/fax-writer.ts";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { writeByMagick } from "../support/magick.ts";
import { drawPlain } from "../support/plain-pictures.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { long, short, writeTiff, type TiffSpec } from "../support/tiff-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Black and white: long runs, short runs, rows alike and rows of one colour. */
function drawBilevel(width: number, height: number): Uint8Array {
  const pick = createRandom(width * 31 + height);
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = pixels.subarray(y * width, (y + 1) * width);
    const kind = pick(5);
    if (kind === 0) row.fill(pick(2));
    else if (kind < 3 && y > 0) {
      row.set(pixels.subarray((y - 1) * width, y * width));
      for (let i = 0; i < 3; i++) row[pick(width)] = pick(2);
    } else {
      for (let x = 0, colour = pick(2); x < width; colour ^= 1) {
        const run = 1 + pick(kind === 3 ? 4 : width);
        row.fill(colour, x, x + run);
        x += run;
      }
    }
  }
  return pixels;
}

/** Pixels as they are delivered: black is 0. */
const toGray = (pixels: Uint8Array): Uint8Array => pixels.map((value) => (value ? 0 : 255));

const COMPRESSIONS = { "modified-huffman": 2, "group-3": 3, "group-4": 4 } as const;

/** More than the fields take that a fax has beside others. */
const FIELDS_BYTES = 64;

/** A TIFF around a fax. */
function wrapFax(spec: FaxSpec, fields: TiffSpec["fields"] = {}): Buffer {
  const data = writeFax(spec);
  const { width, height, kind, isEach } = spec;
  const bare = { width, height: 1, bits: 8, samples: 1, photometric: 0, values: [] } as const;
  const start = writeTiff(bare).length + FIELDS_BYTES;
  const file = writeTiff({
    ...bare,
    fields: {
      ...{ 257: long(height), 258: short(1), 259: short(COMPRESSIONS[kind]) },
      ...{ 278: long(height), 273: long(start), 279: long(data.length) },
      ...{ 292: long(isEach === undefined ? 0 : 1), ...fields },
    },
  });
  return Buffer.concat([file, Buffer.alloc(start - file.length), data]);
}

const SIZES = [
  [1, 1],
  [7, 40],
  [64, 33],
  [333, 200],
  [5300, 21],
] as const;

describe("faxes", () => {
  test.for<[string, Omit<FaxSpec, "width" | "height" | "pixels">]>([
    ["rows of runs", { kind: "modified-huffman" }],
    ["group 3", { kind: "group-3" }],
    ["group 3, marks on whole bytes", { kind: "group-3", isAligned: true }],
    ["group 3 in two dimensions", { kind: "group-3", isEach: 4 }],
    ["group 4", { kind: "group-4" }],
  ])("%s comes back as it was, whichever bit is first", async ([, coding]) => {
    for (const [width, height] of SIZES) {
      const pixels = drawBilevel(width, height);
      const file = wrapFax({ width, height, pixels, ...coding });
      const got = await lab.decode(file);
      expect(got.channels).toBe(1);
      expect(got.data).toEqual(toGray(pixels));
      expect(got.used).toBeLessThanOrEqual(got.planned);

      const data = writeFax({ width, height, pixels, ...coding });
      const turned = wrapFax({ width, height, pixels, ...coding }, { 266: short(2) });
      const at = turned.length - data.length;
      data.forEach((byte, i) => {
        const bits = byte.toString(2).padStart(8, "0");
        turned[at + i] = Number.parseInt([...bits].toReversed().join(""), 2);
      });
      expect((await lab.decode(turned)).data).toEqual(got.data);
    }
  });

  test("what libtiff codes in group 4, in strips and tiles, either colour being 0", async () => {
    for (const [width, height] of SIZES) {
      const data = toGray(drawBilevel(width, height));
      const image = sharp(data, { raw: { width, height, channels: 1 } }).toColourspace("b-w");
      for (const miniswhite of [false, true]) {
        for (const tile of [false, true]) {
          const options = { compression: "ccittfax4", bitdepth: 1, miniswhite, tile } as const;
          const file = await image.clone().tiff(options).toBuffer();
          expect((await lab.decode(file)).data).toEqual(data);
        }
      }
    }
  });

  test("a row that was cut off stays white, a fax that was is refused", async () => {
    const pixels = Uint8Array.from({ length: 64 * 3 }, (_, i) => (i < 64 ? i & 1 : 0));
    const spec = { width: 64, height: 3, pixels, kind: "group-3" } as const;
    expect((await lab.decode(wrapFax(spec))).data).toEqual(toGray(pixels));
    const longer = wrapFax(spec, { 257: long(5), 278: long(5) });
    expect(await codeOf(lab.decode(longer))).toBe("invalid_image");
    const wider = await lab.decode(wrapFax(spec, { 256: long(100) }));
    expect([...wider.data.subarray(0, 100)]).toEqual([
      ...toGray(pixels.subarray(0, 64)),
      ...Array.from({ length: 36 }, () => 255),
    ]);
  });

  test("of colours it is refused", async () => {
    const spec = { width: 8, height: 8, pixels: new Uint8Array(64), kind: "group-4" } as const;
    expect(await codeOf(lab.decode(wrapFax(spec, { 258: short(8) })))).toBe("unsupported_feature");
  });
});

/** A gradient with some noise. */
function draw(width: number, height: number, channels: 1 | 3) {
  const pick = createRandom(width);
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return 110 + 60 * Math.sin(x / 30 + (i % channels)) + 50 * Math.cos(y / 21) + pick(9);
  });
  const image = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? image.toColourspace("b-w") : image;
}

async function judge(file: Buffer, channels: 1 | 3): Promise<Buffer> {
  return await sharp(file)
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .raw()
    .toBuffer();
}

describe("JPEG inside", () => {
  test.for([
    ["strips", {}],
    ["tiles", { tile: true, tileWidth: 64, tileHeight: 48 }],
    ["one large tile", { tile: true, tileWidth: 512, tileHeight: 512 }],
  ] as const)("%s: as libtiff reads it", async ([, layout]) => {
    for (const channels of [1, 3] as const) {
      for (const quality of [60, 95]) {
        const image = draw(333, 250, channels).tiff({ compression: "jpeg", quality, ...layout });
        const file = await image.toBuffer();
        const got = await lab.decode(file);
        expect(got.channels).toBe(channels);
        // libtiff's chroma is enlarged part by part, as ours is.
        expect(psnr(got.data, await judge(file, channels))).toBeGreaterThan(50);
        expect(got.used).toBeLessThanOrEqual(got.planned);
      }
    }
  });

  test("RGB with transparency, as libtiff reads it", async () => {
    const pixels = drawPlain(131, 77, 4);
    const file = await writeByMagick(pixels, MagickFormat.Tiff, (image) => {
      image.settings.compression = CompressionMethod.JPEG;
    });
    const got = await lab.decode(file);
    expect(got.channels).toBe(4);
    expect(psnr(got.data, await sharp(file).raw().toBuffer())).toBeGreaterThan(50);
  });

  test("inks", async () => {
    const image = draw(200, 150, 3).toColourspace("cmyk");
    const file = await image.clone().tiff({ compression: "jpeg", quality: 97 }).toBuffer();
    const plain = await image.clone().tiff({ compression: "lzw" }).toBuffer();
    const [got, wanted] = [await lab.decode(file), await lab.decode(plain)];
    expect(got.channels).toBe(3);
    expect(psnr(got.data, wanted.data)).toBeGreaterThan(35);
    expect(got.used).toBeLessThanOrEqual(got.planned);
  });

  test("damage ends in an error, and the next file is read as before", async () => {
    const file = await draw(200, 150, 3).tiff({ compression: "jpeg" }).toBuffer();
    const wanted = await lab.decode(file);
    const pick = createRandom(5);
    for (let i = 0; i < 100; i++) {
      const bad = Buffer.from(file);
      for (let k = 0; k < 4; k++) bad[8 + pick(bad.length - 8)] = pick(256);
      expect(await codeOf(lab.decode(bad))).not.toMatch(/internal|storage/);
    }
    expect((await lab.decode(file)).data).toEqual(wanted.data);
  });

  test("another size than the TIFF says: invalid_image", async () => {
    const jpeg = await draw(32, 16, 3).jpeg().toBuffer();
    const bare = { width: 40, height: 16, bits: 8, samples: 3, photometric: 6 } as const;
    const make = (fields: TiffSpec["fields"]) =>
      writeTiff({
        ...bare,
        values: [],
        fields: { 259: short(7), 279: long(jpeg.length), ...fields },
      });
    const start = make({}).length;
    const file = Buffer.concat([make({ 273: long(start) }), jpeg]);
    expect(await codeOf(lab.decode(file))).toBe("invalid_image");
    const fitting = Buffer.concat([make({ 273: long(start), 256: long(32) }), jpeg]);
    const wanted = await sharp(jpeg).raw().toBuffer();
    expect(psnr((await lab.decode(fitting)).data, wanted)).toBeGreaterThan(50);
  });
});

describe("BigTIFF", () => {
  test("pages, strips and tiles, as sharp writes them", async () => {
    for (const options of [{}, { tile: true }] as const) {
      const image = draw(300, 200, 3).withMetadata({ orientation: 3 }).withIccProfile("p3");
      const write = (bigtiff: boolean) =>
        image
          .clone()
          .tiff({ bigtiff, compression: "lzw", ...options })
          .toBuffer();
      const [file, small] = [await write(true), await write(false)];
      expect([file.readUInt16LE(2), small.readUInt16LE(2)]).toEqual([43, 42]);
      expect((await lab.decode(file)).data).toEqual((await lab.decode(small)).data);
      const [opened, wanted] = [await lab.open(file), await lab.open(small)];
      expect(opened.icc).not.toBeNull();
      expect(opened).toEqual(wanted);
    }
  });

  test("cut off or with offsets that no file has: an error", async () => {
    const file = await draw(60, 40, 3).tiff({ bigtiff: true }).toBuffer();
    for (const length of [4, 10, 15, 40, file.length - 30]) {
      expect(await codeOf(lab.decode(file.subarray(0, length)))).toMatch(/_image$/);
    }
    const far = Buffer.from(file);
    far.writeUInt32LE(1, 12);
    expect(await codeOf(lab.decode(far))).toBe("truncated_image");
  });
});
