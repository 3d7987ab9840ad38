/** Limits in bytes, and files that must not grow, through the whole pipeline; judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WritableFormat } from "../../src/formats.ts";
import { LabError, startLab, type Converted, type Lab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const MAX_ENCODES = 6;

type Draw = (x: number, y: number, noise: number) => readonly number[];

/** Noise is the same each time. */
function draw(width: number, height: number, channels: 3 | 4, pixel: Draw) {
  const data = new Uint8Array(width * height * channels);
  let seed = 9;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const values = pixel(x / width, y / height, seed / 2_147_483_647);
      for (let c = 0; c < channels; c++) data[i++] = Math.max(0, Math.min(255, values[c] ?? 0));
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

/** Gradients, edges and some grain, finer towards the bottom: no part is like the whole. */
const scene: Draw = (x, y, noise) => {
  const wave = 40 * Math.sin(90 * y * y * (x + 0.3));
  const edge = Math.hypot((x - 0.5) * 1.3, y - 0.4) < 0.25 ? 60 : 0;
  const grain = 30 * y * (noise - 0.5);
  return [
    90 + 100 * y + wave + grain,
    60 + edge + 110 * x + grain,
    180 - 90 * y + edge + wave / 2 + grain,
    255 * Math.min(1, Math.max(0, 2 - Math.hypot(x - 0.5, y - 0.5) * 4)),
  ];
};
const flat: Draw = () => [200, 40, 90];
const noise: Draw = (_x, _y, value) => [255 * value, (7919 * value) % 255, (104_729 * value) % 255];

interface Subject {
  name: string;
  picture: () => ReturnType<typeof draw>;
  /** In bytes, for a file of that many pixels. */
  limits: readonly number[];
  /** How much of a limit must be used where quality can. */
  least: number;
}

const SUBJECTS: Subject[] = [
  {
    name: "a scene that is probed whole",
    picture: () => draw(640, 480, 3, scene),
    limits: [60_000, 20_000, 3000, 900],
    least: 0.85,
  },
  {
    name: "a scene that is sampled",
    picture: () => draw(2000, 1500, 3, scene),
    limits: [500_000, 150_000, 20_000],
    least: 0.85,
  },
  { name: "noise", picture: () => draw(500, 400, 3, noise), limits: [90_000, 5000], least: 0.5 },
  { name: "a flat picture", picture: () => draw(800, 600, 3, flat), limits: [20_000], least: 0 },
  { name: "one pixel", picture: () => draw(1, 1, 3, flat), limits: [20_000, 700], least: 0 },
  {
    name: "a transparent scene",
    picture: () => draw(640, 480, 4, scene),
    limits: [60_000, 20_000, 6000],
    least: 0.6,
  },
];

async function failure(work: Promise<unknown>): Promise<LabError> {
  const error = await work.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof LabError) return error;
  throw error;
}

/** The decibels between the file and what the picture is at its size. */
async function distance(picture: Buffer, { file, width, height }: Converted): Promise<number> {
  const onWhite = (image: ReturnType<typeof sharp>) =>
    image.flatten({ background: "#ffffff" }).raw();
  const { data, info } = await onWhite(sharp(file)).toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([width, height]);
  const whole = sharp(picture).resize(width, height, { fit: "fill" });
  return psnr(data, await onWhite(whole).toBuffer());
}

describe("the file is never longer than the limit", () => {
  for (const { name, picture, limits, least } of SUBJECTS) {
    for (const format of ["jpg", "webp"] as const) {
      it.for(limits)(`${name} as ${format} in %i bytes`, async (maxBytes) => {
        const file = await picture().png({ compressionLevel: 1 }).toBuffer();
        const ours = await lab.convert(file, { format, quality: 95, maxBytes });
        expect(ours.file.length).toBeLessThanOrEqual(maxBytes);
        expect(ours.encodes).toBeLessThanOrEqual(MAX_ENCODES);
        expect(ours.used).toBeLessThanOrEqual(ours.planned);

        const { width: fullWidth = 0, height: fullHeight = 0 } = await sharp(file).metadata();
        const reduced = ours.width < fullWidth || ours.height < fullHeight;
        const warned = ours.warnings.some(({ code }) => code === "reduced_size");
        expect(warned).toBe(reduced);
        expect(Math.abs(ours.width / ours.height / (fullWidth / fullHeight) - 1)).toBeLessThan(0.1);
        if (name !== "noise") expect(await distance(file, ours)).toBeGreaterThan(20);
        const best = await lab.convert(file, { format, quality: 95 });
        if (!reduced && best.file.length > maxBytes) {
          expect(ours.file.length).toBeGreaterThanOrEqual(least * maxBytes);
        }
        // Where the best quality fits, that is what it is.
        if (best.file.length <= 0.9 * maxBytes) expect(ours.file.length).toBe(best.file.length);
      });
    }
  }
});

describe("what counts", () => {
  it("is the file with its profile and metadata", async () => {
    const file = await draw(400, 300, 3, scene)
      .withIccProfile("p3")
      .withExif({ IFD0: { Copyright: "x".repeat(3000) } })
      .png()
      .toBuffer();
    for (const format of ["jpg", "webp"] as const) {
      const ours = await lab.convert(file, { format, maxBytes: 9000, stripMetadata: false });
      expect(ours.file.length).toBeLessThanOrEqual(9000);
      expect((await sharp(ours.file).metadata()).exif?.length).toBeGreaterThan(3000);
      const least = { format, maxBytes: 3000, stripMetadata: false } as const;
      expect((await failure(lab.convert(file, least))).code).toBe("size_unreachable");
    }
  });

  it("is the size after resizing: a picture is not reduced further than need be", async () => {
    const file = await draw(2000, 1500, 3, scene).jpeg({ quality: 95 }).toBuffer();
    const ours = await lab.convert(file, { format: "jpg", width: 300, maxBytes: 12_000 });
    expect(ours.file.length).toBeLessThanOrEqual(12_000);
    expect([ours.width, ours.height]).toEqual([300, 225]);
  });

  it("is met with margins, crops and turns, which keep their proportions", async () => {
    const file = await draw(900, 600, 3, scene).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    for (const mode of ["crop", "pad"] as const) {
      const ours = await lab.convert(file, {
        ...{ format: "webp", quality: 95, maxBytes: 4000, width: 800 },
        aspect: { width: 1, height: 1, mode },
      });
      expect(ours.file.length).toBeLessThanOrEqual(4000);
      expect(ours.width).toBe(ours.height);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
  });
});

describe("formats without quality get smaller pictures", () => {
  it.for([
    ["png", {}],
    ["webp", { lossless: true }],
    ["bmp", {}],
  ] as const)("%s %o", async ([format, options]) => {
    for (const size of [300, 1600]) {
      const file = await draw(size, size, 3, scene).png().toBuffer();
      const plain = await lab.convert(file, { format, ...options });
      const maxBytes = Math.round(plain.file.length / 3);
      const ours = await lab.convert(file, { format, ...options, maxBytes });
      expect(ours.file.length).toBeLessThanOrEqual(maxBytes);
      expect(ours.file.length).toBeGreaterThan(maxBytes / 3);
      expect(ours.width).toBeLessThan(size);
      expect(ours.warnings.map(({ code }) => code)).toContain("reduced_size");
    }
  });

  it("icons of given sizes cannot", async () => {
    const file = await draw(300, 300, 3, noise).png().toBuffer();
    const options = { format: "ico" as const, iconSizes: [64 as const], maxBytes: 2000 };
    expect((await failure(lab.convert(file, options))).code).toBe("size_unreachable");
  });
});

describe("a limit that nothing fits fails", () => {
  const formats: WritableFormat[] = ["jpg", "webp", "png"];
  it.for(formats)("%s", async (format) => {
    for (const size of [1, 40, 1500]) {
      const file = await draw(size, size, 3, scene).png().toBuffer();
      expect((await failure(lab.convert(file, { format, maxBytes: 20 }))).code).toBe(
        "size_unreachable",
      );
      expect((await lab.memory()).reserved).toBe(0);
    }
  });
});

describe("the input is the output", () => {
  const kept = (ours: Converted) => ours.warnings.some(({ code }) => code === "kept_original");

  it("but not where it fits and is to be as small as its decoder can make it", async () => {
    const file = await draw(320, 240, 3, scene).jpeg({ quality: 90 }).toBuffer();
    const ours = await lab.convert(file, { format: "jpg", width: 80, maxBytes: file.length });
    const { width, height } = await sharp(ours.file).metadata();
    expect([kept(ours), width, height]).toEqual([false, 80, 60]);
  });

  it("where it fits the limit and nothing else was asked", async () => {
    const file = await draw(300, 200, 3, scene).jpeg({ quality: 90 }).toBuffer();
    const ours = await lab.convert(file, { format: "auto", maxBytes: file.length });
    expect([kept(ours), Buffer.from(ours.file).equals(file), ours.encodes]).toEqual([
      true,
      true,
      0,
    ]);
    for (const asked of [
      { maxBytes: file.length - 1 },
      { width: 299 },
      { format: "webp" },
    ] as const) {
      const options = { format: "jpg", maxBytes: file.length, ...asked } as const;
      expect(kept(await lab.convert(file, options))).toBe(false);
    }
  });

  it("not with metadata that was to go", async () => {
    const exif = { IFD0: { Copyright: "me" } };
    const file = await draw(300, 200, 3, scene).jpeg({ quality: 60 }).withExif(exif).toBuffer();
    const options = { format: "jpg", maxBytes: 2 * file.length } as const;
    expect(kept(await lab.convert(file, options))).toBe(false);
    expect(kept(await lab.convert(file, { ...options, stripMetadata: false }))).toBe(true);
  });

  it.for(["jpeg", "png", "webp"] as const)("where it must not grow: %s", async (format) => {
    const file = await draw(300, 200, 3, scene)
      .withMetadata({ orientation: 6 })
      .toFormat(format, { quality: 40, effort: 6, compressionLevel: 9 })
      .toBuffer();
    const options = { format: "auto", quality: 100, effort: "fast", neverLarger: true } as const;
    const ours = await lab.convert(file, options);
    expect([kept(ours), Buffer.from(ours.file).equals(file)]).toEqual([true, true]);
    // As it is shown.
    expect([ours.width, ours.height]).toEqual([200, 300]);
    const grown = await lab.convert(file, { ...options, neverLarger: false });
    expect(grown.file.length).toBeGreaterThan(file.length);
  });

  it("not where it would show something else", async () => {
    const file = await draw(300, 200, 4, scene).png({ compressionLevel: 9 }).toBuffer();
    const options = { format: "png", effort: "fast", neverLarger: true } as const;
    for (const asked of [
      { width: 600 },
      { background: { r: 1, g: 2, b: 3, alpha: 1 } },
      { format: "webp" },
    ] as const) {
      expect(kept(await lab.convert(file, { ...options, ...asked }))).toBe(false);
    }
  });

  it("not where the new file is smaller", async () => {
    const file = await draw(300, 200, 3, scene).jpeg({ quality: 95 }).toBuffer();
    const ours = await lab.convert(file, { format: "jpg", quality: 50, neverLarger: true });
    expect(kept(ours)).toBe(false);
    expect(ours.file.length).toBeLessThan(file.length);
  });
});
