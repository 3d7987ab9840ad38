/** What a sensor saw, developed: LibRaw, in ImageMagick, judges. */
import { MagickFormat } from "@imagemagick/magick-wasm";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";
import { drawDng, neutralInDaylight, SCENE_SIZE, sceneValues } from "../support/dng-scene.ts";
import { COLOR_MATRIX, mapPolynomial, type DngSpec, type Pattern } from "../support/dng-writer.ts";
import { expectSame } from "../support/expect-same.ts";
import { startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { readByMagick } from "../support/magick.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { long, rational, short, signedRational } from "../support/tiff-writer.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

async function develop(file: Uint8Array, scale = 1): Promise<Pixels> {
  const got = await lab.decode(file, { scale });
  expect(got.used).toBeLessThanOrEqual(got.planned);
  expect(got.channels).toBe(3);
  return got;
}

async function seeByLibRaw(file: Uint8Array): Promise<Pixels> {
  const { width, height, data } = await readByMagick(file, MagickFormat.Dng);
  return { width, height, channels: 3, data: data.filter((_, i) => i % 4 !== 3) };
}

/** In dB, against LibRaw's. */
async function judge(file: Uint8Array): Promise<number> {
  const [ours, theirs] = [await develop(file), await seeByLibRaw(file)];
  expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
  return psnr(ours.data, theirs.data);
}

const cut = ({ width, channels, data }: Pixels, x: number, y: number, w: number, h: number) =>
  Uint8Array.from({ length: w * h * channels }, (_, i) => {
    const [column, row] = [Math.floor(i / channels) % w, Math.floor(i / channels / w)];
    return data[((y + row) * width + x + column) * channels + (i % channels)] ?? 0;
  });

const PATTERNS: Pattern[] = ["RGGB", "BGGR", "GRBG", "GBRG"];

test.each(PATTERNS)("%s is developed as LibRaw does it", async (pattern) => {
  expect(await judge(drawDng({ pattern }))).toBeGreaterThan(45);
});

test.each(PATTERNS)("%s at half the size is the whole, reduced", async (pattern) => {
  const file = drawDng({ pattern });
  const { scales } = await lab.open(file);
  expect(scales).toEqual([1, 2]);
  const half = await develop(file, 2);
  const { data, ...raw } = await seeByLibRaw(file);
  const size = { width: Math.ceil(SCENE_SIZE.width / 2), height: Math.ceil(SCENE_SIZE.height / 2) };
  const reduced = await sharp(data, { raw })
    .resize(size.width, size.height, { fit: "fill", kernel: "linear" })
    .raw()
    .toBuffer();
  expect([half.width, half.height]).toEqual([size.width, size.height]);
  expect(psnr(half.data, reduced)).toBeGreaterThan(35);
});

describe("how samples are stored", () => {
  test.each([8, 10, 12, 14] as const)("%i bits, packed", async (bits) => {
    expect(await judge(drawDng({ bits }))).toBeGreaterThan(bits === 8 ? 38 : 45);
  });

  test("either byte order, strips, tiles, deflated: all the same", async () => {
    const { data } = await develop(drawDng());
    const same: Partial<DngSpec>[] = [
      { bigEndian: true },
      { rowsPerStrip: 1 },
      { rowsPerStrip: 7 },
      { tile: { width: 64, height: 48 } },
      { tile: { width: SCENE_SIZE.width, height: 112 } },
      { tile: { width: 70, height: 30 }, bigEndian: true },
      { compression: "deflate", rowsPerStrip: 20 },
    ];
    for (const spec of same) expectSame((await develop(drawDng(spec))).data, data);
  });

  test("lossless JPEG with each predictor, in one or two components: all the same", async () => {
    const { data } = await develop(drawDng());
    for (const predictor of [1, 2, 3, 4, 5, 6, 7]) {
      for (const components of [1, 2]) {
        const compression = { predictor, components };
        for (const layout of [{ rowsPerStrip: 40 }, { tile: { width: 64, height: 48 } }]) {
          expectSame((await develop(drawDng({ compression, ...layout }))).data, data);
        }
      }
    }
    const restarts = { predictor: 6, components: 1, restartRows: 5 };
    expectSame((await develop(drawDng({ compression: restarts }))).data, data);
  });

  test("lossless JPEG of another shape than its tile, as some cameras write it", async () => {
    const { data } = await develop(drawDng());
    const compression = { predictor: 6, components: 1, rowsInOne: 2 };
    const tile = { width: 64, height: 48 };
    expectSame((await develop(drawDng({ compression, tile }))).data, data);
  });

  test("lossy JPEG of three colours, through the curve that the file has for it", async () => {
    const light = sceneValues(null);
    const size = { width: 80, height: 112 };
    const tiles = [0, 80].map((left) => {
      const values = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => {
        const [x, y] = [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width)];
        const column = Math.min(left + x, SCENE_SIZE.width - 1);
        const row = Math.min(y, SCENE_SIZE.height - 1);
        const value = light[(row * SCENE_SIZE.width + column) * 3 + (i % 3)] ?? 0;
        return Math.round(255 * Math.sqrt(value / 65_535));
      });
      const picture = sharp(values, { raw: { ...size, channels: 3 } });
      return picture.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    });
    const file = drawDng({
      ...{ pattern: null, bits: 8, black: 0, white: 255, tile: size },
      segments: await Promise.all(tiles),
      fields: { 259: short(34_892), 51_009: mapPolynomial(3, [0, 0, 1]) },
    });
    expect(await judge(file)).toBeGreaterThan(45);
    const linear = await develop(
      drawDng({ pattern: null, black: 0, white: 65_535, values: light }),
    );
    expect(psnr((await develop(file)).data, linear.data)).toBeGreaterThan(40);
  });

  test("lossless JPEG of 12 bits as LibRaw reads it", async () => {
    const compression = { predictor: 1, components: 2 };
    const file = drawDng({ bits: 12, compression, tile: { width: 64, height: 48 } });
    expect(await judge(file)).toBeGreaterThan(45);
  });

  test("noise, whose differences have all lengths, comes back exactly", async () => {
    const pick = createRandom(5);
    const values = Uint16Array.from({ length: SCENE_SIZE.width * SCENE_SIZE.height }, () =>
      pick(65_536),
    );
    const plain = await develop(drawDng({ values }));
    for (const predictor of [1, 4, 7]) {
      const compression = { predictor, components: 2 };
      expectSame((await develop(drawDng({ values, compression }))).data, plain.data);
    }
  });

  test("pixels of three colours, raw, as lossless JPEG or in tiles", async () => {
    const file = drawDng({ pattern: null });
    expect((await lab.open(file)).scales).toEqual([1]);
    expect(await judge(file)).toBeGreaterThan(45);
    const { data } = await develop(file);
    const compression = { predictor: 1, components: 3 };
    expectSame((await develop(drawDng({ pattern: null, compression }))).data, data);
    const tile = { width: 64, height: 48 };
    expectSame((await develop(drawDng({ pattern: null, compression, tile }))).data, data);
  });
});

describe("what values mean", () => {
  test("a table, and levels of black that differ by pixel, row and column", async () => {
    const { data } = await develop(drawDng());
    const plain = sceneValues("RGGB");
    const bent = plain.map((value) => value >> 1);
    const table = short(...Array.from({ length: 32_768 }, (_, i) => i * 2));
    const even = await develop(drawDng({ values: bent, fields: { 50_712: table } }));
    expect(psnr(even.data, data)).toBeGreaterThan(60);

    const patterned = plain.map((value, i) => {
      const [x, y] = [i % SCENE_SIZE.width, Math.floor(i / SCENE_SIZE.width)];
      return value + (y % 2) * 200 + (x % 2) * 100;
    });
    const black = long(1000, 1100, 1200, 1300);
    const fields = { 50_713: short(2, 2), 50_714: black };
    const levelled = await develop(drawDng({ values: patterned, white: 60_150, fields }));
    expect(psnr(levelled.data, data)).toBeGreaterThan(45);

    const [columns, rows] = [SCENE_SIZE.width, SCENE_SIZE.height].map((length) =>
      Array.from({ length }, (_, i) => (i % 5) * 40),
    ) as [number[], number[]];
    const uneven = plain.map((value, i) => {
      const [x, y] = [i % SCENE_SIZE.width, Math.floor(i / SCENE_SIZE.width)];
      return value + (columns[x] ?? 0) + (rows[y] ?? 0);
    });
    const deltas = { 50_715: signedRational(...columns), 50_716: signedRational(...rows) };
    const flattened = await develop(drawDng({ values: uneven, fields: deltas }));
    expect(psnr(flattened.data, data)).toBeGreaterThan(60);
  });

  test("pixels that see no light, and those that are not to be shown, are left out", async () => {
    const whole = drawDng({ fields: { 50_829: long(4, 6, 100, 148) } });
    const seen = await seeByLibRaw(whole);
    expect([seen.width, seen.height]).toEqual([142, 96]);
    expect(await judge(whole)).toBeGreaterThan(45);
    const crop = { 50_719: rational(9, 7), 50_720: rational(101, 77) };
    const shown = await develop(drawDng({ fields: { 50_829: long(4, 6, 100, 148), ...crop } }));
    expect([shown.width, shown.height]).toEqual([101, 77]);
    // Their bright spots differ, and so what is white.
    expect(psnr(shown.data, cut(seen, 9, 7, 101, 77))).toBeGreaterThan(35);
  });

  test("a lamp has no tint where the sensor is full before its values are white", async () => {
    const file = drawDng({ white: 65_535 });
    expect(await judge(file)).toBeGreaterThan(45);
    const { data } = await develop(file);
    const lamp = (Math.round(SCENE_SIZE.height * 0.3) * SCENE_SIZE.width + 112) * 3;
    expect([...data.subarray(lamp, lamp + 3)]).toEqual([255, 255, 255]);
  });

  test("the picture is turned upright", async () => {
    const file = drawDng({ mainFields: { 274: short(6) } });
    expect((await lab.open(file)).orientation).toBe(6);
    const made = await lab.convert(file, { format: "png" });
    const { data, ...raw } = await seeByLibRaw(drawDng());
    const upright = await sharp(data, { raw }).rotate(90).raw().toBuffer();
    expect([made.width, made.height]).toEqual([SCENE_SIZE.height, SCENE_SIZE.width]);
    expect(psnr(await sharp(made.file).raw().toBuffer(), upright)).toBeGreaterThan(45);
  });

  test("what was neutral is told as colours, as a place, or is daylight", async () => {
    const told = await develop(
      drawDng({ mainFields: { 50_728: rational(...neutralInDaylight()) } }),
    );
    const placed = { 50_728: null, 50_729: rational(0.3127, 0.329) };
    for (const mainFields of [placed, { 50_728: null }]) {
      expect(psnr((await develop(drawDng({ mainFields }))).data, told.data)).toBeGreaterThan(50);
    }
    expect(psnr((await develop(drawDng())).data, told.data)).toBeLessThan(30);
  });

  test("of two matrices that for daylight is used, as LibRaw does", async () => {
    const warm = signedRational(1.1, -0.5, -0.1, -0.4, 1.2, 0.1, -0.1, 0.3, 0.5);
    const both = { 50_721: warm, 50_722: signedRational(...COLOR_MATRIX.flat()) };
    const lights = { 50_778: short(17), 50_779: short(21) };
    expect(await judge(drawDng({ mainFields: { ...both, ...lights } }))).toBeGreaterThan(45);
  });
});

describe.skipIf(!hasCorpus)("corpus", () => {
  for (const { path, bytes } of readCorpus("raw")) {
    test(`${path} without its large preview`, async () => {
      const file = Buffer.from(bytes);
      const { width } = await lab.open(file);
      for (let at = 0; (at = file.indexOf("\xff\xd8\xff", at + 1, "latin1")) >= 0;) {
        if ((await sharp(file.subarray(at)).metadata()).width === width) file[at] = 0;
      }
      expect((await lab.open(file)).warnings).toEqual([]);
      expect(await judge(file)).toBeGreaterThan(35);
    });
  }
});
