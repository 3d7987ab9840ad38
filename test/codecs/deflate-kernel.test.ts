/** The engine's deflate, alone and by turns with zlib's, inflated by zlib. */
import { constants, inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Deflation } from "../../src/codecs/png/zlib-writer.ts";
import { type Lab, startLab } from "../support/lab-client.ts";
import { createRandom } from "../support/random.ts";

const RUNS: Deflation = "runs";
const SEARCH = constants.Z_DEFAULT_STRATEGY;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

type Parts = [data: Buffer, way: Deflation][];

/** @returns the stream's length */
async function roundTrip(parts: Parts): Promise<number> {
  const { file, used, planned } = await lab.deflate(parts);
  const data = Buffer.concat(parts.map(([part]) => part));
  // Also checks that nothing follows the checksum.
  const { buffer, engine } = inflateSync(file, { info: true }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  expect(Buffer.compare(buffer, data)).toBe(0);
  expect(engine.bytesWritten).toBe(file.length);
  expect(used).toBeLessThanOrEqual(planned);
  return file.length;
}

const noise = (bytes: number, values = 256, seed = 1): Buffer => {
  const random = createRandom(seed);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random(values)));
};

describe("what is deflated inflates to itself", () => {
  test("nothing", async () => {
    expect(await roundTrip([])).toBe(11);
  });

  test("runs of every length, at a block's start, within it and at its end", async () => {
    const [before, after] = [Buffer.from([1, 2, 3]), Buffer.from([4])];
    for (let from = 1; from <= 600; from += 100) {
      const runs = Array.from({ length: 100 }, (_, i) => Buffer.alloc(from + i, from + i));
      const parts = runs.flatMap((run): Buffer[] => [
        run,
        Buffer.concat([before, run, after]),
        Buffer.concat([before, run]),
      ]);
      await roundTrip(parts.map((part) => [part, RUNS]));
    }
  });

  test.each([1, 2, 65_534, 65_535, 65_536, 131_071, 200_000])("%i bytes", async (bytes) => {
    const equal = await roundTrip([[Buffer.alloc(bytes, 200), RUNS]]);
    expect(equal).toBeLessThan(bytes / 200 + 120);
    const incompressible = await roundTrip([[noise(bytes), RUNS]]);
    expect(incompressible).toBeLessThanOrEqual(bytes + 5 * Math.ceil(bytes / 65_535) + 11);
    await roundTrip([[noise(bytes, 5), RUNS]]);
  });

  test("counts so uneven that codes meet their limit", async () => {
    const random = createRandom(3);
    const fibonacci = [1, 1];
    while (fibonacci.length < 24) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
    const values = fibonacci.flatMap((count, value) => Array<number>(count).fill(value));
    for (let i = values.length - 1; i > 0; i--) {
      const other = random(i + 1);
      [values[i], values[other]] = [values[other]!, values[i]!];
    }
    const bytes = await roundTrip([[Buffer.from(values), RUNS]]);
    // Its entropy is 2.6 bits a byte.
    expect(bytes).toBeLessThan(values.length * 0.34);
  });

  test("literals and runs in any mixture", async () => {
    const random = createRandom(11);
    for (let round = 0; round < 40; round++) {
      const data = Buffer.alloc(1 + random(round % 4 === 0 ? 150_000 : 3_000));
      const values = 1 + random(256);
      const longest = 1 + random(300);
      for (let at = 0; at < data.length;) {
        const length = random(3) > 0 ? 1 : 1 + random(longest);
        data.fill(random(values), at, Math.min(data.length, at + length));
        at += length;
      }
      await roundTrip([[data, RUNS]]);
    }
  });

  test("both encoders by turns, in any order and setting", async () => {
    const ways: Deflation[] = [RUNS, ...[1, 6, 9].map((level) => ({ level, strategy: SEARCH }))];
    const random = createRandom(17);
    // Their parts repeat each other: a reference to what the other wrote would be wrong.
    const phrase = noise(500, 256, 5);
    for (let round = 0; round < 20; round++) {
      const parts = Array.from({ length: 1 + random(8) }, (): Parts[number] => {
        const data = Buffer.concat([phrase, noise(random(70_000), 3, random(99) + 1), phrase]);
        return [data, ways[random(ways.length)]!];
      });
      await roundTrip(parts);
    }
  });
});
