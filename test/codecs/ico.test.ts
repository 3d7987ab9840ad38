/** Icons both ways, judged by decode-ico, and by sharp where an entry is a PNG. */
import decodeIco from "decode-ico";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeDib, writeIco, type IcoPicture } from "../support/ico-writer.ts";
import { codeOf, type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** Every picture of an icon as RGBA. */
function judge(file: Uint8Array) {
  return Promise.all(
    decodeIco(file).map(async ({ type, width, height, bpp, data }) => {
      const rgba = type === "png" ? await sharp(data).ensureAlpha().raw().toBuffer() : data;
      return { type, width, height, bpp, rgba: Buffer.from(rgba) };
    }),
  );
}

/** A soft disc on a gradient. */
function drawDisc(width: number, height: number, channels: 3 | 4 = 4): Pixels {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    const alpha = Math.min(1, Math.max(0, 2 - 4 * Math.hypot(x - 0.5, y - 0.5)));
    data.set([x * 255, y * 255, 120, alpha * 255].slice(0, channels), i * channels);
  }
  return { width, height, channels, data };
}

/** What one sees: the colour of transparent pixels means nothing. */
function onBlack(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => (i % 4 === 3 ? value : (value * (rgba[i | 3] ?? 0)) / 255));
}

/** A picture of every bit depth, with holes. */
function drawKind(bits: IcoPicture["bits"], width = 21, height = 13): IcoPicture {
  const colours = bits <= 8 ? Math.min(1 << bits, 200) : 0;
  const count = width * height * (bits > 8 ? bits / 8 : 1);
  const samples = Array.from({ length: count }, (_, i) => (i * 37) % (colours || 256));
  const palette = Array.from({ length: colours * 4 }, (_, i) => (i % 4 === 3 ? 0 : (i * 29) % 256));
  const mask = Array.from({ length: width * height }, (_, i) => (i % 5 === 0 ? 1 : 0));
  return { width, height, bits, samples, mask, ...(colours > 0 && { palette }) };
}

describe("what is written", () => {
  test("a picture of less than 256 pixels is a bitmap whose pixels are the same", async () => {
    for (const pixels of [drawDisc(61, 40), drawDisc(255, 255), drawDisc(1, 1)]) {
      const { file, used, planned } = await lab.encode("ico", pixels);
      const [picture, ...more] = await judge(file);
      const { width, height } = pixels;
      expect(more).toEqual([]);
      expect(picture).toMatchObject({ type: "bmp", bpp: 32, width, height });
      expect(picture?.rgba.equals(pixels.data)).toBe(true);
      expect(used).toBeLessThanOrEqual(planned);
    }
  });

  test("one of 256 pixels is a PNG of 32 bits, opaque or not", async () => {
    for (const pixels of [drawDisc(256, 256), drawDisc(256, 100), drawDisc(90, 256, 3)]) {
      const { file, used, planned } = await lab.encode("ico", pixels);
      const [picture] = await judge(file);
      expect(picture).toMatchObject({ type: "png", bpp: 32 });
      const { width, height, channels, data } = pixels;
      const wanted = await sharp(data, { raw: { width, height, channels } })
        .ensureAlpha()
        .raw()
        .toBuffer();
      expect(picture?.rgba.equals(wanted)).toBe(true);
      expect(used).toBeLessThanOrEqual(planned);
    }
  });

  test("the mask hides what is more transparent than not", async () => {
    const data = Uint8Array.from([0, 127, 128, 255].flatMap((alpha) => [9, 9, 9, alpha]));
    const { file } = await lab.encode("ico", { width: 4, height: 1, channels: 4, data });
    expect([...file.subarray(-4)]).toEqual([0b1100_0000, 0, 0, 0]);
  });

  test("several sizes are the same picture, as sharp makes it smaller", async () => {
    const pixels = drawDisc(256, 256);
    const iconSizes = [16, 32, 48, 64, 128, 256];
    const { file, used, planned } = await lab.encode("ico", pixels, { iconSizes });
    const pictures = await judge(file);
    expect(pictures.map(({ width, height }) => [width, height])).toEqual(
      iconSizes.map((side) => [side, side]),
    );
    expect(pictures.map(({ type }) => type)).toEqual([...Array(5).fill("bmp"), "png"]);
    for (const { width, rgba } of pictures) {
      const raw = { width: 256, height: 256, channels: 4 } as const;
      const wanted = await sharp(pixels.data, { raw }).resize(width, width).raw().toBuffer();
      expect(psnr(onBlack(rgba), onBlack(wanted))).toBeGreaterThan(38);
    }
    expect(used).toBeLessThanOrEqual(planned);
  });
});

describe("conversions to icons", () => {
  const photo = () =>
    sharp({ create: { width: 900, height: 600, channels: 3, background: "#28c" } });

  test("a large picture is shrunk to fit", async () => {
    const ours = await lab.convert(await photo().png().toBuffer(), { format: "ico" });
    expect([ours.width, ours.height]).toEqual([256, 171]);
    const [picture] = await judge(ours.file);
    expect([picture?.width, picture?.height]).toEqual([256, 171]);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
  });

  test("colours of a wide profile become sRGB", async () => {
    const { data, width, height } = drawDisc(64, 64, 3);
    const raw = { width, height, channels: 3 } as const;
    const file = await sharp(data, { raw }).withIccProfile("p3").png().toBuffer();
    const stored = await lab.decode(file);
    const [picture] = await judge((await lab.convert(file, { format: "ico" })).file);
    if (!picture) throw new Error("an icon without pictures");
    const rgb = new Uint8Array(picture.rgba).filter((_, i) => i % 4 < 3);
    const wanted = await sharp(file).toColourspace("srgb").raw().toBuffer();
    expect(psnr(rgb, wanted)).toBeGreaterThan(45);
    expect(psnr(stored.data, wanted)).toBeLessThan(40);
  });

  test("sizes are padded with transparency, or covered where that is asked for", async () => {
    const file = await photo().jpeg().toBuffer();
    for (const [fit, alpha] of [
      ["inside", 0],
      ["contain", 0],
      ["cover", 255],
      ["fill", 255],
    ] as const) {
      const ours = await lab.convert(file, { format: "ico", iconSizes: [48, 16], fit });
      const pictures = await judge(ours.file);
      expect(pictures.map(({ width, height }) => [width, height])).toEqual([
        [16, 16],
        [48, 48],
      ]);
      for (const { rgba, width } of pictures) {
        expect(rgba[3], `${fit}, corner`).toBe(alpha);
        const middle = ((width / 2) * width + width / 2) * 4;
        expect(Math.abs((rgba[middle + 2] ?? 0) - 0xcc)).toBeLessThan(4);
        expect(rgba[middle + 3]).toBe(255);
      }
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
  });
});

describe("what is read", () => {
  test.for([1, 4, 8, 24, 32] as const)("%i bits with a mask", async (bits) => {
    const file = writeIco([drawKind(bits)]);
    const [wanted] = await judge(file);
    const got = await lab.decode(file);
    expect([got.width, got.height, got.channels]).toEqual([21, 13, 4]);
    expect(wanted?.rgba.equals(got.data)).toBe(true);
    expect(got.used).toBeLessThanOrEqual(got.planned);
  });

  test("32 bits without any alpha: the mask counts, and none is opaque", async () => {
    const kind = drawKind(32);
    const samples = kind.samples.map((value, i) => (i % 4 === 3 ? 0 : value));
    for (const mask of [kind.mask, null]) {
      const { data } = await lab.decode(writeIco([{ ...kind, samples, mask }]));
      const alpha = Array.from({ length: 21 * 13 }, (_, i) => data[i * 4 + 3]);
      expect(alpha).toEqual(alpha.map((_, i) => (mask?.[i] ? 0 : 255)));
    }
  });

  test("the largest picture, then the one of most bits, wherever it is", async () => {
    const png = await sharp(drawDisc(64, 64).data, { raw: { width: 64, height: 64, channels: 4 } })
      .png()
      .toBuffer();
    const small = drawKind(32, 16, 16);
    for (const pictures of [
      [small, png],
      [png, small],
      [drawKind(8, 64, 64), png, drawKind(4, 64, 64)],
    ]) {
      const got = await lab.decode(writeIco(pictures));
      expect([got.width, got.height]).toEqual([64, 64]);
      expect(Buffer.from(got.data).equals(drawDisc(64, 64).data)).toBe(true);
      expect(got.used).toBeLessThanOrEqual(got.planned);
    }
  });

  test("every picture is a page, the largest first; damage is the concern of who asks for it", async () => {
    const file = writeIco([drawKind(8, 16, 16), drawKind(32, 48, 48), drawKind(4, 32, 32)]);
    const made = await lab.convertPages(file, { format: "png", pages: "all" });
    expect(made.map(({ page, width }) => [page, width])).toEqual([
      [1, 48],
      [2, 32],
      [3, 16],
    ]);
    const second = await lab.decode(writeIco([drawKind(4, 32, 32)]));
    const page = await sharp(made[1]?.file).ensureAlpha().raw().toBuffer();
    expect(page.equals(second.data)).toBe(true);
    file.writeUInt32LE(0, 6 + 12); // where the first of the directory is, the third page
    expect((await lab.convertPages(file, { format: "png", pages: "1-2" })).length).toBe(2);
    expect(await codeOf(lab.convert(file, { format: "png", page: 3 }))).toBe("invalid_image");
  });

  test("a cursor", async () => {
    const kind = drawKind(24);
    const icon = await lab.decode(writeIco([kind]));
    expect(await lab.open(writeIco([kind], 2))).toMatchObject({ format: "ico", width: 21 });
    expect((await lab.decode(writeIco([kind], 2))).data).toEqual(icon.data);
  });

  test("what we write", async () => {
    const pixels = drawDisc(48, 48);
    const { file } = await lab.encode("ico", pixels, { iconSizes: [16, 32, 48] });
    expect((await lab.decode(file)).data).toEqual(pixels.data);
  });
});

describe("files that are wrong", () => {
  test("cut at ten points: truncated_image", async () => {
    const large = await lab.encode("ico", drawDisc(256, 256));
    for (const file of [writeIco([drawKind(4), drawKind(32)]), Buffer.from(large.file)]) {
      for (let tenth = 0; tenth < 10; tenth++) {
        const cut = file.subarray(0, Math.max(6, Math.floor((file.length * tenth) / 10)));
        expect(await codeOf(lab.decode(cut)), `${tenth}/10`).toBe("truncated_image");
      }
    }
  });

  const patched = (at: number, bytes: number[], bits: IcoPicture["bits"] = 8): Buffer => {
    const file = writeIco([drawKind(bits)]);
    file.set(bytes, at);
    return file;
  };
  const DIB = 6 + 16;

  test.for([
    ["an offset into the directory", patched(18, [4, 0, 0, 0])],
    ["a picture of 3 bytes", patched(14, [3, 0, 0, 0])],
    ["a header of 12 bytes", patched(DIB, [12, 0, 0, 0])],
    ["0 wide", patched(DIB + 4, [0, 0, 0, 0])],
    ["a negative height", patched(DIB + 8, [0xe6, 0xff, 0xff, 0xff])],
    ["an odd height", patched(DIB + 8, [27, 0, 0, 0])],
    ["257 wide", patched(DIB + 4, [1, 1, 0, 0])],
    ["2^31 - 2 high", patched(DIB + 8, [0xfe, 0xff, 0xff, 0x7f])],
    ["257 colours", patched(DIB + 32, [1, 1, 0, 0])],
    ["more pixels than bytes", patched(DIB + 4, [200, 0, 0, 0])],
  ] as const)("%s: invalid_image", async ([, file]) => {
    expect(await codeOf(lab.decode(file))).toBe("invalid_image");
  });

  test("an offset past the end: truncated_image", async () => {
    expect(await codeOf(lab.decode(patched(18, [255, 255, 255, 255])))).toBe("truncated_image");
  });

  test("compressed bitmaps and 16 bits: unsupported_feature", async () => {
    for (const file of [patched(DIB + 16, [1]), patched(DIB + 14, [16, 0], 32)]) {
      expect(await codeOf(lab.decode(file))).toBe("unsupported_feature");
    }
  });

  test("an index behind the palette is its last colour", async () => {
    const kind = { ...drawKind(8, 2, 1), palette: [1, 2, 3, 0, 4, 5, 6, 0], samples: [1, 200] };
    const { data } = await lab.decode(writeIco([{ ...kind, mask: [0, 0] }]));
    expect([...data]).toEqual([6, 5, 4, 255, 6, 5, 4, 255]);
  });

  test("a damaged PNG inside is as bad as one outside", async () => {
    const { file } = await lab.encode("ico", drawDisc(256, 256));
    const bad = Buffer.from(file);
    bad[bad.length - 200] = (bad[bad.length - 200] ?? 0) ^ 0xff;
    expect(await codeOf(lab.decode(bad))).toBe("invalid_image");
  });

  test("its PNG ends where its entry does, whatever follows", async () => {
    const { file } = await lab.encode("ico", drawDisc(256, 256));
    const bad = Buffer.concat([file, writeDib(drawKind(32))]);
    bad.writeUInt32LE(bad.readUInt32LE(14) - 100, 14);
    expect(await codeOf(lab.decode(bad))).toBe("truncated_image");
  });
});
