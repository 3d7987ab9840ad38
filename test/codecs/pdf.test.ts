/** PDF in the real runtime: pages of known content, and what protects the service from bad ones. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, type Lab, type Pixels, startLab } from "../support/lab-client.ts";
import { writePdf, type PdfSpec } from "../support/pdf-writer.ts";
import { drawByPdfjs } from "../support/pdfjs.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { hasCorpus, readCorpus } from "../corpus/manifest.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

type Rgb = [number, number, number];
const WHITE: Rgb = [255, 255, 255];
const RED: Rgb = [255, 0, 0];

function pixelAt({ width, channels, data }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
}

/** A red rectangle in the lower left quarter of a page of 144 × 72 points, in a box away from 0. */
const CORNER: PdfSpec["pages"][number] = {
  box: [100, 200, 244, 272],
  content: "1 0 0 rg 100 200 72 36 re f",
};
const corner = (more: Partial<PdfSpec["pages"][number]> = {}) =>
  writePdf({ pages: [{ ...CORNER, ...more }] });

describe("pages", () => {
  test("are as large as dpi says, 150 by default", async () => {
    expect(await lab.open(corner())).toMatchObject({ format: "pdf", width: 300, height: 150 });
    const context = { dpi: 72 };
    expect(await lab.open(corner(), { context })).toMatchObject({ width: 144, height: 72 });
  });

  test("show what is drawn, on white, at its place", async () => {
    const drawn = await lab.decode(corner(), { context: { dpi: 72 } });
    expect(drawn).toMatchObject({ width: 144, height: 72, channels: 3, rows: 72 });
    expect(pixelAt(drawn, 36, 54)).toEqual(RED);
    for (const [x, y] of [[36, 18], [108, 54], [108, 18]] as const) expect(pixelAt(drawn, x, y)).toEqual(WHITE); // prettier-ignore
    expect(drawn.used).toBeLessThanOrEqual(drawn.planned);
  });

  test.each([
    [90, 72, 144, [18, 36]],
    [180, 144, 72, [108, 18]],
    [270, 72, 144, [54, 108]],
  ] as const)("are turned by %i degrees", async (rotate, width, height, [x, y]) => {
    const drawn = await lab.decode(corner({ rotate }), { context: { dpi: 72 } });
    expect(drawn).toMatchObject({ width, height });
    expect(pixelAt(drawn, x, y)).toEqual(RED);
    expect(pixelAt(drawn, width - 1 - x, height - 1 - y)).toEqual(WHITE);
  });

  test("have nothing behind them where that is wanted", async () => {
    const drawn = await lab.decode(corner(), { context: { dpi: 72, transparent: true } });
    expect(drawn.channels).toBe(4);
    expect(pixelAt(drawn, 36, 54)).toEqual([...RED, 255]);
    expect(pixelAt(drawn, 36, 18)[3]).toBe(0);
  });

  test("each have a size of their own", async () => {
    const file = writePdf({
      pages: [CORNER, { box: [0, 0, 36, 36], content: "0 1 0 rg 0 0 36 36 re f" }],
    });
    expect((await lab.open(file)).pages).toBe(2);
    const second = await lab.decode(file, { page: 1, context: { dpi: 72 } });
    expect(second).toMatchObject({ width: 36, height: 36 });
    expect(pixelAt(second, 0, 35)).toEqual([0, 255, 0]);
  });

  test("are drawn at the size that is asked for, never resampled: edges stay sharp", async () => {
    for (const [width, height] of [
      [1440, 720],
      [33, 17],
      [1000, 100],
    ] as const) {
      // prettier-ignore
      const { file, ...made } = await lab.convert(corner(), { format: "bmp", width, height, fit: "fill" }); // prettier-ignore
      expect(made).toMatchObject({ width, height });
      expect(made.used).toBeLessThanOrEqual(made.planned);
      const drawn = await lab.decode(file);
      const row = Array.from({ length: width }, (_, x) => pixelAt(drawn, x, height - 1)[1] ?? 0);
      expect(row.filter((green) => green > 0 && green < 255).length).toBeLessThanOrEqual(1);
    }
  });

  test("are cropped without drawing the rest", async () => {
    const options = {
      format: "bmp",
      width: 72,
      height: 72,
      fit: "cover",
      gravity: "west",
    } as const;
    const made = await lab.convert(corner(), options);
    expect(made).toMatchObject({ width: 72, height: 72 });
    const drawn = await lab.decode(made.file);
    expect(pixelAt(drawn, 71, 71)).toEqual(RED);
    expect(pixelAt(drawn, 71, 0)).toEqual(WHITE);
  });

  test("are alike in bands and whole", async () => {
    const random = createRandom(5);
    const strokes = Array.from(
      { length: 300 },
      () => `${random(600)} ${random(800)} m ${random(600)} ${random(800)} l S`,
    );
    const file = writePdf({ pages: [{ box: [0, 0, 600, 800], content: strokes.join("\n") }] });
    const whole = await lab.decode(file, { context: { dpi: 72 } });
    const drawn = { width: 600, height: 800 };
    for (let y = 0; y < 800; y += 100) {
      const region = { x: 0, y, width: 600, height: 100 };
      const band = await lab.decode(file, { drawn, region, context: { dpi: 72 } });
      const same = whole.data.subarray(y * 600 * 3, (y + 100) * 600 * 3);
      expect(psnr(band.data, same), `rows from ${y}`).toBeGreaterThan(50);
    }
  });

  test("that nobody gave a size are made to fit the limits; others are refused", async () => {
    const vast = corner({ box: [0, 0, 14_400, 14_400] });
    const made = await lab.open(vast);
    expect(made.width * made.height).toBeLessThanOrEqual(80_000_000);
    expect(made.warnings.map(({ code }) => code)).toEqual(["drawn_smaller"]);
    expect(await codeOf(lab.convert(vast, { format: "png", dpi: 300 }))).toBe("too_many_pixels");
    expect(await lab.convert(vast, { format: "png", dpi: 300, width: 100 })).toMatchObject({ height: 100 }); // prettier-ignore
  });

  test("that nobody gave a size are made to fit the memory; others are refused", async () => {
    const large = corner({ box: [0, 0, 1500, 1500] });
    const budget = 72 * 1024 * 1024;
    const made = await lab.convert(large, { format: "webp" }, budget);
    expect(made.warnings.map(({ code }) => code)).toEqual(["drawn_smaller"]);
    expect(made.width).toBeGreaterThan(1500);
    expect(made.width).toBeLessThan((1500 / 72) * 150);
    expect(made.planned).toBeLessThanOrEqual(budget);
    expect(made.used).toBeLessThanOrEqual(made.planned);
    const refused = lab.convert(large, { format: "webp", dpi: 150 }, budget);
    expect(await codeOf(refused)).toBe("memory_limit");
  });

  test("show annotations and the fields of forms", async () => {
    const entries = "/Annots [5 0 R 7 0 R]";
    const look = "<< /Type /XObject /Subtype /Form /BBox [0 0 20 20] /Length 22 >>\nstream\n0 0 1 rg 0 0 20 20 re f\nendstream"; // prettier-ignore
    const file = writePdf({
      pages: [{ box: [0, 0, 100, 50], content: "", entries }],
      objects: [
        "<< /Type /Annot /Subtype /Stamp /F 4 /Rect [10 10 30 30] /AP << /N 6 0 R >> >>",
        look,
        "<< /Type /Annot /Subtype /Widget /FT /Btn /Ff 65536 /T (a) /F 4 /Rect [60 10 80 30] /AP << /N 6 0 R >> >>", // prettier-ignore
      ],
    });
    const drawn = await lab.decode(file, { context: { dpi: 72 } });
    expect(pixelAt(drawn, 20, 30)).toEqual([0, 0, 255]);
    expect(pixelAt(drawn, 70, 30)).toEqual([0, 0, 255]);
    expect(pixelAt(drawn, 45, 30)).toEqual(WHITE);
  });
});

describe("files that are wrong", () => {
  test("cut at nine points: refused, or drawn from what is there", async () => {
    const file = corner();
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
      expect(["no error", "truncated_image"]).toContain(await codeOf(lab.decode(cut)));
    }
    expect(await codeOf(lab.decode(file.subarray(0, 100)))).toBe("truncated_image");
  });

  test("without pages, or with an empty one: invalid_image", async () => {
    expect(await codeOf(lab.convert(writePdf({ pages: [] }), { format: "png" }))).toBe("invalid_image"); // prettier-ignore
  });

  test("100 damaged ones are refused or drawn, memory stays, and the codec works as before", async () => {
    const random = createRandom(11);
    const good = corner();
    const before = await lab.decode(good);
    const { held } = await lab.memory();
    for (let i = 0; i < 100; i++) {
      const bad = Buffer.from(good);
      for (let k = 0; k < 5; k++) bad[10 + random(bad.length - 10)] = random(256);
      const code = await codeOf(lab.convert(bad, { format: "png", width: 100 }));
      expect(["no error", "invalid_image", "truncated_image", "password_required", "unsupported_feature", "memory_limit", "too_many_pixels"]).toContain(code); // prettier-ignore
    }
    expect((await lab.decode(good)).data).toEqual(before.data);
    expect((await lab.memory()).held).toBeLessThanOrEqual(held + 4 * 1024 * 1024);
  });
});

describe.skipIf(!hasCorpus)("corpus", () => {
  const files = readCorpus("pdf", "ai").filter(({ expected }) => expected === "ok");
  /** Fonts that are not in the file, and how edges are smoothed, differ between readers. */
  const LEAST_DB = new Map([["pdf/rotated-page.pdf", 20]]);

  test.each(files)("$path looks as PDF.js draws it", async ({ path, bytes }) => {
    const dpi = path.startsWith("ai/") ? 20 : 100;
    const ours = await lab.decode(bytes, { context: { dpi } });
    const theirs = await drawByPdfjs(bytes, { dpi });
    expect(Math.abs(ours.width - theirs.width)).toBeLessThanOrEqual(1);
    expect(Math.abs(ours.height - theirs.height)).toBeLessThanOrEqual(1);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    expect(psnr(average(ours), average(theirs))).toBeGreaterThan(LEAST_DB.get(path) ?? 25);
  });

  test("the password opens; without it, or with another, the error says so", async () => {
    const [file] = readCorpus("pdf").filter(({ path }) => path.includes("password"));
    const open = (password: string | null) => lab.open(file?.bytes ?? Buffer.of(), { context: { password } }); // prettier-ignore
    expect(await codeOf(open(null))).toBe("password_required");
    expect(await codeOf(open("abcd"))).toBe("wrong_password");
    expect((await open("abc")).pages).toBe(1);
  });

  const HOSTILE = [
    "truncated_image",
    "invalid_image",
    "unsupported_input_format",
    "too_many_pixels",
  ];
  test.each(readCorpus("hostile").filter(({ path }) => path.endsWith(".pdf")))(
    "$path is refused within 5 s",
    async ({ bytes }) => {
      // prettier-ignore
      const start = performance.now();
      expect(HOSTILE).toContain(await codeOf(lab.convert(bytes, { format: "png" })));
      expect(performance.now() - start).toBeLessThan(5000);
    },
  );
});

/** Luminances of squares of 4 × 4 pixels. */
function average({
  width,
  data,
  ...rest
}: {
  width: number;
  data: Uint8Array;
  channels?: number;
}): Uint8Array {
  // prettier-ignore
  const channels = rest.channels ?? 4;
  const [columns, rows] = [Math.floor(width / 4) - 1, Math.floor(data.length / channels / width / 4) - 1]; // prettier-ignore
  return Uint8Array.from({ length: columns * rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < 16; k++) {
      const x = (i % columns) * 4 + (k % 4);
      const y = Math.floor(i / columns) * 4 + (k >> 2);
      sum += data[(y * width + x) * channels + 1] ?? 0;
    }
    return sum / 16;
  });
}
