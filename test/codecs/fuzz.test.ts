/** Whatever is done to a file, decoding it ends in a picture or an error, within bounds. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFuzz } from "../fuzz/campaign.ts";
import { makeSeeds, seededFormats } from "../fuzz/seeds.ts";

/** More of them: `npm run fuzz`. */
const RUNS = 400;

let fuzz: Awaited<ReturnType<typeof startFuzz>>;
beforeAll(async () => {
  fuzz = await startFuzz();
});
afterAll(() => fuzz.close());

test("a byte behind an allocation is noticed", async () => {
  expect(await fuzz.overrun()).toEqual(["guard zone behind allocation 2 was written to"]);
});

test.each(seededFormats())(`${RUNS} damaged files: %s`, async (format) => {
  const seeds = await makeSeeds(format);
  const sound = await fuzz.decode(seeds);
  expect(sound.map(({ code, faults }) => ({ code, faults }))).toEqual(
    seeds.map(() => ({ code: "decoded", faults: [] })),
  );
  const { runs, codes, faults } = await fuzz.run(format, seeds, RUNS);
  expect(faults).toEqual([]);
  expect(runs).toBe(RUNS);
  // They get past the first check: some are pictures, and others are found damaged, or cut off.
  const decoded = codes["decoded"] ?? 0;
  expect(decoded).toBeGreaterThan(RUNS / 20);
  expect(RUNS - decoded).toBeGreaterThan(RUNS / 20);
});
