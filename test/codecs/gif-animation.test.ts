/** Animated GIF in the real runtime: every frame, judged by sharp. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type GifFrame,
  type GifSpec,
  repeats,
  type Rgb,
  subBlocks,
  writeGif,
} from "../support/gif-writer.ts";
import { judgeAnimation, premultiply, withoutUnseen } from "../support/judge-animation.ts";
import { codeOf, type Lab, startLab } from "../support/lab-client.ts";
import { expectSame } from "../support/expect-same.ts";
import { psnr } from "../support/psnr.ts";
import { createRandom } from "../support/random.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  );

const makePalette = (count: number, seed: number): Rgb[] =>
  Array.from({ length: count }, (_, i) => [
    (i * 37 + seed * 50) % 256,
    (i * 91 + seed) % 256,
    (255 - i * 3 + seed * 20) & 255,
  ]);

const CANVAS = { width: 37, height: 29 };

/** Frames anywhere on the canvas, the first one all over it. */
function makeFrames(count: number, seed: number, more: (index: number) => Partial<GifFrame>) {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index): GifFrame => {
    const first = index === 0;
    const x = first ? 0 : random(20);
    const y = first ? 0 : random(15);
    const width = first ? CANVAS.width : 1 + random(CANVAS.width - x);
    const height = first ? CANVAS.height : 1 + random(CANVAS.height - y);
    const base = random(8);
    const indices = Array.from({ length: width * height }, () =>
      random(3) === 0 ? random(8) : base,
    );
    return { x, y, width, height, indices, delay: 5 + index, ...more(index) };
  });
}

/** None on which sharp and browsers differ: what precedes the first frame, areas cleared to a colour. */
function chooseDisposal(index: number, random: (below: number) => number): Partial<GifFrame> {
  const disposal = random(index === 0 ? 3 : 4);
  return {
    disposal,
    ...(disposal === 2 || random(2) === 0 ? { transparentIndex: random(8) } : {}),
  };
}

const makeSpec = (frames: GifFrame[], more: Partial<GifSpec> = {}): GifSpec => ({
  ...CANVAS,
  palette: makePalette(8, 0),
  codeBits: 3,
  extensions: [repeats(0)],
  ...more,
  frames,
});

describe("frames are composed as sharp composes them", () => {
  test.each([0, 1, 2])("all with disposal %i", async (disposal) => {
    for (const transparentIndex of [undefined, 2]) {
      // Where a frame paints all of its area, sharp clears that to a colour: browsers do not.
      if (disposal === 2 && transparentIndex === undefined) continue;
      const more = transparentIndex === undefined ? {} : { transparentIndex };
      const file = writeGif(makeSpec(makeFrames(8, disposal + 3, () => ({ disposal, ...more }))));
      const ours = await lab.frames(file);
      const theirs = await judgeAnimation(file);
      expect(ours.durations).toEqual(theirs.durations);
      expectSame(withoutUnseen(ours.data), theirs.data);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
  });

  test("disposals mixed, local palettes, interlaced frames", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = createRandom(seed);
      const frames = makeFrames(9, seed, (index) => ({
        ...chooseDisposal(index, random),
        ...(random(2) === 0 ? { palette: makePalette(8, index) } : {}),
        interlaced: random(2) === 0,
      }));
      const file = writeGif(makeSpec(frames));
      expectSame(withoutUnseen((await lab.frames(file)).data), (await judgeAnimation(file)).data);
    }
  });

  test("frames that reach past the canvas are cut", async () => {
    const [first, second] = makeFrames(2, 4, () => ({})) as [GifFrame, GifFrame];
    const indices = Array.from({ length: 40 * 40 }, (_, i) => i % 8);
    const past: GifFrame = { ...second, x: 30, y: 20, width: 40, height: 40, indices };
    const gone: GifFrame = { ...past, x: 300, y: 200, disposal: 3 };
    const file = writeGif(makeSpec([first, past, { ...past, disposal: 2 }, gone, second]));
    const { data } = await lab.frames(file);
    expect(data.length).toBe(5 * 37 * 29 * 4);
    const frame = (index: number): Uint8Array => data.subarray(index * 4292, (index + 1) * 4292);
    const palette = makePalette(8, 0);
    expect([...frame(1).subarray((20 * 37 + 30) * 4, (20 * 37 + 32) * 4)]).toEqual(
      [0, 1].flatMap((index) => [...(palette[index] as Rgb), 255]),
    );
    expectSame(frame(3).subarray((20 * 37 + 30) * 4, (20 * 37 + 37) * 4), new Uint8Array(28));
  });

  test("times: delays up to 10 ms become 100, loops count plays", async () => {
    const delays = [0, 1, 2, 10, 65_535];
    const frames = makeFrames(5, 1, (index) => ({ delay: delays[index] ?? 0 }));
    for (const [extensions, plays] of [
      [[], 1],
      [[repeats(0)], 0],
      [[repeats(1)], 2],
      [[repeats(7)], 8],
    ] as const) {
      const ours = await lab.frames(writeGif(makeSpec(frames, { extensions: [...extensions] })));
      expect(ours.plays).toBe(plays);
      expect(ours.durations).toEqual([100, 100, 20, 100, 655_350]);
    }
  });
});

describe("animations are written so that sharp reads what was meant", () => {
  test("exactly, whatever is painted, erased or the same", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = createRandom(seed * 7);
      const frames = makeFrames(8, seed, (index) => ({
        ...chooseDisposal(index, random),
        ...(random(3) === 0 ? { palette: makePalette(8, index) } : {}),
      }));
      const file = writeGif(makeSpec([...frames, ...frames.slice(-1)]));
      const ours = await lab.convert(file, { format: "gif" });
      const [got, wanted] = [await judgeAnimation(ours.file), await judgeAnimation(file)];
      expect(got.durations).toEqual(wanted.durations);
      expect(got.plays).toBe(wanted.plays);
      expectSame(got.data, wanted.data);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
      expect(ours.warnings).toEqual([]);
    }
  });

  test("with each number of plays", async () => {
    const frames = makeFrames(2, 1, () => ({}));
    for (const extensions of [[], [repeats(0)], [repeats(3)]]) {
      const file = writeGif(makeSpec(frames, { extensions }));
      const ours = await lab.convert(file, { format: "gif" });
      expect((await lab.frames(ours.file)).plays).toBe((await lab.frames(file)).plays);
      expect((await judgeAnimation(ours.file)).plays).toBe((await judgeAnimation(file)).plays);
    }
  });

  test("every frame resized, cropped, padded and flattened", async () => {
    const frames = makeFrames(6, 2, (index) => ({ disposal: index % 3, transparentIndex: 1 }));
    const file = writeGif(makeSpec(frames));
    const sizes = [
      [{ width: 20, height: 20, fit: "fill" }, 20, 20],
      [{ width: 20, height: 20, fit: "cover" }, 20, 20],
      [{ width: 60, height: 90, fit: "contain" }, 60, 90],
      [{ width: 74 }, 74, 58],
    ] as const;
    for (const [options, width, height] of sizes) {
      const ours = await lab.convert(file, { format: "gif", ...options });
      const got = await judgeAnimation(ours.file);
      expect([got.width, got.height, got.durations.length]).toEqual([width, height, 6]);
      expect(ours.used).toBeLessThanOrEqual(ours.planned);
    }
    const background = { r: 9, g: 8, b: 7, alpha: 1 };
    const flat = await judgeAnimation(
      (await lab.convert(file, { format: "gif", background })).file,
    );
    const wanted = await judgeAnimation(file);
    for (let i = 0; i < wanted.data.length; i += 4) {
      if (wanted.data[i + 3] === 0) wanted.data.set([9, 8, 7, 255], i);
    }
    expectSame(flat.data, wanted.data);
  });

  test("more colours than a palette has stay close, dithered or not", async () => {
    const random = createRandom(5);
    const frames = Array.from({ length: 4 }, (_, index): GifFrame => ({
      width: 64,
      height: 64,
      palette: Array.from({ length: 256 }, (_colour, i): Rgb => [i, (i + index * 40) & 255, 90]),
      indices: Array.from({ length: 4096 }, (_pixel, i) => (((i & 63) * 4) ^ random(2)) & 255),
      delay: 10,
    }));
    const file = writeGif({ width: 64, height: 64, codeBits: 8, frames });
    const png = await lab.convert(file, { format: "gif", width: 48 });
    const resized = await judgeAnimation(png.file);
    expect(resized.durations).toEqual([100, 100, 100, 100]);
    for (const dither of [0, 0.5, 1]) {
      const out = await lab.convert(file, {
        format: "gif",
        width: 64,
        height: 40,
        fit: "cover",
        dither,
      });
      const got = await judgeAnimation(out.file);
      const wanted = (await judgeAnimation(file)).data;
      const rows = new Uint8Array(got.data.length);
      for (let frame = 0; frame < 4; frame++) {
        const from = (frame * 64 + 12) * 256;
        rows.set(wanted.subarray(from, from + 40 * 256), frame * 40 * 256);
      }
      expect(psnr(premultiply(got.data), premultiply(rows))).toBeGreaterThan(28);
    }
  });

  test("a still target takes the first frame and says how many there are", async () => {
    const file = writeGif(makeSpec(makeFrames(5, 3, () => ({}))));
    const ours = await lab.convert(file, { format: "png" });
    expect(ours.warnings).toEqual([
      { code: "animation_first_frame", message: expect.stringContaining("5 frames") },
    ]);
  });

  test("what is not smaller is the input itself, where that is asked for", async () => {
    const frame = makeFrames(1, 3, () => ({}));
    const file = writeGif(makeSpec([...frame, ...frame]));
    const ours = await lab.convert(file, { format: "gif", neverLarger: true });
    expect(ours.file.length).toBeLessThanOrEqual(file.length);
  });
});

describe("a limit in bytes", () => {
  test("is kept with all frames, in a smaller picture where it must be", async () => {
    const file = writeGif(makeSpec(makeFrames(10, 3, () => ({}))));
    const whole = await lab.convert(file, { format: "gif", width: 100 });
    for (const share of [0.9, 0.5, 0.2]) {
      const maxBytes = Math.floor(whole.file.length * share);
      const ours = await lab.convert(file, { format: "gif", width: 100, maxBytes });
      expect(ours.file.length).toBeLessThanOrEqual(maxBytes);
      expect(ours.encodes).toBeLessThanOrEqual(6);
      expect((await judgeAnimation(ours.file)).durations.length).toBe(10);
      expect(ours.warnings.map(({ code }) => code)).toEqual(["reduced_size"]);
    }
    const tooFew = lab.convert(file, { format: "gif", maxBytes: 150 });
    expect(await codeOf(tooFew)).toBe("size_unreachable");
  });
});

describe("limits and bad files", () => {
  /** So many frames of one pixel each. */
  function makeMany(count: number, canvas: { width: number; height: number }): Buffer {
    const frame: GifFrame = { width: 1, height: 1, indices: [0], data: subBlocks([0x44, 0x01]) };
    const frames = Array.from({ length: count }, () => frame);
    return writeGif({ ...canvas, palette: makePalette(4, 0), codeBits: 2, frames });
  }

  test("too many frames, or pixels of them all, are refused before any is decoded", async () => {
    const many = makeMany(4097, { width: 2, height: 2 });
    expect(await codeOf(lab.convert(many, { format: "gif" }))).toBe("too_many_pixels");
    expect(String(await errorOf(lab.convert(many, { format: "gif" })))).toContain("4097 frames");
    const large = makeMany(20, { width: 5000, height: 5000 });
    expect(await codeOf(lab.convert(large, { format: "gif" }))).toBe("too_many_pixels");
    // A still picture is made of the first alone.
    expect((await lab.convert(many, { format: "png" })).width).toBe(2);
    const small = makeMany(20, { width: 50, height: 50 });
    expect(await codeOf(lab.convert(small, { format: "gif", width: 6000 }))).toBe(
      "too_many_pixels",
    );
  });

  test("a canvas that cannot be held is refused by its plan", async () => {
    const file = makeMany(2, { width: 5000, height: 4000 });
    expect(await codeOf(lab.convert(file, { format: "gif" }))).toBe("memory_limit");
  });

  test("damaged data in a later frame: invalid_image; cut anywhere: truncated_image", async () => {
    const frames = makeFrames(4, 6, () => ({}));
    const [first, ...others] = frames as [GifFrame, ...GifFrame[]];
    const bad = writeGif(makeSpec([first, { ...first, data: subBlocks([0xff, 0xff]) }, ...others]));
    expect(await codeOf(lab.convert(bad, { format: "gif" }))).toBe("invalid_image");
    const good = writeGif(makeSpec(frames));
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = good.subarray(0, Math.floor((good.length * tenth) / 10));
      expect(await codeOf(lab.convert(cut, { format: "gif" }))).toBe("truncated_image");
    }
    expect((await lab.memory()).reserved).toBe(0);
  });
});
