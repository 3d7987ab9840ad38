/** Animated WebP in the real runtime: every frame, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeAnimation, premultiply, withoutUnseen } from "../support/judge-animation.ts";
import { codeOf, type Lab, type Moving, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { type AnimatedPart, type AnimationSpec, animateWebp } from "../support/webp-animator.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const seen = ({ data }: Pick<Moving, "data">): Uint8Array =>
  premultiply(withoutUnseen(data.slice()));

/** A smooth picture with alpha from nothing to all. */
function draw(width: number, height: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const [a, b, c] = [5 + random(20), 5 + random(20), random(100)];
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const alpha = 160 + 200 * Math.sin((x + c) / 9) * Math.cos(y / 7);
    rgba.set([128 + 90 * Math.sin(x / a), 128 + 90 * Math.cos(y / b), c * 2], i * 4);
    rgba[i * 4 + 3] = Math.max(0, Math.min(255, alpha));
  }
  return rgba;
}

async function drawPart(seed: number, more: Partial<AnimatedPart> = {}): Promise<AnimatedPart> {
  const random = createRandom(seed);
  const [x, y] = [2 * random(10), 2 * random(10)];
  const [width, height] = [1 + random(60 - x), 1 + random(50 - y)];
  const raw = { width, height, channels: 4 } as const;
  const picture = sharp(draw(width, height, seed), { raw });
  const lossless = seed % 2 === 0;
  if (seed % 3 === 0) picture.removeAlpha();
  const file = await picture.webp(lossless ? { lossless } : { quality: 80 }).toBuffer();
  const [blends, disposes] = [random(2) === 0, random(2) === 0];
  return { x, y, width, height, durationMs: 20 + seed, blends, disposes, file, ...more };
}

const CANVAS = { width: 61, height: 51, plays: 3 };

const drawParts = (seeds: readonly number[], more: Partial<AnimatedPart> = {}) =>
  Promise.all(seeds.map((seed) => drawPart(seed, more)));

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

describe("frames are composed as libwebp composes them", () => {
  test.each([
    ["over each other", { blends: true, disposes: false }],
    ["in place of each other", { blends: false, disposes: false }],
    ["over each other, each cleared", { blends: true, disposes: true }],
    ["in place of each other, each cleared", { blends: false, disposes: true }],
    ["in any way", {}],
  ])("%s", async (_name, more) => {
    const parts = await drawParts(SEEDS, more);
    const file = animateWebp({ ...CANVAS, parts });
    const [ours, theirs] = [await lab.frames(file), await judgeAnimation(file)];
    expect(ours.durations).toEqual(theirs.durations);
    expect(ours.plays).toBe(3);
    // Theirs is rounded in another way.
    expect(psnr(seen(ours), seen(theirs))).toBeGreaterThan(50);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
  });

  test("the first frame alone, whether it is all of the canvas or not", async () => {
    const parts = await drawParts(SEEDS, {});
    const file = animateWebp({ ...CANVAS, parts });
    const { data } = await judgeAnimation(file);
    const ours = await lab.convert(file, { format: "png" });
    expect(ours.warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    const first = data.subarray(0, 61 * 51 * 4);
    const pixels = await sharp(ours.file).ensureAlpha().raw().toBuffer();
    expect(psnr(premultiply(pixels), premultiply(first))).toBeGreaterThan(50);
  });
});

describe("animations are written so that libwebp reads what was meant", () => {
  const spec = async (more: Partial<AnimatedPart> = {}): Promise<AnimationSpec> => ({
    ...CANVAS,
    parts: await drawParts([...SEEDS, 12, 12], more),
  });

  test.each([{ effort: "fast" }, { effort: "default" }] as const)(
    "lossless: %o",
    async (options) => {
      const file = animateWebp(await spec());
      const ours = await lab.convert(file, { format: "webp", lossless: true, ...options });
      const [got, wanted] = [await judgeAnimation(ours.file), await lab.frames(file)];
      expect(got.durations).toEqual(wanted.durations);
      expect(got.plays).toBe(3);
      expect(psnr(seen(got), seen(wanted))).toBeGreaterThan(55);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    },
  );

  test("lossy, with transparency and without", async () => {
    for (const options of [{}, { background: { r: 200, g: 180, b: 90, alpha: 1 } }]) {
      const file = animateWebp(await spec());
      const ours = await lab.convert(file, { format: "webp", quality: 95, ...options });
      const wanted = await lab.convert(file, { format: "webp", lossless: true, ...options });
      const got = await judgeAnimation(ours.file);
      expect(got.durations.length).toBe(14);
      expect(psnr(seen(got), seen(await judgeAnimation(wanted.file)))).toBeGreaterThan(35);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
      const isOpaque = got.data.every((value, i) => i % 4 !== 3 || value === 255);
      expect(isOpaque).toBe("background" in options);
    }
  });

  test("every frame resized, cropped and padded", async () => {
    const file = animateWebp(await spec());
    for (const fit of ["fill", "cover", "contain"] as const) {
      const ours = await lab.convert(file, { format: "webp", width: 40, height: 80, fit });
      const got = await judgeAnimation(ours.file);
      expect([got.width, got.height, got.durations.length]).toEqual([40, 80, 14]);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
  });

  test("what does not move is not written again", async () => {
    const still = draw(200, 160, 4).map((value, i) => (i % 4 === 3 ? 255 : value));
    const frames: Buffer[] = [];
    for (let index = 0; index < 10; index++) {
      const frame = Buffer.from(still);
      for (let y = 0; y < 12; y++) {
        for (let x = 0; x < 12; x++)
          frame.set([255, 20 * x, 9], ((y + 60) * 200 + x + index * 15) * 4);
      }
      frames.push(frame);
    }
    const raw = { width: 200, height: 1600, channels: 4, pageHeight: 160 } as const;
    const file = await sharp(Buffer.concat(frames), { raw })
      .webp({ lossless: true, delay: 50 })
      .toBuffer();
    const ours = await lab.convert(file, { format: "webp", quality: 80 });
    const first = await lab.convert(await sharp(file).png().toBuffer(), { format: "webp" });
    expect(ours.file.length).toBeLessThan(2.5 * first.file.length);
    const got = await judgeAnimation(ours.file);
    expect(psnr(seen(got), seen(await judgeAnimation(file)))).toBeGreaterThan(33);
  });

  test("a profile and metadata are carried along", async () => {
    const file = await sharp(animateWebp(await spec()), { animated: true })
      .withIccProfile("p3")
      .webp()
      .toBuffer();
    const { icc } = await sharp(file).metadata();
    const ours = await lab.convert(file, { format: "webp" });
    expect((await sharp(ours.file).metadata()).icc?.equals(icc ?? Buffer.alloc(0))).toBe(true);
  });

  test("a limit in bytes is kept by quality", async () => {
    const file = animateWebp(await spec());
    const options = { format: "webp", quality: 95, width: 50 } as const;
    const whole = await lab.convert(file, options);
    const maxBytes = Math.floor(whole.file.length * 0.7);
    const ours = await lab.convert(file, { ...options, maxBytes });
    expect(ours.file.length).toBeLessThanOrEqual(maxBytes);
    expect((await judgeAnimation(ours.file)).durations.length).toBe(14);
    expect(ours.warnings).toEqual([]);
  });
});

describe("files that are wrong", () => {
  test("cut anywhere: truncated_image, before a pixel is decoded", async () => {
    const file = animateWebp({ ...CANVAS, parts: await drawParts(SEEDS) });
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.floor((file.length * tenth) / 10));
      expect(await codeOf(lab.open(cut))).toBe("truncated_image");
    }
  });

  test("frames outside the canvas, of another size, or none at all: invalid_image", async () => {
    const [part] = (await drawParts([5])) as [AnimatedPart];
    const wrong = {
      outside: [{ ...part, x: 60 }],
      size: [part, { ...part, width: part.width + 1 }],
      none: [],
      empty: [{ ...part, file: new Uint8Array(0) }],
    };
    for (const [name, parts] of Object.entries(wrong)) {
      expect(await codeOf(lab.open(animateWebp({ ...CANVAS, parts }))), name).toBe("invalid_image");
    }
  });

  test("a damaged frame behind good ones: an error that names the file, and no memory kept", async () => {
    const parts = await drawParts(SEEDS, {});
    const last = parts.at(-1) as AnimatedPart;
    const file = Buffer.from(last.file);
    file.fill(0xff, 30);
    const bad = animateWebp({ ...CANVAS, parts: [...parts, { ...last, file }] });
    expect(await codeOf(lab.convert(bad, { format: "gif" }))).toMatch(
      /^(invalid|truncated)_image$/,
    );
    expect((await lab.memory()).reserved).toBe(0);
  });
});
