/** Targets and conversion_metadata: what comes out, judged by sharp and decode-ico. */
import decodeIco from "decode-ico";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  findWritableFormat,
  isReadable,
  sniffFormat,
  writableFormats,
} from "../../../src/find-format.ts";
import { FORMATS } from "../../../src/formats.ts";
import { judge, resizeSeen } from "../../support/judges.ts";
import { writePdf } from "../../support/pdf-writer.ts";
import { psnr } from "../../support/psnr.ts";
import { psnrAsSeen } from "../../support/psnr-as-seen.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { connect, uploadRequest, type Client } from "./client.ts";

let stack: Stack;
let client: Client;
let png: Buffer;

const SIZE = { width: 120, height: 90 };
const BLACK = { r: 0, g: 0, b: 0, alpha: 1 };

/** A picture that no crop or flip maps to itself. */
function draw(): Sharp {
  const { width, height } = SIZE;
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return (
      [(255 * x) / width, (255 * y) / height, 128 + 100 * Math.sin(x / 9 + y / 13)][i % 3] ?? 0
    );
  });
  return sharp(data, { raw: { ...SIZE, channels: 3 } });
}

/** Gray, opaque on the left half, fully transparent on the right. */
function drawHalfTransparent(): Promise<Buffer> {
  const { width, height } = SIZE;
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    i % 4 < 3 ? 100 : Math.floor(i / 4) % width < width / 2 ? 255 : 0,
  );
  return sharp(data, { raw: { ...SIZE, channels: 4 } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  stack = await startTestStack();
  client = connect(stack);
  png = await draw().png().toBuffer();
});
afterAll(() => stack?.close());

const convert = (target: string, metadata?: unknown, bytes = png) =>
  client.convert({ bytes, target, metadata });

const pixelsOf = (picture: Buffer | Sharp) =>
  ("raw" in picture ? picture : sharp(picture)).raw().toBuffer({ resolveWithObject: true });

/** How near a result is to what sharp makes, which must have the same size. */
async function compare(ours: Buffer, theirs: Buffer | Sharp): Promise<number> {
  const [a, b] = await Promise.all([pixelsOf(ours), pixelsOf(theirs)]);
  expect([a.info.width, a.info.height]).toEqual([b.info.width, b.info.height]);
  return psnr(a.data, b.data);
}

describe("targets", () => {
  /** Whether a file shows the picture that was sent, to a decoder of somebody else's. */
  const showsPicture = async (format: string, file: Uint8Array): Promise<void> => {
    const seen = await resizeSeen(await judge(format, file, { size: SIZE }), SIZE);
    expect(psnrAsSeen(seen, await judge("png", png), false)).toBeGreaterThan(28);
  };

  test.each(writableFormats())("%s, which the table of formats has", async (format) => {
    const job = await client.run({ bytes: png, target: format.toUpperCase() });
    expect(job).toMatchObject({ status: "completed", target_format: format });
    const response = await fetch(job.download_url as string);
    expect(response.headers.get("Content-Type")).toBe(FORMATS[format].mimeType);
    const file = new Uint8Array(await response.arrayBuffer());
    // PNGs that move begin like others.
    expect(sniffFormat(file)).toBe(format === "apng" ? "png" : format);
    await showsPicture(format, file);
    // EPS is read by its preview only.
    if (!isReadable(format) || format === "eps") return;
    await showsPicture("jpg", await convert("jpg", {}, Buffer.from(file)));
  });

  /** The page's, and those that clients document. */
  const VENDORS = [
    ...["jpg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic", "ico", "pdf", "svg", "psd"],
    ...["ocr", "jxl", "images", "thumbnail"],
  ];

  test("those that no lane makes yet are the page's 400, which names those there are", async () => {
    const answers = await Promise.all(
      VENDORS.map((target) => client.requestUpload(uploadRequest({ target_format: target }))),
    );
    const shown = answers.map(({ status, body }) => ({ status, success: body["success"] }));
    const expected = VENDORS.map((target) =>
      target === "thumbnail" || target === "images" || findWritableFormat(target)
        ? { status: 200, success: true }
        : { status: 400, success: false },
    );
    expect(shown).toEqual(expected);
    const refused = answers.find(({ status }) => status === 400);
    expect(refused?.body["error"]).toMatch(/jpg, png, webp.*images, thumbnail/);
  });
});

describe("aspect_ratio", () => {
  const POSITIONS = {
    "crop-center": "center",
    "crop-top": "north",
    "crop-bottom": "south",
    "crop-left": "west",
    "crop-right": "east",
  } as const;

  const RATIOS = [
    ["1:1", { width: 90, height: 90 }],
    ["4:3", SIZE],
    ["16:9", { width: 120, height: 68 }],
    ["9:16", { width: 51, height: 90 }],
    ["21:9", { width: 120, height: 51 }],
    ["16:10", { width: 120, height: 75 }],
    ["1.91 : 1", { width: 120, height: 63 }],
  ] as const;

  test.each(RATIOS)(
    "%s is cropped from the centre where nothing else is asked",
    async (ratio, size) => {
      const ours = await convert("png", { aspect_ratio: ratio });
      expect(await compare(ours, sharp(png).resize({ ...size, fit: "cover" }))).toBe(Infinity);
    },
  );

  test.each(Object.keys(POSITIONS) as (keyof typeof POSITIONS)[])(
    "%s keeps that part, across and down",
    async (crop_strategy) => {
      for (const [aspect_ratio, width, height] of [
        ["1:1", 90, 90],
        ["2:1", 120, 60],
      ] as const) {
        const ours = await convert("png", { aspect_ratio, crop_strategy });
        const options = { width, height, position: POSITIONS[crop_strategy] };
        expect(await compare(ours, sharp(png).resize(options))).toBe(Infinity);
      }
    },
  );

  test("original changes nothing", async () => {
    for (const crop_strategy of ["fit", "crop-top"]) {
      const ours = await convert("png", { aspect_ratio: "original", crop_strategy });
      expect(await compare(ours, png)).toBe(Infinity);
    }
  });

  test("custom is custom_width to custom_height", async () => {
    const metadata = { aspect_ratio: "custom", custom_width: 300, custom_height: 200 };
    const ours = await convert("png", { ...metadata, crop_strategy: "crop-left" });
    const theirs = sharp(png).resize({ width: 120, height: 80, position: "west" });
    expect(await compare(ours, theirs)).toBe(Infinity);
  });

  test("fit adds black margins, on every side alike", async () => {
    for (const [aspect_ratio, width, height] of [
      ["1:1", 120, 120],
      ["2:1", 180, 90],
    ] as const) {
      const ours = await convert("png", { aspect_ratio, crop_strategy: "fit" });
      const options = { width, height, fit: "contain", background: BLACK } as const;
      expect(await compare(ours, sharp(png).resize(options))).toBe(Infinity);
    }
  });

  test("fit's margins are opaque, whatever is transparent in the picture", async () => {
    const input = await drawHalfTransparent();
    const metadata = { aspect_ratio: "1:1", crop_strategy: "fit" };
    const { data, info } = await pixelsOf(await convert("png", metadata, input));
    expect(info).toMatchObject({ width: 120, height: 120, channels: 4 });
    const at = (x: number, y: number) => [
      ...data.subarray((y * 120 + x) * 4, (y * 120 + x) * 4 + 4),
    ];
    expect([at(60, 5), at(10, 60), at(110, 60)[3]]).toEqual([
      [0, 0, 0, 255],
      [100, 100, 100, 255],
      0,
    ]);
  });

  test("in a JPEG transparency lies on white, also between black margins", async () => {
    const input = await drawHalfTransparent();
    const plain = await pixelsOf(sharp(await convert("jpg", {}, input)).toColourspace("srgb"));
    expect(plain.data[(45 * 120 + 110) * plain.info.channels]).toBeGreaterThan(250);
    const metadata = { aspect_ratio: "1:1", crop_strategy: "fit" };
    const { data, info } = await pixelsOf(await convert("jpg", metadata, input));
    const red = (x: number, y: number) => data[(y * 120 + x) * info.channels];
    expect(red(60, 3)).toBeLessThan(5);
    expect(red(110, 60)).toBeGreaterThan(250);
  });
});

describe("quality", () => {
  test("is 85 where nothing else is asked, and decides the size", async () => {
    for (const target of ["jpg", "webp"]) {
      const sizes = new Map<number | undefined, Buffer>();
      for (const quality of [1, 85, 100, undefined]) {
        sizes.set(quality, await convert(target, { quality }));
      }
      const length = (quality: number) => sizes.get(quality)?.length ?? 0;
      expect(sizes.get(undefined)).toEqual(sizes.get(85));
      expect(length(1)).toBeLessThan(length(85));
      expect(length(85)).toBeLessThan(length(100));
    }
  });
});

describe("resize_width and resize_height", () => {
  test.each([
    ["both stretch", { resize_width: 40, resize_height: 80 }, [40, 80]],
    ["width alone keeps the ratio", { resize_width: 60 }, [60, 45]],
    ["height alone keeps the ratio", { resize_height: 30 }, [40, 30]],
    ["enlarging is allowed", { resize_width: 480 }, [480, 360]],
    ["null is absent (.NET)", { resize_width: 60, resize_height: null }, [60, 45]],
    [
      "the crop comes first",
      { aspect_ratio: "1:1", crop_strategy: "crop-left", resize_width: 45 },
      [45, 45],
    ],
  ] as const)("%s", async (_, metadata, [width, height]) => {
    const ours = await convert("png", metadata);
    const cropped =
      "aspect_ratio" in metadata
        ? await sharp(png).extract({ left: 0, top: 0, width: 90, height: 90 }).png().toBuffer()
        : png;
    const theirs = sharp(cropped).resize({ width, height, fit: "fill" });
    expect(await compare(ours, theirs)).toBeGreaterThan(38);
  });
});

describe("icons", () => {
  const sidesOf = (file: Buffer) => decodeIco(file).map(({ width, height }) => [width, height]);

  test.each([16, 32, 48, 64, 128, 256])("icon_size %i", async (icon_size) => {
    const file = await convert("ico", { icon_size, crop_strategy: "crop-center" });
    expect(sidesOf(file)).toEqual([[icon_size, icon_size]]);
  });

  test("icon_sizes puts several into one file", async () => {
    const file = await convert("ico", { icon_sizes: [64, 16, 32, 48] });
    expect(sidesOf(file).toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
      [16, 16],
      [32, 32],
      [48, 48],
      [64, 64],
    ]);
  });

  test("a crop strategy fills the square, fit has black margins, without one they are clear", async () => {
    const corner = async (crop_strategy?: string) => {
      const [icon] = decodeIco(await convert("ico", { icon_size: 64, crop_strategy }));
      const { type, data } = icon as typeof icon & object;
      const rgba = type === "png" ? await sharp(data).ensureAlpha().raw().toBuffer() : data;
      return [...rgba.subarray(0, 4)];
    };
    expect(await corner("fit")).toEqual([0, 0, 0, 255]);
    expect((await corner())[3]).toBe(0);
    const [red = 0, green, blue, alpha] = await corner("crop-center");
    expect([red > 10, green, (blue ?? 0) > 100, alpha]).toEqual([
      true,
      expect.any(Number),
      true,
      255,
    ]);
  });

  test("other targets have no use for icon_size", async () => {
    expect(await compare(await convert("png", { icon_size: 32 }), png)).toBe(Infinity);
  });
});

describe("thumbnail", () => {
  test.each([
    [{}, { width: 800, height: 600 }],
    [{ thumbnail_width: 60 }, { width: 60, height: 45 }],
    [{ thumbnail_height: 60 }, { width: 80, height: 60 }],
    [
      { thumbnail_width: 50, thumbnail_height: 100 },
      { width: 50, height: 100 },
    ],
    [{ thumbnail_width: 120, thumbnail_crop: "full" }, SIZE],
    [
      { thumbnail_width: 120, thumbnail_crop: "two-thirds" },
      { width: 120, height: 60 },
    ],
    [
      { thumbnail_width: 120, thumbnail_crop: "half" },
      { width: 120, height: 45 },
    ],
    [
      { thumbnail_width: 120, thumbnail_crop: "third" },
      { width: 120, height: 30 },
    ],
    [
      { thumbnail_width: 120, thumbnail_crop: "quarter" },
      { width: 120, height: 23 },
    ],
  ])("%o is a JPEG of %o", async (metadata, size) => {
    const file = await convert("thumbnail", metadata);
    expect(await sharp(file).metadata()).toMatchObject({ format: "jpeg", ...size });
  });

  test("shows the top of the picture", async () => {
    const file = await convert("thumbnail", { thumbnail_width: 120, thumbnail_crop: "half" });
    const top = sharp(png).extract({ left: 0, top: 0, width: 120, height: 45 });
    expect(await compare(file, top)).toBeGreaterThan(30);
  });
});

describe("images", () => {
  const pdf = writePdf({
    pages: [100, 50].map((height) => ({ box: [0, 0, 200, height], content: "0 0 9 9 re f" })),
  });
  interface Page {
    filename: string;
    download_url: string;
  }
  const run = async (bytes: Uint8Array, metadata = {}) => {
    const request = { filename: "report.pdf", source_format: "pdf" };
    const job = await client.run({ bytes, target: "images", metadata, request });
    return { job, pages: job["download_urls"] as Page[] };
  };

  test("every page of a document is a JPEG with a URL of its own; the job's is the first", async () => {
    const { job, pages } = await run(pdf, { images_width: 300 });
    expect(job["points_cost"]).toBe(1);
    expect(pages).toEqual([
      expect.objectContaining({
        filename: "report-1.jpg",
        page_number: 1,
        width: 300,
        height: 150,
      }),
      expect.objectContaining({ filename: "report-2.jpg", page_number: 2, width: 300, height: 75 }),
    ]);
    for (const page of pages as (Page & { width: number; height: number; file_size: number })[]) {
      const file = Buffer.from(await (await fetch(page.download_url)).arrayBuffer());
      expect(file).toHaveLength(page.file_size);
      const { format, width, height } = await sharp(file).metadata();
      expect([format, width, height]).toEqual(["jpeg", page.width, page.height]);
    }
    expect(job.download_url).toBe(pages[0]?.download_url);
  });

  test("1200 wide, or by dots an inch", async () => {
    expect((await run(pdf)).pages).toMatchObject([{ width: 1200 }, { width: 1200 }]);
    const { pages } = await run(pdf, { images_dpi: 144 });
    expect(pages).toMatchObject([{ width: 400, height: 200 }, { width: 400 }]);
  });

  test("a picture is its only page", async () => {
    const { pages } = await run(png, { images_width: 60 });
    expect(pages).toMatchObject([{ page_number: 1, width: 60, height: 45 }]);
  });
});

describe("metadata that is refused with 400 and the member's name", () => {
  test.each([
    ["quality", { quality: 0 }],
    ["quality", { quality: 101 }],
    ["quality", { quality: 8.5 }],
    ["quality", { quality: "high" }],
    ["aspect_ratio", { aspect_ratio: "wide" }],
    ["aspect_ratio", { aspect_ratio: "16:0" }],
    ["aspect_ratio", { aspect_ratio: "-16:9" }],
    ["aspect_ratio", { aspect_ratio: 1.5 }],
    ["custom_width", { aspect_ratio: "custom" }],
    ["custom_height", { aspect_ratio: "custom", custom_width: 3 }],
    ["custom_width", { aspect_ratio: "custom", custom_width: 0, custom_height: 2 }],
    ["crop_strategy", { crop_strategy: "crop-middle" }],
    ["icon_size", { icon_size: 33 }],
    ["icon_size", { icon_size: "32" }],
    ["icon_sizes", { icon_sizes: [] }],
    ["icon_sizes", { icon_sizes: [16, 17] }],
    ["icon_sizes", { icon_sizes: 16 }],
    ["resize_width", { resize_width: 0 }],
    ["resize_width", { resize_width: 10_001 }],
    ["resize_height", { resize_height: -5 }],
    ["resize_height", { resize_height: "600" }],
    ["thumbnail_width", { thumbnail_width: 49 }],
    ["thumbnail_width", { thumbnail_width: 2001 }],
    ["thumbnail_crop", { thumbnail_crop: "bottom" }],
    ["images_width", { images_width: 49 }],
    ["images_quality", { images_quality: 0 }],
    ["images_dpi", { images_dpi: 301 }],
    ["conversion_metadata", "quality=85"],
    ["conversion_metadata", [85]],
  ])("%s: %o", async (member, conversion_metadata) => {
    expect(await client.requestUpload(uploadRequest({ conversion_metadata }))).toEqual({
      status: 400,
      body: { success: false, error: expect.stringContaining(member) },
    });
  });
});
