/** Real animations through the whole stack: every frame, judged by an independent decoder. */
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sniffFormat } from "../../src/find-format.ts";
import { convertOverHttp } from "../support/client.ts";
import { judgeAnimation, judgeApng, premultiply } from "../support/judge-animation.ts";
import { judgeAvif } from "../support/judge-avif.ts";
import type { Moving } from "../support/lab-client.ts";
import { psnr } from "../support/psnr.ts";
import { startTestStack, type Stack } from "../support/stack.ts";
import { hasCorpus, readCorpus } from "./manifest.ts";

/** What each target must reach against the input, in dB, at high quality. */
const TARGETS = { gif: 28, webp: 35, apng: 35 } as const;

const files = readCorpus("gif", "webp", "png", "avif").filter(({ frames }) => frames > 1);

let stack: Stack;
beforeAll(async () => {
  if (hasCorpus) stack = await startTestStack();
});
afterAll(() => stack?.close());

async function judge(bytes: Uint8Array): Promise<Moving> {
  if (bytes[0] === 0x89) return judgeApng(bytes);
  return sniffFormat(bytes) === "avif" ? await judgeAvif(bytes) : await judgeAnimation(bytes);
}

/** GIF's pixels are there or not. */
function hardenAlpha(rgba: Uint8Array): void {
  for (let i = 3; i < rgba.length; i += 4) rgba[i] = (rgba[i] as number) < 128 ? 0 : 255;
}

/** As browsers show them. */
const shown = (durations: readonly number[]): number[] =>
  durations.map((duration) => (duration <= 10 ? 100 : duration));

/** GIF's are hundredths of a second; what is cut off of one is added to the next. */
function expectTimes(got: readonly number[], wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length);
  got.forEach((duration, i) => {
    expect(Math.abs(duration - (wanted[i] ?? 0))).toBeLessThanOrEqual(10);
  });
  const sum = (durations: readonly number[]) => durations.reduce((a, b) => a + b, 0);
  expect(Math.abs(sum(got) - sum(wanted))).toBeLessThanOrEqual(10);
}

describe.skipIf(!hasCorpus)("corpus: animations", () => {
  for (const file of files) {
    for (const [format, leastDb] of Object.entries(TARGETS)) {
      test(`${file.path} → ${format} keeps frames, times and loops`, async () => {
        const input = { bytes: file.bytes, filename: basename(file.path) };
        const output = { output_format: format, quality: 95 };
        const outcome = await convertOverHttp(stack, input, output);
        if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
        const [got, wanted] = [await judge(outcome.file), await judge(file.bytes)];
        if (format === "gif") hardenAlpha(wanted.data);
        expect([got.width, got.height]).toEqual([wanted.width, wanted.height]);
        expect(got.plays).toBe(wanted.plays);
        expectTimes(got.durations, shown(wanted.durations));
        expect(psnr(premultiply(got.data), premultiply(wanted.data))).toBeGreaterThan(leastDb);
        expect(outcome.job.warnings).toEqual([]);
      });
    }
  }

  test.each(files)("$path → jpg is one frame, and says how many there are", async (file) => {
    const input = { bytes: file.bytes, filename: basename(file.path) };
    const outcome = await convertOverHttp(stack, input, { output_format: "jpg" });
    if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
    const [warning] = outcome.job.warnings;
    expect(warning?.code).toBe("animation_first_frame");
    expect(warning?.message).toContain(`${file.frames} frames`);
  });
});

if (!hasCorpus) test("corpus folder not found: set CORPUS_DIR", ({ skip }) => skip());
