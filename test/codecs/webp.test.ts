import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLab, type Lab, type LabError, type Pixels } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  await lab.close();
});

/** Soft shapes, edges and some grain; alpha fades from corner to corner with a hole in it. */
function draw(width: number, height: number, channels: 3 | 4): Pixels {
  const data = new Uint8Array(width * height * channels);
  let seed = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const at = (y * width + x) * channels;
      const disc = Math.hypot(x - width / 2, y - height / 3) < width / 4 ? 90 : 0;
      const grain = seed % 12;
      data[at] = (x * 160) / width + disc / 2 + grain;
      data[at + 1] = 80 + 60 * Math.sin(y / 19) + disc / 2 + grain;
      data[at + 2] = (y * 150) / height + grain + 40 * Math.cos((x + y) / 31) + 40;
      if (channels === 4) {
        const fade = (255 * (x + y)) / (width + height);
        data[at + 3] = Math.hypot(x - width / 2, y - height / 2) < width / 8 ? 0 : fade;
      }
    }
  }
  return { width, height, channels, data };
}

const asSharp = ({ width, height, channels, data }: Pixels) =>
  sharp(data, { raw: { width, height, channels } });

const bySharp = async (file: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await sharp(file).raw().toBuffer());

const failure = (promise: Promise<unknown>): Promise<LabError> =>
  promise.then(
    () => Promise.reject(new Error("it succeeded")),
    (error: unknown) => error as LabError,
  );

const SIZES = [
  [1, 1],
  [2, 3],
  [17, 1],
  [1, 33],
  [255, 257],
  [640, 480],
] as const;

describe("decoding", () => {
  test.each(SIZES)("%i × %i: pixels are libwebp's, whatever the coding", async (width, height) => {
    for (const channels of [3, 4] as const) {
      for (const options of [{ quality: 75 }, { lossless: true }]) {
        const file = await asSharp(draw(width, height, channels))
          .webp(options)
          .toBuffer();
        const decoded = await lab.decode(file);
        const expected = await sharp(file).raw().toBuffer({ resolveWithObject: true });
        expect(decoded).toMatchObject({ width, height, rows: height });
        expect(decoded.channels).toBe(expected.info.channels);
        expect(psnr(decoded.data, new Uint8Array(expected.data))).toBe(Infinity);
        expect(decoded.used).toBeLessThanOrEqual(decoded.planned);
      }
    }
  });

  test("memory stays within its plan for large pictures of every coding", async () => {
    for (const channels of [3, 4] as const) {
      for (const options of [{ effort: 1 }, { effort: 0, lossless: true }]) {
        const file = await asSharp(draw(2100, 1500, channels))
          .webp(options)
          .toBuffer();
        const { used, planned } = await lab.decode(file);
        expect(used).toBeLessThanOrEqual(planned);
        // Whether a lossy picture needs several windows is known only when it is decoded.
        expect(planned).toBeLessThan(used * 1.6 + 512 * 1024);
      }
    }
  });

  test.each([false, true])("a file cut anywhere is an error (lossless: %s)", async (lossless) => {
    const file = await asSharp(draw(320, 240, 4))
      .webp({ lossless })
      .toBuffer();
    for (let tenth = 0; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.max(16, Math.floor((file.length * tenth) / 10)));
      expect((await failure(lab.decode(cut))).code).toBe("truncated_image");
    }
    expect((await failure(lab.decode(file.subarray(0, -1)))).code).toBe("truncated_image");
  });

  test("data cut short behind sizes that agree is an error", async () => {
    for (const lossless of [false, true]) {
      const file = await asSharp(draw(320, 240, 3))
        .webp({ lossless })
        .toBuffer();
      const cut = file.subarray(0, (file.length >> 1) & ~1);
      const view = new DataView(cut.buffer, cut.byteOffset);
      view.setUint32(4, cut.length - 8, true);
      view.setUint32(16, cut.length - 20, true);
      expect((await failure(lab.decode(cut))).code).toBe("truncated_image");
    }
  });

  test("sizes that are zero, contradict each other or are not there are refused", async () => {
    const zero = new Uint8Array(
      await asSharp(draw(8, 8, 3))
        .webp()
        .toBuffer(),
    );
    zero.set([0, 0], 26);
    expect((await failure(lab.open(zero))).code).toBe("invalid_image");

    const extended = new Uint8Array(
      await asSharp(draw(8, 8, 3))
        .webp()
        .withExif({ IFD0: { Software: "test" } })
        .toBuffer(),
    );
    extended[24] = 9;
    expect((await failure(lab.open(extended))).code).toBe("invalid_image");

    const huge = new Uint8Array(
      await asSharp(draw(8, 8, 3))
        .webp({ lossless: true })
        .toBuffer(),
    );
    new DataView(huge.buffer).setUint32(21, 0x0fff_ffff, true);
    expect(await lab.open(huge)).toMatchObject({ width: 16_384, height: 16_384 });
    expect((await failure(lab.decode(huge))).code).toBe("truncated_image");
  });

  test("orientation and metadata are read, with and without the prefix of JPEG's EXIF", async () => {
    const file = await asSharp(draw(40, 30, 3))
      .webp()
      .withMetadata({ orientation: 6, icc: "p3" })
      .toBuffer();
    const header = await lab.open(file);
    const { icc, exif } = await sharp(file).metadata();
    expect(header).toMatchObject({ width: 40, height: 30, orientation: 6, depth: 8, channels: 3 });
    expect(header.metadata.icc).toBe(icc?.toString("base64"));
    const bare = exif?.subarray(0, 4).toString("latin1") === "Exif" ? exif.subarray(6) : exif;
    expect(header.metadata.exif).toBe(bare?.toString("base64"));
  });

  test("200 damaged files in a row leave it able to work", async () => {
    const good = await asSharp(draw(96, 64, 4))
      .webp()
      .toBuffer();
    const other = await asSharp(draw(96, 64, 3))
      .webp({ lossless: true })
      .toBuffer();
    let seed = 7;
    const random = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
    for (let i = 0; i < 200; i++) {
      const bad = new Uint8Array(i % 2 ? good : other);
      for (let n = 0; n < 12; n++) bad[20 + random(bad.length - 20)] = random(256);
      const code = await lab.decode(bad).then(
        () => "decoded",
        (error: LabError) => error.code,
      );
      expect([
        "decoded",
        "invalid_image",
        "truncated_image",
        "memory_limit",
        "unsupported_feature",
      ]).toContain(code);
    }
    expect(psnr((await lab.decode(good)).data, await bySharp(good))).toBe(Infinity);
  });
});

describe("encoding", () => {
  test.each(SIZES)("%i × %i: as close and as small as sharp's", async (width, height) => {
    for (const channels of [3, 4] as const) {
      const pixels = draw(width, height, channels);
      const { file, used, planned } = await lab.encode("webp", pixels, { quality: 80 });
      const reference = await asSharp(pixels).webp({ quality: 80, effort: 4 }).toBuffer();
      expect(await sharp(file).metadata()).toMatchObject({ format: "webp", width, height });
      expect(file.length).toBeLessThanOrEqual(reference.length * 1.03 + 16);
      expect(used).toBeLessThanOrEqual(planned);
      const ours = psnr(await visible(file), await visible(asSharp(pixels).png()));
      const theirs = psnr(await visible(reference), await visible(asSharp(pixels).png()));
      expect(ours).toBeGreaterThanOrEqual(theirs - 0.2);
    }
  });

  test.each(["fast", "default", "max"] as const)("lossless is exact (%s)", async (effort) => {
    for (const channels of [3, 4] as const) {
      const pixels = draw(210, 133, channels);
      const { file } = await lab.encode("webp", pixels, { lossless: true, effort });
      const raw = await sharp(file).raw().toBuffer();
      for (let i = 0; i < raw.length; i += channels) {
        // What is fully transparent has no colour to keep.
        if (channels === 4 && pixels.data[i + 3] === 0) continue;
        for (let c = 0; c < channels; c++) {
          if (raw[i + c] !== pixels.data[i + c]) expect.fail(`differs at ${i}`);
        }
      }
    }
  });

  test("alpha survives lossy coding exactly", async () => {
    const pixels = draw(300, 200, 4);
    const { file } = await lab.encode("webp", pixels, { quality: 30 });
    const raw = await sharp(file).raw().toBuffer();
    for (let i = 3; i < raw.length; i += 4) {
      if (raw[i] !== pixels.data[i]) expect.fail(`alpha differs at ${i}`);
    }
  });

  test("quality and effort mean something", async () => {
    const pixels = draw(400, 300, 3);
    const size = async (options: object) => (await lab.encode("webp", pixels, options)).file.length;
    expect(await size({ quality: 30 })).toBeLessThan(await size({ quality: 90 }));
    expect(await size({ effort: "max" })).toBeLessThan(await size({ effort: "fast" }));
  });

  test("noise, which takes the most memory, stays within the plan", async () => {
    for (const [width, height] of [
      [700, 500],
      [1500, 1300],
    ] as const) {
      for (const channels of [3, 4] as const) {
        const pixels = draw(width, height, channels);
        let seed = 3;
        for (let i = 0; i < pixels.data.length; i++) {
          pixels.data[i] = (seed = (seed * 48_271) % 2_147_483_647) & 255;
        }
        const { file, used, planned } = await lab.encode("webp", pixels, { quality: 100 });
        expect(await sharp(file).metadata()).toMatchObject({ width, height });
        expect(used).toBeLessThanOrEqual(planned);
      }
    }
  });

  test("a grainy photo of 6 megapixels, whose file is larger than a smooth one's, fits", async () => {
    for (const grain of [20, 60]) {
      const pixels = await drawGrain(3000, 2000, grain);
      const { file, used, planned } = await lab.encode("webp", pixels, { quality: 80 });
      expect(await sharp(file).metadata()).toMatchObject({ width: 3000, height: 2000 });
      expect(used).toBeLessThanOrEqual(planned);
      expect(planned).toBeLessThanOrEqual(64 * 1024 * 1024);
    }
  });

  async function drawGrain(width: number, height: number, sigma: number): Promise<Pixels> {
    const noise = { type: "gaussian", mean: 128, sigma } as const;
    const { data } = await sharp({
      create: { width, height, channels: 3, background: "gray", noise },
    })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width, height, channels: 3, data };
  }

  test("12 megapixels fit beside a decoder that streams, smooth or grainy", async () => {
    for (const pixels of [draw(4032, 3024, 3), await drawGrain(4032, 3024, 12)]) {
      const { file, used, planned } = await lab.encode("webp", pixels, { quality: 80 });
      expect(await sharp(file).metadata()).toMatchObject({ width: 4032, height: 3024 });
      expect(used).toBeLessThanOrEqual(planned);
      expect(planned).toBeLessThanOrEqual(88 * 1024 * 1024);
    }
  });

  test("lossless tries less hard where more would not fit, and refuses what cannot fit", async () => {
    const blank = (width: number, height: number): Pixels => {
      return { width, height, channels: 3, data: new Uint8Array(width * height * 3) };
    };
    const { used, planned } = await lab.encode("webp", blank(1800, 1000), { lossless: true });
    expect(used).toBeLessThanOrEqual(planned);
    expect(planned).toBeLessThan(64 * 1024 * 1024);
    const refused = failure(lab.encode("webp", blank(4000, 2500), { lossless: true }));
    expect((await refused).code).toBe("memory_limit");
  });

  test("lossless tries less hard, too, where others leave less room", async () => {
    const pixels = draw(640, 480, 3);
    const file = await asSharp(pixels).png().toBuffer();
    const budget = 40 * 1024 * 1024;
    const made = await lab.convert(file, { format: "webp", lossless: true }, budget);
    expect(made.planned).toBeLessThanOrEqual(budget);
    expect(made.used).toBeLessThanOrEqual(made.planned);
    expect(Buffer.compare(await bySharp(made.file), pixels.data)).toBe(0);
    const roomy = await lab.convert(file, { format: "webp", lossless: true });
    expect(roomy.planned).toBeGreaterThan(budget);
    expect(roomy.file.length).toBeLessThan(made.file.length);
  });

  test("a side the format cannot hold is refused", async () => {
    const pixels = draw(16_384, 1, 3);
    expect((await failure(lab.encode("webp", pixels))).code).toBe("too_many_pixels");
  });

  test.each([
    [3, false],
    [4, false],
    [3, true],
    [4, true],
  ] as const)("metadata is carried (%i channels, lossless: %s)", async (channels, lossless) => {
    const source = await asSharp(draw(50, 40, 3))
      .jpeg()
      .withMetadata({ icc: "p3" })
      .toBuffer();
    const { icc, exif: prefixed } = await sharp(source).metadata();
    const exif = prefixed?.subarray(6);
    const xmp = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
    const pixels = draw(51, 41, channels);
    const metadata = {
      icc: icc?.toString("base64") ?? "",
      exif: exif?.toString("base64") ?? "",
      xmp: xmp.toString("base64"),
    };
    const { file } = await lab.encode("webp", pixels, { lossless }, metadata);
    const found = await sharp(file).metadata();
    expect(found).toMatchObject({ width: 51, height: 41, hasAlpha: channels === 4 });
    expect(found.icc?.equals(icc as Buffer)).toBe(true);
    expect(found.xmp?.equals(xmp)).toBe(true);
    expect((await lab.open(file)).metadata).toEqual(metadata);
    const { file: bare } = await lab.encode("webp", pixels, { lossless });
    expect(psnr((await lab.decode(file)).data, await bySharp(bare))).toBe(Infinity);
  });
});

/** As seen on gray: colours under full transparency do not count. */
async function visible(picture: Uint8Array | Sharp): Promise<Uint8Array> {
  const encoded = picture instanceof Uint8Array ? picture : await picture.toBuffer();
  const flat = sharp(encoded, { ignoreIcc: true }).flatten({ background: "#808080" });
  return new Uint8Array(await flat.removeAlpha().raw().toBuffer());
}
