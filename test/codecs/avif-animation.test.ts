/** Animated AVIF in the real runtime: every frame, judged by sharp's reading of the same as a still. */
import sharp, { type AvifOptions } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  animateHeif,
  box,
  type AnimatedStill,
  type SequenceSpec,
} from "../support/heif-animator.ts";
import { judgeAnimation, judgeApng, premultiply } from "../support/judge-animation.ts";
import { codeOf, type Lab, type Moving, startLab } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";
import { drawPhoto, toSharp } from "./jpeg-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const SIZE = { width: 67, height: 45 };
const DURATIONS = [40, 200, 33, 1000, 70];

interface Drawn extends AvifOptions {
  alpha?: boolean;
}

/** Photos that are no two alike, of which the transparent ones fade. */
async function drawStills({ alpha = false, ...options }: Drawn = {}): Promise<AnimatedStill[]> {
  return await Promise.all(
    DURATIONS.map(async (durationMs, i) => {
      const image = toSharp(drawPhoto(SIZE.width, SIZE.height)).modulate({ hue: i * 60 });
      if (alpha) image.ensureAlpha(0.9 - i / 6);
      return {
        durationMs,
        file: await image.avif({ effort: 0, quality: 90, ...options }).toBuffer(),
      };
    }),
  );
}

const animate = (stills: readonly AnimatedStill[], more: Partial<SequenceSpec> = {}): Buffer =>
  animateHeif({ kind: "avif", ...SIZE, stills, ...more });

/** Frames behind each other, as sharp reads the stills. */
async function readStills(stills: readonly AnimatedStill[]): Promise<Uint8Array> {
  const frames = stills.map(({ file }) => sharp(file).ensureAlpha().raw().toBuffer());
  return Buffer.concat(await Promise.all(frames));
}

const seen = ({ data }: Pick<Moving, "data">): Uint8Array => premultiply(data);

describe("frames are the pictures of the samples", () => {
  const KINDS: Record<string, Drawn & Partial<SequenceSpec>> = {
    "4:2:0": { chromaSubsampling: "4:2:0" },
    "4:4:4": { chromaSubsampling: "4:4:4" },
    transparent: { alpha: true },
    "of chunks of two": { alpha: true, chunk: 2 },
    "of chunks far away": { wide: true, chunk: 1 },
  };
  test.each(Object.entries(KINDS))("%s", async (_name, { chunk, wide, ...drawn }) => {
    const stills = await drawStills(drawn);
    const { alpha = false } = drawn;
    const file = animate(stills, { alpha, ...(chunk && { chunk }), ...(wide && { wide }) });
    const ours = await lab.frames(file);
    expect(ours).toMatchObject({ ...SIZE, plays: 0, durations: DURATIONS });
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    expect(psnr(seen(ours), premultiply(await readStills(stills)))).toBeGreaterThan(40);
  });

  test("turned by the track, or by what describes its samples, once", async () => {
    const stills = await drawStills();
    const quarter = box("irot", Uint8Array.of(1));
    for (const [more, turn] of [
      [{ matrix: [0, 1, -1, 0] }, 90],
      [{ properties: [quarter] }, 270],
    ] as const) {
      const { file } = await lab.convert(animate(stills, more), { format: "apng" });
      const wanted = await sharp(stills[0]?.file).rotate(turn).ensureAlpha().raw().toBuffer();
      const got = judgeApng(file);
      expect([got.width, got.height]).toEqual([SIZE.height, SIZE.width]);
      expect(psnr(got.data.subarray(0, wanted.length), wanted)).toBeGreaterThan(40);
    }
  });

  test("they play as often as the edit list says, and for ever where there is none", async () => {
    const stills = await drawStills();
    for (const plays of [0, 1, 2, 7]) {
      expect((await lab.frames(animate(stills, { plays }))).plays).toBe(plays);
    }
    for (const plays of [null, 70_000]) {
      expect((await lab.frames(animate(stills, { plays }))).plays).toBe(0);
    }
  });
});

describe("as a file", () => {
  test.each(["gif", "webp", "apng"] as const)(
    "%s keeps frames, times and loops",
    async (format) => {
      const stills = await drawStills({ alpha: format !== "gif" });
      const input = animate(stills, { alpha: format !== "gif", plays: 3 });
      const { file, warnings, used, planned } = await lab.convert(input, { format, quality: 95 });
      const got = format === "apng" ? judgeApng(file) : await judgeAnimation(file);
      expect(got).toMatchObject({ ...SIZE, plays: 3 });
      got.durations.forEach((ms, i) => expect(Math.abs(ms - (DURATIONS[i] ?? 0))).toBeLessThan(10));
      const wanted = premultiply(await readStills(stills));
      expect(psnr(seen(got), wanted)).toBeGreaterThan(format === "gif" ? 28 : 35);
      expect(warnings).toEqual([]);
      expect(used).toBeLessThanOrEqual(planned);
    },
  );

  test("what is still gets the picture in front, and is told of the others", async () => {
    const stills = await drawStills();
    const cover = await toSharp(drawPhoto(SIZE.width, SIZE.height)).negate().avif().toBuffer();
    const { file, warnings } = await lab.convert(animate(stills, { cover }), { format: "png" });
    expect(warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
    const wanted = await sharp(cover).raw().toBuffer();
    expect(psnr(await sharp(file).raw().toBuffer(), wanted)).toBeGreaterThan(40);
  });

  test("a picture in front of another shape stands for nothing", async () => {
    const stills = await drawStills();
    const cover = await toSharp(drawPhoto(20, 20)).avif().toBuffer();
    const { file } = await lab.convert(animate(stills, { cover }), { format: "png" });
    const wanted = await sharp(stills[0]?.file).raw().toBuffer();
    expect(psnr(await sharp(file).raw().toBuffer(), wanted)).toBeGreaterThan(40);
  });

  test("a sequence of another codec than the picture in front leaves that as it is", async () => {
    const { file: hevc } = await lab.encode("heic", drawPhoto(128, 64), {});
    const still = { file: hevc, durationMs: 40 };
    const photo = drawPhoto(128, 64);
    const cover = await toSharp(photo).negate().avif({ effort: 0 }).toBuffer();
    const spec = { kind: "heic", width: 128, height: 64, stills: [still, still], cover } as const;
    const { file, warnings } = await lab.convert(animateHeif(spec), {
      format: "webp",
      quality: 95,
    });
    expect(warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
    const wanted = await sharp(cover).raw().toBuffer();
    expect(psnr(await sharp(file).raw().toBuffer(), wanted)).toBeGreaterThan(35);
  });

  test("each frame can be had alone", async () => {
    const stills = await drawStills();
    for (const frame of [1, 4]) {
      const options = { format: "png", frame } as const;
      const { file } = await lab.convert(animate(stills), options);
      const wanted = await sharp(stills[frame - 1]?.file)
        .raw()
        .toBuffer();
      expect(psnr(await sharp(file).removeAlpha().raw().toBuffer(), wanted)).toBeGreaterThan(40);
    }
    const none = lab.convert(animate(stills), { format: "png", frame: 6 });
    expect(await codeOf(none)).toBe("invalid_parameter");
  });

  test("of more than 8 bits the first frame is taken, and is said to be", async () => {
    const stills = await drawStills({ bitdepth: 10 });
    const { file, warnings } = await lab.convert(animate(stills), { format: "webp", quality: 95 });
    expect(warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
    const wanted = await sharp(stills[0]?.file).toColourspace("srgb").raw().toBuffer();
    expect(psnr(await sharp(file).raw().toBuffer(), wanted)).toBeGreaterThan(35);
  });
});

test("of a HEIC sequence the first frame is taken, and is said to be", async () => {
  // Whole blocks, which need no window.
  const photo = drawPhoto(128, 64);
  const { file } = await lab.encode("heic", photo, { quality: 95 });
  const still = { file, durationMs: 40 };
  const { width, height } = photo;
  const sequence = animateHeif({ kind: "heic", width, height, stills: [still, still] });
  const made = await lab.convert(sequence, { format: "png" });
  expect(made.warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
  expect(psnr(await sharp(made.file).raw().toBuffer(), photo.data)).toBeGreaterThan(30);
  const second = lab.convert(sequence, { format: "png", frame: 2 });
  expect(await codeOf(second)).toBe("unsupported_feature");
});

describe("hostile files", () => {
  test("too many frames are refused before one is decoded, unless one is enough", async () => {
    const [still] = await drawStills();
    const { file = new Uint8Array(0) } = still ?? {};
    const stills = Array.from({ length: 5000 }, () => ({ file, durationMs: 40 }));
    const many = animate(stills);
    expect(await codeOf(lab.convert(many, { format: "webp" }))).toBe("too_many_pixels");
    expect((await lab.convert(many, { format: "jpg" })).width).toBe(SIZE.width);
  });

  test("a sample of another size than the track is damage", async () => {
    const stills = await drawStills();
    const other = await toSharp(drawPhoto(600, 400)).avif({ effort: 0 }).toBuffer();
    const odd = stills.with(2, { file: other, durationMs: 40 });
    expect(await codeOf(lab.convert(animate(odd), { format: "webp" }))).toBe("invalid_image");
  });

  test("a file cut anywhere is an error", async () => {
    const file = animate(await drawStills({ alpha: true }), { alpha: true, chunk: 2 });
    for (let tenth = 0; tenth < 10; tenth++) {
      const cut = file.subarray(0, Math.max(24, Math.floor((file.length * tenth) / 10)));
      expect(["truncated_image", "invalid_image"]).toContain(await codeOf(lab.frames(cut)));
    }
    expect(await codeOf(lab.frames(file.subarray(0, -1)))).toBe("truncated_image");
  });

  test("200 damaged files in a row leave it able to work", async () => {
    const good = animate(await drawStills({ alpha: true }), { alpha: true, chunk: 2 });
    const pick = createRandom(5);
    const data = good.indexOf("mdat");
    for (let i = 0; i < 200; i++) {
      const bad = new Uint8Array(good);
      const [from, to] = i % 2 ? [24, data] : [data + 4, bad.length];
      for (let n = 0; n < 4; n++) bad[from + pick(to - from)] = pick(256);
      expect([
        ...["no error", "invalid_image", "truncated_image", "unsupported_feature"],
        ...["too_many_pixels", "memory_limit", "unsupported_input_format"],
      ]).toContain(await codeOf(lab.convert(bad, { format: "webp", effort: "fast" })));
    }
    expect((await lab.frames(good)).durations).toEqual(DURATIONS);
  });
});
