/** What the JPEG decoder promises, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLab, type Lab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { drawPhoto, judge, toSharp, writeJpeg422, writeRestarts } from "./jpeg-fixtures.ts";

const MIB = 1024 * 1024;
const SIZES = [
  [1, 1],
  [7, 13],
  [17, 33],
  [320, 200],
] as const;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const files: Record<string, (width: number, height: number) => Promise<Uint8Array>> = {
  "baseline 4:2:0": (w, h) => toSharp(drawPhoto(w, h)).jpeg({ quality: 90 }).toBuffer(),
  "baseline 4:4:4": (w, h) =>
    toSharp(drawPhoto(w, h)).jpeg({ chromaSubsampling: "4:4:4" }).toBuffer(),
  "baseline 4:2:2": (w, h) => writeJpeg422(drawPhoto(w, h)),
  "progressive 4:2:0": (w, h) => toSharp(drawPhoto(w, h)).jpeg({ progressive: true }).toBuffer(),
  "progressive 4:4:4": (w, h) =>
    toSharp(drawPhoto(w, h)).jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
  gray: (w, h) =>
    toSharp(drawPhoto(w, h, 1))
      .jpeg()
      .toBuffer(),
  "progressive gray": (w, h) =>
    toSharp(drawPhoto(w, h, 1))
      .jpeg({ progressive: true })
      .toBuffer(),
};

describe.each(Object.keys(files))("%s", (kind) => {
  it.each(SIZES)("%i x %i decodes exactly as in sharp", async (width, height) => {
    const file = (await files[kind]?.(width, height)) as Uint8Array;
    const picture = await lab.decode(file);
    const expected = await judge(file);
    expect(picture).toMatchObject({ width, height, rows: height, channels: expected.channels });
    expect(psnr(picture.data, expected.data)).toBe(Infinity);
  });

  it("shrinks while decoding to the sides rounded up, within its memory plan", async () => {
    const file = (await files[kind]?.(1237, 811)) as Uint8Array;
    const whole = await judge(file);
    for (const scale of [1, 2, 4, 8]) {
      const picture = await lab.decode(file, { scale });
      const [width, height] = [Math.ceil(1237 / scale), Math.ceil(811 / scale)];
      expect(picture).toMatchObject({ width, height, rows: height });
      const expected = await sharp(whole.data, { raw: whole })
        .resize(width, height, { fit: "fill", kernel: "linear" })
        .toColourspace(whole.channels === 1 ? "b-w" : "srgb")
        .raw()
        .toBuffer();
      expect(psnr(picture.data, expected)).toBeGreaterThan(scale === 1 ? 60 : 22);
      expect(picture.used).toBeLessThanOrEqual(picture.planned);
      expect(picture.planned).toBeLessThanOrEqual(picture.used * 1.5 + 2 * MIB);
    }
  });
});

it("offers reductions by 2, 4 and 8 and says what the file is", async () => {
  const file = await toSharp(drawPhoto(60, 40)).jpeg().toBuffer();
  expect(await lab.open(file)).toMatchObject({
    ...{ format: "jpg", width: 60, height: 40, channels: 3, depth: 8, frames: 1, orientation: 1 },
    ...{ scales: [1, 2, 4, 8], warnings: [], icc: null },
  });
});

it.each([1, 3, 8])("decodes restart markers every %i blocks", async (interval) => {
  const file = writeRestarts(9, 7, interval);
  const picture = await lab.decode(file);
  expect(psnr(picture.data, (await judge(file)).data)).toBe(Infinity);
});

it("decodes the extended sequential process of 8 bits", async () => {
  const file = writeRestarts(9, 7, 3);
  const expected = (await judge(file)).data;
  const extended = Buffer.from(file);
  extended[extended.indexOf("ffc0", 0, "hex") + 1] = 0xc1;
  expect(psnr((await lab.decode(extended)).data, expected)).toBe(Infinity);
});

describe("a height that is told after the first scan", () => {
  const photo = toSharp(drawPhoto(75, 53));

  /** Without its height in the frame, and with `segment` behind the first scan. */
  function moveHeight(file: Buffer, segment: string): Buffer {
    const frame = Math.max(file.indexOf("ffc0", 0, "hex"), file.indexOf("ffc2", 0, "hex"));
    const open = Buffer.from(file);
    open.writeUInt16BE(0, frame + 5);
    let end = file.indexOf("ffda", 0, "hex") + 2;
    while (file[end] !== 0xff || file[end + 1] === 0) end++;
    return Buffer.concat([open.subarray(0, end), Buffer.from(segment, "hex"), open.subarray(end)]);
  }

  it.each([false, true])("is used, progressive: %s", async (progressive) => {
    const file = await photo.clone().jpeg({ progressive }).toBuffer();
    const picture = await lab.decode(moveHeight(file, "ffdc00040035"));
    expect(picture).toMatchObject({ width: 75, height: 53, rows: 53 });
    expect(psnr(picture.data, (await judge(file)).data)).toBe(Infinity);
  });

  it.each([
    ["missing", ""],
    ["0", "ffdc00040000"],
    ["more than the data have", "ffdc00042000"],
  ])("is refused if %s", async (_name, segment) => {
    const file = moveHeight(await photo.clone().jpeg().toBuffer(), segment);
    const code = expect.stringMatching(/^(invalid|truncated)_image$/);
    await expect(lab.decode(file)).rejects.toMatchObject({ code });
  });
});

it("delivers CMYK as sRGB", async () => {
  const file = await toSharp(drawPhoto(200, 120)).toColourspace("cmyk").jpeg().toBuffer();
  expect(await sharp(file).metadata()).toMatchObject({ space: "cmyk", channels: 4 });
  for (const scale of [1, 2]) {
    const picture = await lab.decode(file, { scale });
    expect(picture).toMatchObject({ channels: 3, width: 200 / scale, height: 120 / scale });
    expect(picture.used).toBeLessThanOrEqual(picture.planned);
  }
  const picture = await lab.decode(file);
  const expected = await sharp(file).toColourspace("srgb").raw().toBuffer();
  expect(psnr(picture.data, expected)).toBeGreaterThan(18);
  expect((await lab.open(file)).icc).toBeNull();
});

it("reads EXIF, orientation, ICC and XMP", async () => {
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>';
  const file = await toSharp(drawPhoto(32, 32))
    .withExif({ IFD0: { Artist: "somebody" } })
    .withMetadata({ orientation: 6 })
    .withIccProfile("p3")
    .withXmp(xmp)
    .jpeg()
    .toBuffer();
  const header = await lab.open(file);
  const expected = await sharp(file).metadata();
  const bytes = (base64: string | null) => Buffer.from(base64 ?? "", "base64");
  expect(header.orientation).toBe(6);
  expect(bytes(header.icc)).toEqual(expected.icc);
  expect(bytes(header.metadata.icc)).toEqual(expected.icc);
  expect(bytes(header.metadata.exif)).toEqual(expected.exif?.subarray(6));
  expect(bytes(header.metadata.xmp).toString()).toBe(xmp);
});

it("joins a profile that spans segments, and drops one that lacks a part or is too large", async () => {
  const file = await toSharp(drawPhoto(32, 32)).jpeg().toBuffer();
  const profile = new Uint8Array(200_000).fill(7);
  profile.set(Buffer.from("RGB "), 16);
  const size = 60_000;
  const count = Math.ceil(profile.length / size);
  const segments = Array.from({ length: count }, (_, i) => {
    const part = profile.subarray(i * size, (i + 1) * size);
    const head = Buffer.from([0xff, 0xe2, 0, 0, ...Buffer.from("ICC_PROFILE\0"), i + 1, count]);
    head.writeUInt16BE(part.length + 16, 2);
    return Buffer.concat([head, part]);
  });
  const build = (parts: Buffer[]) =>
    Buffer.concat([file.subarray(0, 2), ...parts, file.subarray(2)]);

  const whole = await lab.open(build(segments.toReversed()));
  expect(Buffer.from(whole.icc ?? "", "base64")).toEqual(Buffer.from(profile));
  expect(whole.warnings).toEqual([]);

  const part = await lab.open(build(segments.slice(1)));
  expect(part.icc).toBeNull();
  expect(part.warnings.map(({ code }) => code)).toEqual(["metadata_dropped"]);

  const many = Array.from({ length: 90 }, (_, i) => {
    const segment = Buffer.from(segments[0] ?? []);
    segment.set([i + 1, 90], 16);
    return segment;
  });
  const large = await lab.open(build(many));
  expect(large.icc).toBeNull();
  expect(large.warnings.map(({ code }) => code)).toEqual(["metadata_dropped"]);
});

it("ignores a profile for another colour space", async () => {
  const gray = await toSharp(drawPhoto(32, 32, 1))
    .jpeg()
    .toBuffer();
  const profile = new Uint8Array(128);
  profile.set(Buffer.from("RGB "), 16);
  const head = Buffer.from([0xff, 0xe2, 0, 144, ...Buffer.from("ICC_PROFILE\0"), 1, 1]);
  const file = Buffer.concat([gray.subarray(0, 2), head, profile, gray.subarray(2)]);
  const header = await lab.open(file);
  expect(header.icc).toBeNull();
  expect(header.warnings.map(({ code }) => code)).toEqual(["profile_ignored"]);
});
