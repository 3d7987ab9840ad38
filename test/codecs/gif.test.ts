/** GIF in the real runtime, judged by sharp and by what was written. */
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GifSpec, packCodes, type Rgb, subBlocks, writeGif } from "../support/gif-writer.ts";
import { codeOf, type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { expectSame } from "../support/expect-same.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** As sharp sees it, RGBA. */
async function judge(file: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await sharp(file).toColourspace("srgb").ensureAlpha().raw().toBuffer());
}

/** As RGBA; what is not painted is transparent black. */
function toRgba({ width, height, channels, data }: Pixels): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const [r = 0, g = r, b = r, alpha = 255] = data.subarray(i * channels, (i + 1) * channels);
    rgba.set([r, g, b, alpha], i * 4);
  }
  return rgba;
}

const makePalette = (count: number): Rgb[] =>
  Array.from({ length: count }, (_, i) => [(i * 37 + 9) % 256, (i * 91 + 5) % 256, 255 - i]);

const SIZES: [number, number][] = [
  [1, 1],
  [3, 2],
  [67, 41],
  [200, 129],
];

/** Runs and noise. */
function makeIndices(count: number, colours: number): number[] {
  const random = createRandom(count + colours);
  const indices: number[] = [];
  while (indices.length < count) {
    const run = random(3) === 0 ? 1 + random(60) : 1;
    const index = random(colours);
    for (let i = 0; i < run; i++) indices.push(index);
  }
  return indices.slice(0, count);
}

function makeSpec([width, height]: [number, number], colours: number, more: Partial<GifSpec> = {}) {
  const indices = makeIndices(width * height, colours);
  const codeBits = Math.max(2, Math.ceil(Math.log2(colours)));
  const palette = makePalette(colours);
  const frame = { width, height, indices };
  return { width, height, palette, codeBits, frames: [frame], ...more } satisfies GifSpec;
}

const paint = (indices: ArrayLike<number>, palette: Rgb[]): number[] =>
  Array.from(indices).flatMap((index) => palette[index] ?? [0, 0, 0]);

describe("decoding gives the pixels that were written", () => {
  test.each([2, 3, 4, 16, 100, 256])("%i colours", async (colours) => {
    for (const size of SIZES) {
      for (const interlaced of [false, true]) {
        const plain = makeSpec(size, colours);
        const [frame] = plain.frames;
        if (!frame) throw new Error("no frame");
        const file = writeGif({ ...plain, frames: [{ ...frame, interlaced }] });
        const ours = await lab.decode(file);
        expectSame(ours.data, paint(frame.indices, plain.palette));
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
        expectSame(toRgba(ours), await judge(file));
      }
    }
  });

  test("GIF87a, a table that stays full, data without a first clear", async () => {
    const size: [number, number] = [300, 200];
    for (const more of [
      { version: "87a" as const },
      { keepFullTable: true },
      { noFirstClear: true },
    ]) {
      const spec = makeSpec(size, 200, more);
      const ours = await lab.decode(writeGif(spec));
      expectSame(ours.data, paint(spec.frames[0]?.indices ?? [], spec.palette));
    }
  });

  test("files of another encoder", async () => {
    const noise = makePhoto(320, 240);
    for (const options of [{}, { interlace: true }, { colours: 5 }]) {
      const file = await sharp(noise, { raw: { width: 320, height: 240, channels: 3 } })
        .gif(options)
        .toBuffer();
      expectSame(toRgba(await lab.decode(file)), await judge(file));
    }
  });

  test("a frame that is not the whole canvas leaves the rest transparent", async () => {
    const palette = makePalette(4);
    const frame = { x: 3, y: 20, width: 5, height: 30, palette, indices: makeIndices(150, 4) };
    for (const interlaced of [false, true]) {
      const file = writeGif({
        width: 11,
        height: 60,
        codeBits: 2,
        frames: [{ ...frame, interlaced }],
      });
      const ours = await lab.decode(file);
      const expected = new Uint8Array(11 * 60 * 4);
      frame.indices.forEach((index, i) => {
        const at = (20 + Math.floor(i / 5)) * 11 + 3 + (i % 5);
        expected.set([...(palette[index] as Rgb), 255], at * 4);
      });
      expect([ours.width, ours.height, ours.channels]).toEqual([11, 60, 4]);
      expect(ours.data).toEqual(expected);
    }
  });

  test("a frame that is larger than the canvas makes it larger", async () => {
    const spec = makeSpec([20, 10], 4, { width: 4, height: 0 });
    const ours = await lab.decode(writeGif(spec));
    expect([ours.width, ours.height, ours.channels]).toEqual([20, 10, 3]);
  });

  test("the transparent index, and indices beyond the palette", async () => {
    const palette = makePalette(4);
    const indices = [0, 1, 2, 3, 9, 2, 1, 0];
    const frame = { width: 4, height: 2, indices, transparentIndex: 2 };
    const ours = await lab.decode(
      writeGif({ width: 4, height: 2, palette, codeBits: 4, frames: [frame] }),
    );
    const expected = indices.flatMap((index) =>
      index === 2 ? [0, 0, 0, 0] : [...(palette[index] ?? [0, 0, 0]), 255],
    );
    expect([...ours.data]).toEqual(expected);
  });

  test("a gray palette is one channel", async () => {
    const palette = Array.from({ length: 256 }, (_, i): Rgb => [i, i, i]);
    const spec = makeSpec([30, 20], 256, { palette });
    const ours = await lab.decode(writeGif(spec));
    expect(ours.channels).toBe(1);
    expect([...ours.data]).toEqual(Array.from(spec.frames[0]?.indices ?? []));
  });

  test("an animation gives its first frame and says so; a still picture says nothing", async () => {
    const spec = makeSpec([40, 30], 16);
    const [frame] = spec.frames;
    if (!frame) throw new Error("no frame");
    const other = { ...frame, indices: makeIndices(1200, 3), palette: makePalette(3) };
    const animation = writeGif({
      ...spec,
      frames: [frame, other, { ...other, transparentIndex: 1 }],
    });
    const ours = await lab.convert(animation, { format: "png" });
    expect(ours.warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
    expect(ours.warnings[0]?.message).toContain("3 frames");
    const pixels = await sharp(ours.file).removeAlpha().raw().toBuffer();
    expectSame(pixels, paint(frame.indices, spec.palette));
    expect((await lab.convert(writeGif(spec), { format: "png" })).warnings).toEqual([]);
  });

  test("comments, other extensions and a profile before the frame", async () => {
    const icc = Buffer.alloc(600, "profile");
    const extensions = [
      Uint8Array.of(0x21, 0xfe, ...subBlocks(Buffer.alloc(70_000, "comment"))),
      Uint8Array.of(0x21, 0xff, 11, ...Buffer.from("NETSCAPE2.0"), 3, 1, 0, 0, 0),
      Uint8Array.of(0x21, 0xff, 11, ...Buffer.from("ICCRGBG1012"), ...subBlocks(icc)),
    ];
    const file = writeGif(makeSpec([40, 30], 16, { extensions }));
    const header = await lab.open(file);
    expect([header.width, header.height]).toEqual([40, 30]);
    expect(Buffer.from(header.metadata.icc ?? "", "base64").equals(icc)).toBe(true);
  });
});

/** Smooth shapes with a little noise, RGB. */
function makePhoto(width: number, height: number): Uint8Array {
  const random = createRandom(5);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    data[i] = 128 + 60 * Math.sin(x / 50 + (i % 3)) + 50 * Math.cos(y / 31) + random(6);
  }
  return data;
}

describe("files that are wrong", () => {
  const whole = (interlaced: boolean): Buffer => {
    const spec = makeSpec([120, 90], 200);
    return writeGif({ ...spec, frames: spec.frames.map((frame) => ({ ...frame, interlaced })) });
  };

  test.each([false, true])(
    "cut at ten points: truncated_image, interlaced %s",
    async (interlaced) => {
      const file = whole(interlaced);
      for (let tenth = 0; tenth < 10; tenth++) {
        const cut = file.subarray(0, Math.max(6, Math.floor((file.length * tenth) / 10)));
        expect(await codeOf(lab.decode(cut)), `${tenth}/10`).toBe("truncated_image");
      }
      expect(await codeOf(lab.decode(file.subarray(0, -1))), "no trailer").toBe("truncated_image");
    },
  );

  test("cut in a later frame: truncated_image", async () => {
    const spec = makeSpec([50, 40], 16);
    const file = writeGif({ ...spec, frames: [...spec.frames, ...spec.frames] });
    expect(await codeOf(lab.decode(file))).toBe("no error");
    expect(await codeOf(lab.decode(file.subarray(0, -100)))).toBe("truncated_image");
  });

  const withData = (data: ArrayLike<number>, codeBits = 2): Buffer =>
    writeGif({
      ...{ width: 3, height: 2, codeBits, palette: makePalette(4) },
      frames: [{ width: 3, height: 2, indices: [], data: subBlocks(data) }],
    });

  test("codes that cannot be, too few pixels and wrong sizes of codes: invalid_image", async () => {
    const wrong = {
      "a code before it is made": packCodes([
        [4, 3],
        [1, 3],
        [7, 3],
        [1, 3],
      ]),
      "a string right after a clear": packCodes([
        [4, 3],
        [6, 3],
        [1, 3],
      ]),
      "an end too early": packCodes([
        [4, 3],
        [1, 3],
        [1, 3],
        [5, 3],
      ]),
      "data too short": packCodes([
        [4, 3],
        [1, 3],
      ]),
      "no data": [],
    };
    for (const [name, data] of Object.entries(wrong)) {
      expect(await codeOf(lab.decode(withData(data))), name).toBe("invalid_image");
    }
    for (const codeBits of [0, 1, 9, 12, 255]) {
      expect(await codeOf(lab.decode(withData([0, 0, 0], codeBits)))).toBe("invalid_image");
    }
  });

  test("more data than pixels are no harm", async () => {
    const data = packCodes([[4, 3], ...Array.from({ length: 9 }, () => [1, 3] as const), [5, 3]]);
    const extra = packCodes([
      [4, 3],
      [1, 3],
      [6, 3],
      [7, 3],
      [1, 3],
      [1, 4],
      [1, 4],
      [5, 4],
    ]);
    for (const bytes of [extra, [...extra, ...data, ...Array.from({ length: 999 }, () => 77)]]) {
      expect((await lab.decode(withData(bytes))).data.length).toBe(18);
    }
  });

  test("headers that cannot be: invalid_image", async () => {
    const spec = makeSpec([20, 10], 4);
    const [frame] = spec.frames;
    if (!frame) throw new Error("no frame");
    const { palette: _, ...withoutPalette } = spec;
    const wrong = {
      "0 wide": { ...spec, frames: [{ ...frame, width: 0 }] },
      "0 high": { ...spec, frames: [{ ...frame, height: 0 }] },
      "no palette": withoutPalette,
      "no frame": { ...spec, frames: [] },
      "an unknown block": { ...spec, extensions: [Uint8Array.of(0x77)] },
      "extensions without end": {
        ...spec,
        extensions: Array.from({ length: 2000 }, () => Uint8Array.of(0x21, 0xfe, 0)),
      },
    };
    for (const [name, bad] of Object.entries(wrong)) {
      expect(await codeOf(lab.open(writeGif(bad))), name).toBe("invalid_image");
    }
  });

  test("a canvas of 65535 x 65535 is read: limits are not the codec's", async () => {
    const file = writeGif(makeSpec([20, 10], 4, { width: 65_535, height: 65_535 }));
    expect(await lab.open(file)).toMatchObject({ width: 65_535, height: 65_535 });
    expect(await codeOf(lab.convert(file, { format: "png" }))).toBe("too_many_pixels");
  });

  test("after 200 of them the codec works as before", async () => {
    const random = createRandom(9);
    const good = [whole(false), whole(true)] as const;
    const expected = [await judge(good[0]), await judge(good[1])];
    const allowed = ["no error", "invalid_image", "truncated_image", "memory_limit"];
    for (let i = 0; i < 200; i++) {
      const bad = Buffer.from(good[i % 2] ?? good[0]);
      for (let k = 0; k < 3; k++) bad[6 + random(bad.length - 6)] = random(256);
      expect(allowed).toContain(await codeOf(lab.decode(bad.subarray(0, 60 + random(bad.length)))));
    }
    for (const [i, file] of good.entries()) {
      expectSame(toRgba(await lab.decode(file)), expected[i] ?? []);
    }
  });
});

describe("encoding", () => {
  const encode = async (pixels: Pixels) => {
    const { file, planned, used } = await lab.encode("gif", pixels);
    expect(used).toBeLessThanOrEqual(planned);
    const { format, width, height } = await sharp(file).metadata();
    expect([format, width, height]).toEqual(["gif", pixels.width, pixels.height]);
    return file;
  };

  test.each([1, 2, 3, 5, 17, 128, 255, 256])("%i colours come back exactly", async (colours) => {
    for (const [width, height] of SIZES) {
      const data = Uint8Array.from(
        paint(makeIndices(width * height, colours), makePalette(colours)),
      );
      const pixels: Pixels = { width, height, channels: 3, data };
      const file = await encode(pixels);
      expectSame(await judge(file), toRgba(pixels));
      expectSame(toRgba(await lab.decode(file)), toRgba(pixels));
    }
  });

  test("what a file hides in its indices is not carried on", async () => {
    const indices = Array.from({ length: 880 }, (_, i) => (i * 7) % 256);
    const spec = { width: 40, height: 22, palette: makePalette(256), codeBits: 8 };
    const file = writeGif({ ...spec, frames: [{ width: 40, height: 22, indices }] });
    const again = await lab.convert(file, { format: "gif" });
    expectSame(await judge(again.file), await judge(file));
    const start = file.indexOf(Uint8Array.of(8, 255)) + 2;
    const data = file.subarray(start, start + 200);
    expect(Buffer.from(again.file).includes(data)).toBe(false);
  });

  test("gray comes back exactly, in one channel", async () => {
    const data = Uint8Array.from(makeIndices(300 * 200, 256));
    const pixels: Pixels = { width: 300, height: 200, channels: 1, data };
    const file = await encode(pixels);
    expectSame(await judge(file), toRgba(pixels));
    expect(await lab.decode(file)).toMatchObject({ channels: 1, data });
  });

  test("few colours with transparency come back exactly; alpha is all or nothing", async () => {
    for (const colours of [1, 3, 100, 255]) {
      const palette = makePalette(colours);
      const data = Uint8Array.from(
        makeIndices(90 * 70, colours).flatMap((index, i) => [
          ...(palette[index] as Rgb),
          [0, 127, 128, 255][(i >> 4) % 4] as number,
        ]),
      );
      const file = await encode({ width: 90, height: 70, channels: 4, data });
      const expected = data.slice();
      for (let i = 0; i < data.length; i += 4) {
        if ((data[i + 3] as number) < 128) expected.fill(0, i, i + 4);
        else expected[i + 3] = 255;
      }
      expectSame(toRgba(await lab.decode(file)), expected);
      const theirs = await judge(file);
      for (let i = 3; i < expected.length; i += 4) expect(theirs[i]).toBe(expected[i]);
    }
  });

  test("a picture without any painted pixel, and one whose alpha is full", async () => {
    const none = await encode({ width: 5, height: 4, channels: 4, data: new Uint8Array(80) });
    expect((await lab.decode(none)).data).toEqual(new Uint8Array(80));
    const full = await encode({
      width: 5,
      height: 4,
      channels: 4,
      data: new Uint8Array(80).fill(255),
    });
    expect(await lab.decode(full)).toMatchObject({ channels: 1 });
  });

  test("256 colours beside transparent pixels are one too many, and still close", async () => {
    const palette = makePalette(256);
    const data = Uint8Array.from(
      makeIndices(200 * 200, 256).flatMap((index, i) => [
        ...(palette[index] as Rgb),
        i % 50 === 0 ? 0 : 255,
      ]),
    );
    const file = await encode({ width: 200, height: 200, channels: 4, data });
    const ours = (await lab.decode(file)).data;
    for (let i = 3; i < data.length; i += 4) expect(ours[i]).toBe(data[i]);
    for (let i = 0; i < data.length; i += 200) data.fill(0, i, i + 4);
    expect(psnr(ours, data)).toBeGreaterThan(38);
  });

  test("photos are within 1 dB of sharp's", async () => {
    const pixels: Pixels = { width: 900, height: 600, channels: 3, data: makePhoto(900, 600) };
    const ours = await sharp(await encode(pixels))
      .removeAlpha()
      .raw()
      .toBuffer();
    const theirs = await sharp(pixels.data, { raw: { width: 900, height: 600, channels: 3 } })
      .gif()
      .toBuffer();
    const judged = await sharp(theirs).removeAlpha().raw().toBuffer();
    const [ourDb, theirDb] = [psnr(ours, pixels.data), psnr(judged, pixels.data)];
    expect(ourDb, `sharp: ${theirDb}`).toBeGreaterThan(theirDb - 1);
  });

  test("noise, whose colours are as many as its pixels", async () => {
    const random = createRandom(3);
    const data = Uint8Array.from({ length: 700 * 500 * 3 }, () => random(256));
    const file = await encode({ width: 700, height: 500, channels: 3, data });
    expect(psnr(await sharp(file).removeAlpha().raw().toBuffer(), data)).toBeGreaterThan(20);
  });

  test("gradients have no wide bands", async () => {
    const [width, height] = [1024, 128];
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < width * height; i++) {
      const level = (i % width) / width;
      data.set([40 + 100 * level, 90 + 120 * level, 200 + 30 * level + (i >> 16)], i * 3);
    }
    const file = await encode({ width, height, channels: 3, data });
    const blurred = async (image: Sharp) => await image.removeAlpha().blur(8).raw().toBuffer();
    const ours = await blurred(sharp(file));
    const raw = { raw: { width, height, channels: 3 as const } };
    expect(psnr(ours, await blurred(sharp(data, raw)))).toBeGreaterThan(44);
  });

  test("a picture with a profile is written in sRGB", async () => {
    const colours = sharp({
      create: { width: 40, height: 30, channels: 3, background: "#c08040" },
    });
    const png = await colours.withIccProfile("p3").png().toBuffer();
    const { file } = await lab.convert(png, { format: "gif" });
    const [r = 0, g = 0, b = 0] = await judge(file);
    for (const [got, wanted] of [
      [r, 0xc0],
      [g, 0x80],
      [b, 0x40],
    ] as const) {
      expect(Math.abs(got - wanted)).toBeLessThanOrEqual(2);
    }
  });

  test("a photo of 12 megapixels fits beside its decoder", async () => {
    const jpeg = await sharp({
      create: { width: 4000, height: 3000, channels: 3, background: "#a63" },
    })
      .composite([
        {
          input: await sharp(makePhoto(900, 600), { raw: { width: 900, height: 600, channels: 3 } })
            .png()
            .toBuffer(),
          tile: true,
        },
      ])
      .jpeg()
      .toBuffer();
    const { planned, used, width } = await lab.convert(jpeg, { format: "gif" });
    expect(width).toBe(4000);
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(60 * 1024 * 1024);
  });
});
