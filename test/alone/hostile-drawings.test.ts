/** Drawings and pages that are made to take long end soon, and leave nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MEMORY_BUDGET_BYTES } from "../../src/limits.ts";
import { HOSTILE_PDFS, HOSTILE_SVGS } from "../support/hostile-drawings.ts";
import { type Lab, LabError, startLab } from "../support/lab-client.ts";
import { readProcessorSeconds, readResidentMib } from "../support/resident.ts";

/** Of a processor's time: how long it takes by the clock depends on what else the machine does. */
const MOST_SECONDS = 5;

const ERRORS = ["too_complex", "memory_limit", "unsupported_feature", "invalid_image"];

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  await draw(PLAIN);
});
afterAll(() => lab.close());

const PLAIN = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
);

/** @returns the error's code, or "drawn" */
const draw = (file: Uint8Array): Promise<string> =>
  lab.convert(file, { format: "png" }).then(
    () => "drawn",
    (error: unknown) => (error instanceof LabError ? error.code : String(error)),
  );

describe.each([
  ["SVG", HOSTILE_SVGS],
  ["PDF", HOSTILE_PDFS],
])("%s", (_kind, files) => {
  test.each(Object.entries(files))("%s", { timeout: 120_000 }, async (_name, make) => {
    const file = make();
    const before = readProcessorSeconds();
    const outcome = await draw(file);
    expect(["drawn", ...ERRORS]).toContain(outcome);
    expect(readProcessorSeconds() - before).toBeLessThan(MOST_SECONDS);
    expect(await draw(PLAIN)).toBe("drawn");
  });
});

test.each([
  ["a drawing", HOSTILE_SVGS["opaque groups, thousands of them"]],
  ["a page", HOSTILE_PDFS["shadings by a function, many"]],
])("what stops %s leaves its instance as it was", { timeout: 120_000 }, async (_kind, make) => {
  const explode = async () => expect(await draw(make?.() ?? PLAIN)).toBe("too_complex");
  await explode();
  const resident = readResidentMib();
  for (let i = 0; i < 3; i++) await explode();
  expect(readResidentMib() - resident).toBeLessThan(60);
  const { held, reserved } = await lab.memory();
  expect(held).toBeLessThanOrEqual(MEMORY_BUDGET_BYTES);
  expect(reserved).toBe(0);
});
