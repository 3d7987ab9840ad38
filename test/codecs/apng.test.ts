/** Animated PNG in the real runtime: every frame, judged by UPNG. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApngFrame, writeApng } from "../support/apng-writer.ts";
import { judgeApng, premultiply, withoutUnseen } from "../support/judge-animation.ts";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { SAMPLES, type PngSpec } from "../support/png-writer.ts";
import { expectSame } from "../support/expect-same.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const CANVAS = { width: 33, height: 27 };
const PIXELS = CANVAS.width * CANVAS.height;
const PALETTE = Array.from({ length: 16 * 3 }, (_, i) => (i * 53 + 7) % 256);

type Kind = Pick<PngSpec, "colourType" | "depth" | "palette" | "transparency" | "interlaced">;

const KINDS: Record<string, Kind> = {
  rgba: { colourType: 6, depth: 8 },
  rgb: { colourType: 2, depth: 8 },
  "rgb with a colour key": { colourType: 2, depth: 8, transparency: [0, 3, 0, 3, 0, 3] },
  "rgba, 16 bit": { colourType: 6, depth: 16 },
  gray: { colourType: 0, depth: 8 },
  "gray and alpha": { colourType: 4, depth: 8 },
  palette: { colourType: 3, depth: 4, palette: PALETTE },
  "palette with transparency": {
    ...{ colourType: 3, depth: 4, palette: PALETTE },
    transparency: [255, 0, 128],
  },
};

function makeFrames(kind: Kind, count: number, seed: number): ApngFrame[] {
  const random = createRandom(seed);
  let before: ApngFrame["disposal"] = 1;
  return Array.from({ length: count }, (_, index) => {
    const first = index === 0;
    const x = first ? 0 : random(20);
    const y = first ? 0 : random(20);
    const width = first ? CANVAS.width : 1 + random(CANVAS.width - x);
    const height = first ? CANVAS.height : 1 + random(CANVAS.height - y);
    const most = 2 ** kind.depth - 1;
    // Alphas of nothing and all, mostly: what is between is rounded differently.
    const samples = Array.from({ length: width * height * SAMPLES[kind.colourType] }, () =>
      random(3) === 0 ? random(most + 1) : random(2) * most,
    );
    // UPNG restores what a frame before left, whether that was cleared or not.
    const disposal = random(before === 1 ? 2 : 3) as ApngFrame["disposal"];
    before = disposal;
    return {
      ...{ ...kind, x, y, width, height, samples, disposal },
      delay: [index + 3, 50],
      blends: random(2) === 0,
    };
  });
}

describe("frames are composed as UPNG composes them", () => {
  test.each(Object.keys(KINDS))("%s", async (name) => {
    for (let seed = 1; seed <= 3; seed++) {
      const frames = makeFrames(KINDS[name] as Kind, 9, seed);
      const file = writeApng({ frames, plays: seed - 1 });
      const [ours, theirs] = [await lab.frames(file), judgeApng(file)];
      expect([ours.width, ours.height]).toEqual([33, 27]);
      expect(ours.durations).toEqual(theirs.durations);
      expect(ours.plays).toBe(theirs.plays);
      expect(psnr(premultiply(withoutUnseen(ours.data)), premultiply(theirs.data))).toBeGreaterThan(
        48,
      );
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
  });

  test("interlaced frames are what they are without", async () => {
    for (const name of ["rgba", "palette"]) {
      const frames = makeFrames(KINDS[name] as Kind, 6, 7);
      const interlaced = frames.map((frame) => ({ ...frame, interlaced: true }));
      const ours = await lab.frames(writeApng({ frames: interlaced, plays: 0 }));
      expectSame(ours.data, (await lab.frames(writeApng({ frames, plays: 0 }))).data);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
  });

  test("times: in any fractions, up to 10 ms as 100", async () => {
    const delays = [
      [1, 4],
      [7, 0],
      [0, 100],
      [10, 1000],
      [11, 1000],
    ] as const;
    const frames = makeFrames(KINDS["rgb"] as Kind, 5, 1).map((frame, i) => ({
      ...frame,
      delay: delays[i] as readonly [number, number],
    }));
    const { durations } = await lab.frames(writeApng({ frames, plays: 0 }));
    expect(durations).toEqual([250, 70, 100, 100, 11]);
  });

  test("a picture in front that is none of the frames is not shown", async () => {
    const kind = KINDS["rgb"] as Kind;
    const frames = makeFrames(kind, 4, 5);
    const still = { ...kind, ...CANVAS, samples: Array.from({ length: PIXELS * 3 }, () => 77) };
    const file = writeApng({ frames, plays: 0, still });
    const ours = await lab.frames(file);
    expect(ours.durations.length).toBe(4);
    expectSame(ours.data, (await lab.frames(writeApng({ frames, plays: 0 }))).data);
    const png = await lab.convert(file, { format: "png" });
    expectSame(
      await sharp(png.file).ensureAlpha().raw().toBuffer(),
      ours.data.subarray(0, PIXELS * 4),
    );
  });

  test("png is the first frame, and says so", async () => {
    const file = writeApng({ frames: makeFrames(KINDS["rgba"] as Kind, 4, 2), plays: 0 });
    const ours = await lab.convert(file, { format: "png" });
    expect(ours.warnings).toEqual([
      { code: "animation_first_frame", message: expect.stringContaining("4 frames") },
    ]);
    expect((await lab.open(ours.file)).frames).toBe(1);
    expectSame(
      await sharp(ours.file).ensureAlpha().raw().toBuffer(),
      await sharp(file).ensureAlpha().raw().toBuffer(),
    );
  });
});

describe("animations are written so that UPNG reads what was meant", () => {
  test.each(Object.keys(KINDS))("%s", async (name) => {
    const frames = makeFrames(KINDS[name] as Kind, 8, 4);
    const file = writeApng({ frames: [...frames, ...frames.slice(-1)], plays: 4 });
    for (const effort of ["fast", "default", "max"] as const) {
      const ours = await lab.convert(file, { format: "apng", effort });
      const [got, wanted] = [judgeApng(ours.file), await lab.frames(file)];
      expect(got.durations).toEqual(wanted.durations);
      expect(got.plays).toBe(4);
      // UPNG cuts off what it should round, where pixels show through.
      expect(psnr(premultiply(got.data), premultiply(withoutUnseen(wanted.data)))).toBeGreaterThan(
        48,
      );
      expectSame(withoutUnseen((await lab.frames(ours.file)).data), withoutUnseen(wanted.data));
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
      // Programs that know no animations show the first.
      const first = await sharp(ours.file).ensureAlpha().raw().toBuffer();
      expectSame(withoutUnseen(first), withoutUnseen(wanted.data.slice(0, PIXELS * 4)));
    }
  });

  test("few colours known beforehand become a palette", async () => {
    const frames = makeFrames(KINDS["palette"] as Kind, 8, 4);
    const ours = await lab.convert(writeApng({ frames, plays: 0 }), { format: "apng" });
    expect((await sharp(ours.file).metadata()).isPalette).toBe(true);
  });

  test("every frame resized, padded and flattened", async () => {
    const file = writeApng({ frames: makeFrames(KINDS["rgba"] as Kind, 5, 4), plays: 0 });
    const background = { r: 1, g: 200, b: 3, alpha: 1 };
    const ours = await lab.convert(file, {
      format: "apng",
      width: 50,
      height: 20,
      fit: "contain",
      background,
    });
    const got = judgeApng(ours.file);
    expect([got.width, got.height, got.durations.length]).toEqual([50, 20, 5]);
    expect([...got.data.subarray(0, 4)]).toEqual([1, 200, 3, 255]);
    expect(got.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
  });

  test("a still picture becomes a PNG like others; its own file is kept where it is smaller", async () => {
    const still = await sharp({ create: { width: 9, height: 8, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const ours = await lab.convert(still, { format: "apng" });
    expect(await sharp(ours.file).metadata()).toMatchObject({ format: "png", width: 9, height: 8 });
    const file = writeApng({ frames: makeFrames(KINDS["rgba"] as Kind, 5, 4), plays: 0 });
    const again = await lab.convert(file, { format: "apng", neverLarger: true });
    expect(again.file.length).toBeLessThanOrEqual(file.length);
    expect(again.format).toBe("apng");
  });
});

describe("files that are wrong", () => {
  const frames = makeFrames(KINDS["rgb"] as Kind, 5, 3);

  test("cut anywhere: truncated_image, before a pixel is decoded", async () => {
    const file = writeApng({ frames, plays: 0 });
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
      expect(await codeOf(lab.open(cut))).toBe("truncated_image");
    }
  });

  test("frames outside the picture, without pixels or data: invalid_image", async () => {
    const [first, second, ...others] = frames as [ApngFrame, ApngFrame, ...ApngFrame[]];
    const wrong = {
      outside: { ...second, x: 33 },
      "too large": { ...second, x: 0, width: 34 },
    };
    for (const [name, bad] of Object.entries(wrong)) {
      const file = writeApng({ frames: [first, bad, ...others], plays: 0 });
      expect(await codeOf(lab.open(file)), name).toBe("invalid_image");
    }
    const short = { ...second, samples: second.samples, height: second.height + 1 };
    const file = writeApng({ frames: [first, { ...short, y: 0 }], plays: 0 });
    const damaged = Buffer.from(file);
    damaged.fill(0, damaged.indexOf("fdAT") + 10, damaged.indexOf("fdAT") + 14);
    expect(await codeOf(lab.frames(damaged))).toBe("invalid_image");
    expect((await lab.memory()).reserved).toBe(0);
  });

  test("a wrong number of frames: those that are there count", async () => {
    expect((await lab.open(writeApng({ frames, plays: 0, count: 4_000_000_000 }))).frames).toBe(5);
    expect((await lab.open(writeApng({ frames, plays: 0, count: 1 }))).frames).toBe(1);
  });
});
