/** Interlaced PNGs by rows, judged by sharp. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, LabError, startLab } from "../support/lab-client.ts";
import { writePng } from "../support/png-writer.ts";
import { judge, maxDifference } from "../support/judge-pixels.ts";
import { KINDS, makeSpec } from "./png-fixtures.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

describe("passes give the pixels an independent decoder gives", () => {
  test.each(KINDS)("colour type %i, %i bits, from 1x1 to 17x17", async (type, depth) => {
    for (let width = 1; width <= 17; width++) {
      // Every height with one of the widths, and every width with one of the heights, and more.
      for (const height of new Set([1, width, 18 - width, 1 + ((width * 5) % 17)])) {
        await compare(type, depth, [width, height]);
      }
    }
    await compare(type, depth, [67, 41]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("%i wide, every height up to 9", async (width) => {
    for (let height = 1; height <= 9; height++) await compare(2, 8, [width, height]);
  });

  async function compare(
    type: (typeof KINDS)[number][0],
    depth: (typeof KINDS)[number][1],
    size: [number, number],
  ): Promise<void> {
    const file = writePng(makeSpec(type, depth, size, { interlaced: true, idatBytes: 1000 }));
    const ours = await lab.decode(file, { passes: true });
    expect(ours.rows).toBe(size[1]);
    const theirs = await judge(file, ours.channels);
    const difference = maxDifference(ours.data, theirs);
    expect(difference, String(size)).toBeLessThanOrEqual(depth === 16 ? 1 : 0);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
  }

  test("a large picture is decoded by passes, in memory that its height does not change", async () => {
    const draw = async (height: number): Promise<Buffer> => {
      const raw = { width: 2000, height, channels: 3 } as const;
      const data = Buffer.alloc(2000 * height * 3);
      for (let i = 0; i < data.length; i++) data[i] = (i * i) >> 9;
      return await sharp(data, { raw }).png({ progressive: true, compressionLevel: 1 }).toBuffer();
    };
    const file = await draw(1500);
    const ours = await lab.decode(file);
    expect(maxDifference(ours.data, await judge(file, 3))).toBe(0);
    expect(ours.used).toBeLessThanOrEqual(ours.planned);
    const higher = await lab.decode(await draw(3000));
    expect(higher.planned).toBe(ours.planned);
    expect(higher.planned).toBeLessThan(14 * 1024 * 1024);
  });
});

describe("files that are wrong", () => {
  const whole = writePng(makeSpec(6, 8, [120, 90], { interlaced: true, idatBytes: 8192 }));
  const codeOf = async (file: Uint8Array): Promise<string> =>
    await lab.decode(file, { passes: true }).then(
      () => "no error",
      (error: unknown) => (error instanceof LabError ? error.code : String(error)),
    );

  test("cut anywhere in or behind the pixels: truncated_image", async () => {
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = whole.subarray(0, Math.floor((whole.length * tenth) / 10));
      expect(await codeOf(cut), `${tenth}/10`).toBe("truncated_image");
    }
    expect(await codeOf(whole.subarray(0, -12)), "no IEND").toBe("truncated_image");
  });

  test("a wrong byte in any pass is found before its end", async () => {
    for (let tenth = 0; tenth < 10; tenth++) {
      const bad = Buffer.from(whole);
      const at = 45 + Math.floor(((whole.length - 70) * tenth) / 10);
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      expect(await codeOf(bad), `byte ${at}`).toBe("invalid_image");
    }
    expect(await codeOf(whole)).toBe("no error");
  });
});
