/** JPEG 2000, judged by ImageMagick. */
import { MagickFormat, type IMagickImage } from "@imagemagick/magick-wasm";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  encodePlane,
  joinComponents,
  wrapJp2,
  writeTiled,
  type Plane,
} from "../support/jp2-writer.ts";
import { codeOf, startLab, type Lab, type Pixels } from "../support/lab-client.ts";
import { writeByMagick } from "../support/magick.ts";
import { createRandom } from "../support/random.ts";
import { differFromMagick, drawPlain, PLAIN_SIZES } from "../support/plain-pictures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const write = (
  pixels: Pixels,
  adjust?: (image: IMagickImage) => void,
  format: MagickFormat = MagickFormat.Jp2,
) =>
  writeByMagick(pixels, format, (image) => {
    image.quality = 100;
    adjust?.(image);
  });

const drawPlane = (width: number, height: number): Plane => {
  const { data } = drawPlain(width, height, 1);
  return { width, height, data };
};

/** A flat gradient, so that neighbours may be mistaken for each other without much harm. */
const slope = (width: number, height: number, by: number): Plane => ({
  ...{ width, height },
  data: Uint8Array.from(
    { length: width * height },
    (_, i) => ((i % width) * by + Math.floor(i / width) * 2) & 255,
  ),
});

test("gray, RGB and RGBA come back as they were, boxed or bare, within the plan", async () => {
  for (const channels of [1, 3, 4] as const) {
    for (const [width, height] of PLAIN_SIZES) {
      for (const format of [MagickFormat.Jp2, MagickFormat.J2k]) {
        const pixels = drawPlain(width, height, channels);
        const file = await write(pixels, undefined, format);
        const got = await lab.decode(file);
        expect(got.data).toEqual(pixels.data);
        // A bare codestream does not say what its fourth component is; ImageMagick drops it.
        const isJudged = channels < 4 || format === MagickFormat.Jp2;
        if (isJudged) expect(await differFromMagick(got, file)).toBe(0);
        expect(got.used).toBeLessThanOrEqual(got.planned);
      }
    }
  }
});

test("what takes more than an instance begins with is planned closely, of noise, too", async () => {
  const pick = createRandom(3);
  const pixels = drawPlain(1500, 1000, 3);
  const noise = { ...pixels, data: pixels.data.map(() => pick(256)) };
  for (const file of [await write(pixels), await write(noise)]) {
    const { used, planned } = await lab.decode(file);
    expect(used).toBeGreaterThan(24 * 2 ** 20);
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(used * 1.2);
  }
});

test("lossy, in layers and every order of packets: as ImageMagick reads it", async () => {
  for (const order of ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"]) {
    const file = await write(drawPlain(331, 140, 3), (image) => {
      image.quality = 60;
      image.settings.setDefine(MagickFormat.Jp2, "progression-order", order);
      image.settings.setDefine(MagickFormat.Jp2, "rate", "20,10,5");
    });
    expect(await differFromMagick(await lab.decode(file), file)).toBeLessThanOrEqual(1);
  }
});

test("16 bits become 8, with a warning", async () => {
  const file = await write(drawPlain(131, 40, 3), (image) => (image.depth = 16));
  expect((await lab.open(file)).depth).toBe(16);
  expect((await lab.open(file)).warnings.map(({ code }) => code)).toEqual(["reduced_to_8_bit"]);
  expect(await differFromMagick(await lab.decode(file), file)).toBeLessThanOrEqual(1);
});

test("tiles in any order, reduced too: as one picture would be", async () => {
  const noisy = drawPlane(700, 390);
  const file = await writeTiled(noisy, 256, 2);
  const got = await lab.decode(file);
  expect(Buffer.from(got.data).equals(noisy.data)).toBe(true);
  expect(await differFromMagick(got, file)).toBe(0);
  expect(got.used).toBeLessThanOrEqual(got.planned);
  expect((await lab.open(file)).scales).toEqual([1, 2, 4]);
  const smooth = Uint8Array.from(noisy.data, (_, i) => ((i % 700) + Math.floor(i / 700)) / 5);
  const tiled = await writeTiled({ ...noisy, data: smooth }, 256, 2);
  for (const scale of [2, 4]) {
    const [width, height] = [Math.ceil(700 / scale), Math.ceil(390 / scale)];
    const reduced = await lab.decode(tiled, { scale });
    expect(reduced).toMatchObject({ width, height });
    for (const [i, value] of reduced.data.entries()) {
      const [x, y] = [(i % width) * scale, Math.floor(i / width) * scale];
      expect(Math.abs(value - (smooth[y * 700 + x] as number))).toBeLessThan(3);
    }
  }
});

test("a reduced picture takes a quarter of the pixels, and shows the same", async () => {
  const file = await write(drawPlain(1000, 700, 3));
  const whole = await lab.decode(file);
  const half = await lab.decode(file, { scale: 2 });
  expect(half).toMatchObject({ width: 500, height: 350 });
  const mean = ({ data }: Pixels) => data.reduce((sum, value) => sum + value, 0) / data.length;
  expect(Math.abs(mean(half) - mean(whole))).toBeLessThan(1);
  expect((await lab.open(file)).scales).toEqual([1, 2, 4, 8, 16, 32]);
});

test("YCC with coarse chroma becomes RGB", async () => {
  const [width, height] = [131, 40];
  const planes = [slope(131, 40, 1), slope(66, 20, 3), slope(66, 20, 2)];
  const files = await Promise.all(planes.map((plane) => encodePlane(plane, 2)));
  const codestream = joinComponents(width, height, [
    { file: files[0] as Buffer },
    { file: files[1] as Buffer, dx: 2, dy: 2 },
    { file: files[2] as Buffer, dx: 2, dy: 2 },
  ]);
  for (const file of [wrapJp2(codestream, { colour: 18 }), codestream]) {
    const got = await lab.decode(file);
    const at = (x: number, y: number) => {
      const [luma, cb, cr] = planes.map(({ data, width: wide }, i) => {
        const step = i === 0 ? 1 : 2;
        return data[Math.floor(y / step) * wide + Math.floor(x / step)] as number;
      }) as [number, number, number];
      const rgb = [
        luma + 1.402 * (cr - 128),
        luma - 0.344 * (cb - 128) - 0.714 * (cr - 128),
        luma + 1.772 * (cb - 128),
      ];
      return rgb.map((value) => Math.max(0, Math.min(255, value)));
    };
    for (const [x, y] of [
      [0, 0],
      [1, 1],
      [2, 0],
      [130, 39],
      [77, 20],
    ] as const) {
      const seen = [...got.data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
      for (const [c, value] of at(x, y).entries())
        expect(Math.abs((seen[c] as number) - value)).toBeLessThan(1);
    }
  }
});

test("a palette gives its colours", async () => {
  const plane = { width: 16, height: 4, data: Uint8Array.from({ length: 64 }, (_, i) => i % 5) };
  const palette = [[255, 0, 0], [0, 255, 0], [1, 2, 3], [90, 80, 70]]; // prettier-ignore
  const codestream = joinComponents(16, 4, [{ file: await encodePlane(plane, 1) }]);
  const { data, channels } = await lab.decode(wrapJp2(codestream, { colour: 16, palette }));
  expect(channels).toBe(3);
  // An index that has no colour is taken for the last.
  expect([...data]).toEqual(
    [...plane.data].flatMap((index) => palette[Math.min(index, 3)] as number[]),
  );
});

test("channels are what the file says they are", async () => {
  const planes = [drawPlane(40, 30), slope(40, 30, 3), slope(40, 30, 5), slope(40, 30, 7)];
  const files = await Promise.all(
    planes.map(async (plane) => ({ file: await encodePlane(plane, 1) })),
  );
  const codestream = joinComponents(40, 30, files);
  const alphaFirst = wrapJp2(codestream, {
    colour: 16,
    meanings: [[0, 1, 0], [1, 0, 3], [2, 0, 2], [3, 0, 1]], // prettier-ignore
  });
  const got = await lab.decode(alphaFirst);
  const wanted = Array.from(
    { length: 4 * 40 * 30 },
    (_, i) => planes[[3, 2, 1, 0][i % 4] as number]?.data[i >> 2],
  );
  expect([...got.data]).toEqual(wanted);
  const multiplied = wrapJp2(codestream, {
    colour: 16,
    meanings: [[0, 0, 1], [1, 0, 2], [2, 0, 3], [3, 2, 0]], // prettier-ignore
  });
  const { data } = await lab.decode(multiplied);
  for (let i = 0; i < 40 * 30; i++) {
    const alpha = planes[3]?.data[i] as number;
    const stored = planes[0]?.data[i] as number;
    const straight = alpha === 0 ? 0 : Math.min(255, Math.round((stored * 255) / alpha));
    expect([data[i * 4], data[i * 4 + 3]]).toEqual([straight, alpha]);
  }
  const pair = joinComponents(40, 30, files.slice(0, 2));
  const gray = await lab.decode(wrapJp2(pair, { colour: 17, meanings: [[0, 0, 1], [1, 1, 0]] })); // prettier-ignore
  expect([...gray.data]).toEqual(
    Array.from({ length: 4 * 40 * 30 }, (_, i) => planes[i % 4 === 3 ? 1 : 0]?.data[i >> 2]),
  );
});

test("inks become colours", async () => {
  const plane = (value: number): Plane => ({
    width: 8,
    height: 8,
    data: new Uint8Array(64).fill(value),
  });
  const inks = async (...values: number[]) => {
    const files = await Promise.all(
      values.map(async (value) => ({ file: await encodePlane(plane(value), 1) })),
    );
    const { data } = await lab.decode(wrapJp2(joinComponents(8, 8, files), { colour: 12 }));
    return [...data.subarray(0, 3)] as [number, number, number];
  };
  for (const value of await inks(0, 0, 0, 0)) expect(value).toBeGreaterThan(245);
  for (const value of await inks(0, 0, 0, 255)) expect(value).toBeLessThan(70);
  const [red, green, blue] = await inks(0, 255, 255, 0);
  expect(red).toBeGreaterThan(200);
  expect(Math.max(green, blue)).toBeLessThan(80);
});

test("profile, EXIF and XMP are found", async () => {
  const icc = (await sharp(await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } }).withIccProfile("p3").png().toBuffer()).metadata()).icc as Buffer; // prettier-ignore
  const files = await Promise.all(
    [1, 2, 3].map(async (by) => ({ file: await encodePlane(slope(8, 8, by), 1) })),
  );
  const exif = Buffer.from("49492a000800000001001201030001000000060000000000000000", "hex");
  const xmp = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
  const file = wrapJp2(joinComponents(8, 8, files), {
    colour: icc,
    uuids: [
      ["be7acfcb97a942e89c71999491e3afac", xmp],
      ["4a706754696666457869662d3e4a5032", exif],
    ],
  });
  const { metadata, orientation, icc: found } = await lab.open(file);
  expect(Buffer.from(found ?? "", "base64").equals(icc)).toBe(true);
  expect(Buffer.from(metadata.xmp ?? "", "base64").equals(xmp)).toBe(true);
  expect(Buffer.from(metadata.exif ?? "", "base64").equals(exif)).toBe(true);
  expect(orientation).toBe(6);
});

test("cut off anywhere: truncated_image", async () => {
  for (const file of [
    await write(drawPlain(331, 140, 3)),
    await write(drawPlain(331, 140, 3), undefined, MagickFormat.J2k),
    await writeTiled(drawPlane(300, 200), 128, 1),
  ]) {
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
      expect(await codeOf(lab.decode(cut)), `${tenth}`).toBe("truncated_image");
    }
    expect(await codeOf(lab.decode(file.subarray(0, 60)))).toBe("truncated_image");
  }
});

/** The file with other bytes behind one of its markers. */
function change(file: Buffer, marker: number, offset: number, ...bytes: number[]): Buffer {
  const at = file.indexOf(Buffer.from([marker >> 8, marker & 255]));
  const changed = Buffer.from(file);
  changed.set(bytes, at + 2 + offset);
  return changed;
}
const [SIZE, CODING, TILE_PART] = [0xff51, 0xff52, 0xff90];

test("impossible heads end in an error, at once", async () => {
  const file = await write(drawPlain(331, 140, 3));
  const cases = [
    ["no width", "invalid_image", change(file, SIZE, 4, 0, 0, 0, 0)],
    ["tiles of nothing", "invalid_image", change(file, SIZE, 20, 0, 0, 0, 0)],
    ["a tile elsewhere", "invalid_image", change(file, SIZE, 28, 0, 0, 9, 0)],
    ["millions of tiles", "invalid_image", change(file, SIZE, 20, 0, 0, 0, 1, 0, 0, 0, 1)],
    ["samples of 32 bits", "unsupported_feature", change(file, SIZE, 38, 31)],
    ["no components", "invalid_image", change(file, SIZE, 36, 0, 0)],
    ["blocks too large", "invalid_image", change(file, CODING, 8, 12, 12)],
    ["more packets than bytes", "invalid_image", change(file, CODING, 4, 255, 255)],
    ["another tile", "invalid_image", change(file, TILE_PART, 2, 0, 7)],
  ] as const; // prettier-ignore
  for (const [name, code, changed] of cases) {
    const start = Date.now();
    expect(await codeOf(lab.decode(changed)), name).toBe(code);
    expect(Date.now() - start).toBeLessThan(5000);
  }
  const side = [0, 1, 0, 0, 0, 1, 0, 0];
  const giant = change(change(file, SIZE, 4, ...side), SIZE, 20, ...side);
  expect(await codeOf(lab.convert(giant, { format: "png" }))).toBe("too_many_pixels");
  const wide = [0, 0, 32, 0, 0, 0, 32, 0];
  const large = change(change(file, SIZE, 4, ...wide), SIZE, 20, ...wide);
  expect(await codeOf(lab.convert(large, { format: "png" }))).toBe("memory_limit");
});

test("damaged bytes end in an error or a picture, at once", async () => {
  const pick = createRandom(7);
  for (const file of [
    await write(drawPlain(131, 40, 4)),
    await writeTiled(drawPlane(300, 200), 128, 1),
  ]) {
    for (let round = 0; round < 150; round++) {
      const damaged = Buffer.from(file);
      for (let i = 0; i <= round % 4; i++) damaged[pick(round % 2 ? 200 : file.length)] = pick(256);
      const start = Date.now();
      const code = await codeOf(lab.convert(damaged, { format: "png" }));
      const known = ["no error", "invalid_image", "truncated_image", "unsupported_feature", "memory_limit", "too_many_pixels", "unsupported_input_format"]; // prettier-ignore
      expect(known).toContain(code);
      expect(Date.now() - start).toBeLessThan(5000);
    }
  }
});
