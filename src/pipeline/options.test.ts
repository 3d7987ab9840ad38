import { describe, expect, test } from "vitest";
import { OUTPUT_OPTIONS, findOptionConflict, resolveOptions } from "./options.ts";
import type { Frame } from "./picture.ts";

describe("a number of colors", () => {
  test.each([
    [{ format: "png", colors: 16 }, undefined],
    [{ format: "auto", colors: 16 }, undefined],
    [{ format: "jpg", colors: 16 }, "Only png takes a number of colors."],
    [{ format: "png", colors: 16, lossless: true }, "A number of colors is not lossless."],
  ])("%o: %s", (options, conflict) => {
    expect(findOptionConflict(OUTPUT_OPTIONS.parse(options))).toBe(conflict);
  });

  test.each([1, 257, 2.5])("cannot be %d", (colors) => {
    expect(OUTPUT_OPTIONS.safeParse({ format: "png", colors }).success).toBe(false);
  });
});

async function* noFrames(): AsyncGenerator<Frame> {}
const NO_FRAMES = noFrames();

describe("the format auto", () => {
  const options = OUTPUT_OPTIONS.parse({ format: "auto", lossless: true });
  test.each([
    ["jpg", 3, "jpg"],
    ["png", 1, "png"],
    ["webp", 4, "webp"],
    ["ico", 4, "png"],
    ["ico", 3, "jpg"],
    ["ico", 1, "jpg"],
  ] as const)("of %s with %i channels is %s", (format, channels, expected) => {
    expect(resolveOptions(options, { format, channels }).format).toBe(expected);
  });

  test.each([
    ["gif", "webp"],
    ["webp", "webp"],
    ["avif", "webp"],
    ["png", "apng"],
  ] as const)("of %s that moves is %s", (format, expected) => {
    const animation = { plays: 0, colours: null, memory: () => 0, frames: () => NO_FRAMES };
    expect(resolveOptions(options, { format, channels: 4, animation }).format).toBe(expected);
  });

  test("conflicts with nothing: what the input is, the client may not know", () => {
    expect(findOptionConflict(options)).toBeUndefined();
  });

  test("gives way to a format that is named", () => {
    const named = OUTPUT_OPTIONS.parse({ format: "webp" });
    expect(resolveOptions(named, { format: "jpg", channels: 3 }).format).toBe("webp");
  });
});
