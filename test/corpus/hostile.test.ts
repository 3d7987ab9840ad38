/** Hostile and cut files through the whole stack: refused for what they are, in time, leaving nothing. */
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { MIB } from "../../src/limits.ts";
import { convertOverHttp, type Outcome } from "../support/client.ts";
import { readResidentMib } from "../support/resident.ts";
import { startTestStack, type Stack } from "../support/stack.ts";
import { hasCorpus, readCorpus, type CorpusFile } from "./manifest.ts";

/** Every code that says that the file is at fault and not the service. */
const REFUSALS: readonly string[] = [
  "unsupported_input_format",
  "unsupported_feature",
  "invalid_image",
  "truncated_image",
  "too_many_pixels",
  "too_many_pages",
  "memory_limit",
  "too_complex",
  "password_required",
] satisfies ErrorCode[];

const MOST_MS = 10_000;
const ROUNDS = 3;
const MOST_GROWTH_BYTES = 100e6;
const CUTS = [0.1, 0.5, 0.9];

const hostile = readCorpus("hostile");
const whole = readCorpus("").filter(({ path }) => !hostile.some((file) => file.path === path));

const sound = whole.filter(({ path }) => /progressive|lossless/.test(path));

let stack: Stack;
beforeAll(async () => {
  if (hasCorpus) stack = await startTestStack();
});
afterAll(() => stack?.close());

async function convert({ path }: CorpusFile, bytes: Uint8Array): Promise<Outcome> {
  const start = performance.now();
  const input = { bytes, filename: basename(path) };
  const outcome = await convertOverHttp(stack, input, { output_format: "png" });
  expect(performance.now() - start).toBeLessThan(MOST_MS);
  if (outcome.kind !== "succeeded") expect(REFUSALS).toContain(outcome.code);
  return outcome;
}

async function expectAlive(): Promise<void> {
  for (const { path, bytes } of sound) {
    const input = { bytes, filename: basename(path) };
    const outcome = await convertOverHttp(stack, input, { output_format: "jpg", width: 100 });
    expect(outcome.kind).toBe("succeeded");
  }
}

describe.skipIf(!hasCorpus)("corpus: hostile files", () => {
  const residentMib: number[] = [];

  describe.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))("round %i", (round) => {
    test.each(hostile)("$path: $expected", async (file) => {
      const outcome = await convert(file, file.bytes);
      const ends = outcome.kind === "succeeded" ? "ok" : "error";
      if (file.expected !== "either") expect(ends).toBe(file.expected);
      if (outcome.kind === "succeeded") expect(outcome.file.includes("<?php")).toBe(false);
    });

    test("leaves the service able to work", async () => {
      await expectAlive();
      residentMib.push(readResidentMib());
      console.log(`after round ${round}: ${residentMib.at(-1)?.toFixed(0)} MiB resident`);
    });
  });

  test(`${ROUNDS} rounds leave the process no larger by more than 100 MB than the first`, () => {
    expect(residentMib).toHaveLength(ROUNDS);
    const [first = 0, last = Infinity] = [residentMib[0], residentMib.at(-1)];
    expect((last - first) * MIB).toBeLessThan(MOST_GROWTH_BYTES);
  });
});

describe.skipIf(!hasCorpus)("corpus: cut files end in time, as a picture or refused", () => {
  const cuts = whole.flatMap((file) => CUTS.map((share) => ({ path: file.path, share, file })));
  test.each(cuts)("$path, $share of it", async ({ file, share }) => {
    await convert(file, file.bytes.subarray(0, Math.floor(file.bytes.length * share)));
  });

  test("the service still works after all of them", () => expectAlive());
});

if (!hasCorpus) test("corpus folder not found: set CORPUS_DIR", ({ skip }) => skip());
