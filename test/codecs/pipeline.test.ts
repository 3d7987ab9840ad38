/** Conversions through plan and runner in the real runtime, judged by sharp. */
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MEMORY_BUDGET_BYTES } from "../../src/limits.ts";
import { LabError, startLab, type Lab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

/** The formats that sharp reads and writes. */
const SHARP_NAMES = { jpg: "jpeg", png: "png", webp: "webp", tiff: "tiff" } as const;
type SharpFormat = keyof typeof SHARP_NAMES;
const FORMATS = Object.keys(SHARP_NAMES) as SharpFormat[];

/** Its TIFFs are JPEGs inside unless it is told otherwise. */
const save = (image: Sharp, format: SharpFormat, quality = 90): Promise<Buffer> =>
  format === "tiff"
    ? image.tiff({ compression: "lzw" }).toBuffer()
    : image.toFormat(SHARP_NAMES[format], { quality }).toBuffer();

/** Smooth, with some texture. Channels: 1 gray, 3 colour, 4 with alpha in a soft disc. */
function picture(width: number, height: number, channels: 1 | 3 | 4) {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = [
        (200 * x) / width + 20 * Math.sin(x / 9),
        (200 * y) / height + 20 * Math.sin(y / 7),
        100 + 60 * Math.sin((x + y) / 31),
        255 * Math.min(1, Math.max(0, 1.5 - Math.hypot(x / width - 0.5, y / height - 0.5) * 3)),
      ];
      for (let c = 0; c < channels; c++) data[i++] = Math.max(0, Math.min(255, pixel[c] ?? 0));
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

const pixelsOf = (file: Uint8Array) => sharp(file).raw().toBuffer({ resolveWithObject: true });

async function failure(work: Promise<unknown>): Promise<LabError> {
  const error = await work.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof LabError) return error;
  throw error;
}

describe("every format to every format", () => {
  for (const input of FORMATS) {
    for (const format of FORMATS) {
      it.for([
        [null, null],
        [150, null],
        [200, 200],
      ] as const)(`${input} to ${format}, %o × %o`, async ([width, height]) => {
        const file = await save(picture(400, 300, 3), input, 95);
        const ours = await lab.convert(file, { format, width, height, fit: "cover", quality: 95 });
        const whole = await sharp(file).png().toBuffer();
        const theirs = await sharp(whole).resize(width, height, { fit: "cover" }).raw().toBuffer();
        const { data, info } = await pixelsOf(ours.file);
        expect([info.width, info.height]).toEqual([ours.width, ours.height]);
        expect((await sharp(ours.file).metadata()).format).toBe(SHARP_NAMES[format]);
        // WebP halves the colours' resolution at any quality.
        expect(psnr(data, theirs)).toBeGreaterThan(format === "webp" ? 31 : 36);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);
        expect(ours.used).toBeGreaterThan(0);
        expect(ours.warnings).toEqual([]);
      });
    }
  }
});

describe("channels", () => {
  it("gray stays gray where the format can", async () => {
    for (const input of ["jpg", "png"] as const) {
      const gray = picture(120, 90, 1).toColourspace("b-w");
      const file = await gray.toFormat(SHARP_NAMES[input]).toBuffer();
      for (const format of FORMATS) {
        const ours = await lab.convert(file, { format, width: 60 });
        const { channels } = await sharp(ours.file).metadata();
        expect(channels).toBe(format === "webp" ? 3 : 1);
      }
    }
  });

  it("gray padded with a colour becomes colour, with a gray stays gray", async () => {
    const file = await picture(120, 90, 1).toColourspace("b-w").png().toBuffer();
    const options = { format: "png", width: 50, height: 50, fit: "contain" } as const;
    for (const [background, channels, corner] of [
      [{ r: 200, g: 10, b: 20, alpha: 1 }, 3, [200, 10, 20]],
      [{ r: 70, g: 70, b: 70, alpha: 1 }, 1, [70]],
      [null, 4, [0, 0, 0, 0]],
      [{ r: 0, g: 0, b: 255, alpha: 0.5 }, 4, [0, 0, 255, 128]],
    ] as const) {
      const { file: result } = await lab.convert(file, { ...options, background });
      expect((await sharp(result).metadata()).channels).toBe(channels);
      const { data } = await sharp(result).raw().toBuffer({ resolveWithObject: true });
      if (channels > 1) expect([...data.subarray(0, channels)]).toEqual(corner);
      else expect(data[0]).toBe(70);
    }
  });

  it("alpha survives where the format can", async () => {
    const file = await picture(200, 150, 4).png().toBuffer();
    for (const format of ["png", "webp"] as const) {
      const ours = await lab.convert(file, { format, width: 80, lossless: true });
      const theirs = await sharp(file).resize(80).raw().toBuffer();
      const { data, info } = await pixelsOf(ours.file);
      expect(info.channels).toBe(4);
      const alpha = (pixels: Uint8Array) => pixels.filter((_, i) => i % 4 === 3);
      expect(psnr(alpha(data), alpha(theirs))).toBeGreaterThan(40);
    }
  });

  it.for([
    [null, { r: 255, g: 255, b: 255 }],
    [
      { r: 0, g: 0, b: 0, alpha: 1 },
      { r: 0, g: 0, b: 0 },
    ],
    [
      { r: 12, g: 250, b: 99, alpha: 1 },
      { r: 12, g: 250, b: 99 },
    ],
    [
      { r: 0, g: 0, b: 255, alpha: 0.5 },
      { r: 128, g: 128, b: 255 },
    ],
  ] as const)("JPEG flattens on %o", async ([background, color]) => {
    const file = await picture(200, 150, 4).png().toBuffer();
    for (const width of [200, 90, 300]) {
      const ours = await lab.convert(file, { format: "jpg", quality: 100, width, background });
      const flat = await sharp(file).flatten({ background: color }).png().toBuffer();
      const theirs = await sharp(flat).resize({ width }).raw().toBuffer();
      expect(psnr((await pixelsOf(ours.file)).data, theirs)).toBeGreaterThan(34);
    }
  });

  it("an opaque background flattens formats with alpha, too; a translucent one does not", async () => {
    const file = await picture(100, 80, 4).png().toBuffer();
    const background = { r: 1, g: 2, b: 3, alpha: 1 };
    const flat = await lab.convert(file, { format: "png", background });
    expect((await sharp(flat.file).metadata()).channels).toBe(3);
    const kept = await lab.convert(file, {
      format: "png",
      background: { ...background, alpha: 0 },
    });
    expect((await sharp(kept.file).metadata()).channels).toBe(4);
  });
});

describe("colour and metadata", () => {
  it("an sRGB profile goes when metadata is stripped and stays when not", async () => {
    const file = await picture(100, 80, 3).withIccProfile("srgb").png().toBuffer();
    const { icc } = await sharp(file).metadata();
    expect(icc).toBeDefined();
    const stripped = await lab.convert(file, { format: "jpg" });
    expect((await sharp(stripped.file).metadata()).icc).toBeUndefined();
    const kept = await lab.convert(file, { format: "jpg", stripMetadata: false });
    expect((await sharp(kept.file).metadata()).icc).toEqual(icc);
  });

  /** A gray profile with a gamma of 1, the shortest there can be. */
  function linearGrayProfile(): string {
    const icc = Buffer.alloc(128 + 4 + 2 * 12 + 20 + 16);
    icc.writeUInt32BE(icc.length, 0);
    icc.writeUInt32BE(0x02100000, 8);
    icc.write("mntrGRAYXYZ ", 12, "latin1");
    icc.write("acsp", 36, "latin1");
    icc.writeUInt32BE(2, 128);
    icc.write("wtpt", 132, "latin1");
    icc.writeUInt32BE(156, 136);
    icc.writeUInt32BE(20, 140);
    icc.write("kTRC", 144, "latin1");
    icc.writeUInt32BE(176, 148);
    icc.writeUInt32BE(12, 152);
    icc.write("XYZ ", 156, "latin1");
    for (const [i, value] of [0xf6d6, 0x10000, 0xd32d].entries()) {
      icc.writeUInt32BE(value, 164 + 4 * i);
    }
    icc.write("curv", 176, "latin1");
    return icc.toString("base64");
  }

  it("a gray profile is carried by gray files and converted for others", async () => {
    const icc = linearGrayProfile();
    const data = new Uint8Array(64).fill(55);
    const pixels = { width: 8, height: 8, channels: 1, data } as const;
    const { file } = await lab.encode("png", pixels, {}, { icc });
    const gray = await lab.convert(file, { format: "png" });
    expect((await sharp(gray.file).metadata()).icc?.toString("base64")).toBe(icc);
    const webp = await lab.convert(file, { format: "webp", lossless: true });
    expect((await sharp(webp.file).metadata()).icc).toBeUndefined();
    // 55 / 255 of the light is 128 in sRGB.
    const [red = 0] = (await pixelsOf(webp.file)).data;
    expect(Math.abs(red - 128)).toBeLessThanOrEqual(1);
    expect([...gray.warnings, ...webp.warnings]).toEqual([]);
  });

  it("a damaged profile is dropped with a warning", async () => {
    const icc = Buffer.alloc(200, 7).toString("base64");
    const pixels = {
      width: 8,
      height: 8,
      channels: 3,
      data: new Uint8Array(192).fill(99),
    } as const;
    const { file } = await lab.encode("jpg", pixels, {}, { icc });
    const ours = await lab.convert(file, { format: "png" });
    expect(ours.warnings.map(({ code }) => code)).toEqual(["profile_ignored"]);
    expect((await sharp(ours.file).metadata()).icc).toBeUndefined();
  });
});

describe("limits", () => {
  /** A PNG header and nothing behind it. */
  async function pngHeader(width: number, height: number): Promise<Uint8Array> {
    const file = await picture(8, 8, 3).png().toBuffer();
    const head = Buffer.from(file.subarray(0, 33));
    head.writeUInt32BE(width, 16);
    head.writeUInt32BE(height, 20);
    let crc = 0xffffffff;
    for (const byte of head.subarray(12, 29)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    head.writeUInt32BE(~crc >>> 0, 29);
    return Buffer.concat([head, file.subarray(33)]);
  }

  it("a header that claims 60000×60000 is refused from the header alone", async () => {
    const error = await failure(lab.convert(await pngHeader(60_000, 60_000), { format: "png" }));
    expect(error.code).toBe("too_many_pixels");
    expect(error.message).toContain("60000×60000");
    expect(error.message).toContain("16384");
  });

  it("too many pixels with sides that are allowed, in and out", async () => {
    const input = await failure(lab.convert(await pngHeader(16_000, 16_000), { format: "png" }));
    expect([input.code, input.message.includes("80000000")]).toEqual(["too_many_pixels", true]);
    const file = await picture(100, 100, 3).png().toBuffer();
    const options = { format: "png", width: 16_000, height: 16_000, fit: "fill" } as const;
    expect((await failure(lab.convert(file, options))).code).toBe("too_many_pixels");
    const tall = await picture(20, 400, 3).png().toBuffer();
    const wide = await failure(lab.convert(tall, { format: "png", width: 1000 }));
    expect(wide.code).toBe("too_many_pixels");
  });

  it("no pixels at all is an invalid picture", async () => {
    const error = await failure(lab.convert(await pngHeader(0, 0), { format: "png" }));
    expect(error.code).toBe("invalid_image");
  });

  it("an empty file and an unknown one are told apart", async () => {
    expect((await failure(lab.convert(new Uint8Array(0), { format: "png" }))).code).toBe(
      "empty_file",
    );
    const text = new TextEncoder().encode("hello, this is no picture");
    expect((await failure(lab.convert(text, { format: "png" }))).code).toBe(
      "unsupported_input_format",
    );
  });

  it("a truncated picture is an error in every format, and memory is returned", async () => {
    for (const input of FORMATS) {
      const file = await save(picture(300, 200, 3), input);
      for (const part of [0.5, 0.9]) {
        const cut = file.subarray(0, Math.floor(file.length * part));
        const error = await failure(lab.convert(cut, { format: "png", width: 100 }));
        expect(["truncated_image", "invalid_image"]).toContain(error.code);
      }
      expect((await lab.memory()).reserved).toBe(0);
      const again = await lab.convert(file, { format: "png", width: 100 });
      expect(again.width).toBe(100);
    }
  });
});

describe("pixel art", () => {
  it("hqx enlarges by whole factors, then to the exact size", async () => {
    const data = new Uint8Array(16 * 16 * 4).map((_, i) =>
      i % 4 === 3 ? 255 : (i >> 2) % 16 > i >> 6 ? 250 : 20,
    );
    const file = await sharp(data, { raw: { width: 16, height: 16, channels: 4 } })
      .png()
      .toBuffer();
    for (const [width, height] of [
      [32, 32],
      [64, 64],
      [40, 40],
      [100, 100],
      [16, 16],
      [8, 8],
    ] as const) {
      const ours = await lab.convert(file, { format: "png", width, kernel: "hqx" });
      expect([ours.width, ours.height]).toEqual([width, height]);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
      // A clean diagonal: the corners keep their colours.
      const { data: pixels, info } = await pixelsOf(ours.file);
      expect(pixels[(width - 1) * info.channels]).toBeGreaterThan(230);
      expect(pixels[width * (height - 1) * info.channels]).toBeLessThan(40);
    }
  });

  it("hqx refuses what it cannot hold", async () => {
    const file = await picture(1100, 1000, 3).png().toBuffer();
    const error = await failure(lab.convert(file, { format: "png", width: 2200, kernel: "hqx" }));
    expect(error.code).toBe("memory_limit");
  });
});

describe("many at once", () => {
  it("20 conversions all end, within the budget", async () => {
    const file = await picture(2000, 1500, 3).jpeg().toBuffer();
    let most = 0;
    const watch = setInterval(() => {
      void lab.memory().then(({ held }) => (most = Math.max(most, held)));
    }, 20);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        lab.convert(file, { format: FORMATS[i % 3] ?? "png", width: 500 + 10 * i }),
      ),
    );
    clearInterval(watch);
    for (const [i, { width, used, planned }] of results.entries()) {
      expect(width).toBe(500 + 10 * i);

      expect(used).toBeLessThanOrEqual(planned);
    }
    const { held, reserved } = await lab.memory();
    expect(Math.max(most, held)).toBeLessThanOrEqual(MEMORY_BUDGET_BYTES);
    expect(reserved).toBe(0);
  });
});

describe("instances are used again", () => {
  it.for([
    ["jpg", { format: "png" }],
    ["png", { format: "jpg" }],
    ["png", { format: "jpg", effort: "max" }],
    ["webp", { format: "png" }],
    ["png", { format: "webp" }],
    ["png", { format: "png", width: 300, kernel: "hqx" }],
  ] as const)("without growing: %s to %o", async ([input, options]) => {
    const size = "kernel" in options ? 100 : 800;
    const file = await picture(size, size, 3).toFormat(SHARP_NAMES[input]).toBuffer();
    const first = await lab.convert(file, options);
    await lab.convert(file, options);
    const { held } = await lab.memory();
    for (let i = 0; i < 5; i++) {
      const again = await lab.convert(file, options);
      expect(psnr(again.file, first.file)).toBe(Infinity);
      expect(again.used).toBeLessThanOrEqual(again.planned);
    }
    expect((await lab.memory()).held).toBeLessThanOrEqual(held);
  });
});
