import { describe, expect, test } from "vitest";
import { layOut } from "./geometry.ts";
import { fitIcon } from "./icon.ts";
import { findOptionConflict, OUTPUT_OPTIONS } from "./options.ts";

const canvas = (width: number, height: number, options: object) => {
  const source = { width, height };
  const asked = OUTPUT_OPTIONS.parse({ format: "ico", ...options });
  return layOut(source, fitIcon(source, asked)).canvas;
};

describe("an icon's size", () => {
  test.each([
    ["a small picture keeps its size", [100, 60], {}, [100, 60]],
    ["256 is not too large", [256, 256], {}, [256, 256]],
    ["a large picture fits inside 256", [4000, 3000], {}, [256, 192]],
    ["a given width is kept", [4000, 3000], { width: 64 }, [64, 48]],
    [
      "a given width is not kept where the height is too large",
      [100, 200],
      { width: 200 },
      [128, 256],
    ],
    ["neither are both", [400, 400], { width: 300, height: 100, fit: "fill" }, [256, 256]],
    ["the largest square is the canvas", [4000, 3000], { iconSizes: [16, 48] }, [48, 48]],
    ["squares come before width and height", [90, 30], { iconSizes: [32], width: 64 }, [32, 32]],
  ])("%s", (_name, [width = 0, height = 0], options, expected) => {
    const { width: w, height: h } = canvas(width, height, options);
    expect([w, h]).toEqual(expected);
  });

  test("other formats' sizes are left alone", () => {
    expect(canvas(4000, 3000, { format: "png" })).toEqual({ width: 4000, height: 3000 });
  });
});

test("icon sizes are sorted, each once, and for icons only", () => {
  const { iconSizes } = OUTPUT_OPTIONS.parse({ format: "ico", iconSizes: [64, 16, 64] });
  expect(iconSizes).toEqual([16, 64]);
  expect(OUTPUT_OPTIONS.safeParse({ format: "ico", iconSizes: [17] }).success).toBe(false);
  expect(OUTPUT_OPTIONS.safeParse({ format: "ico", iconSizes: [] }).success).toBe(false);
  const png = OUTPUT_OPTIONS.parse({ format: "png", iconSizes: [16] });
  expect(findOptionConflict(png)).toContain("ico");
});
