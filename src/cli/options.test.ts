import { describe, expect, test } from "vitest";
import { OUTPUT_OPTIONS } from "../pipeline/options.ts";
import { listOptions, normaliseArguments, toMemberValue } from "./options.ts";

const OPTIONS = listOptions();

test("every picture option can be given but the format and what the native request has not", () => {
  const left = ["format", "aspect", "neverLarger"];
  expect(OPTIONS).toHaveLength(Object.keys(OUTPUT_OPTIONS.shape).length - left.length);
  expect(OPTIONS.find(({ flag }) => flag === "strip-metadata")).toEqual({
    flag: "strip-metadata",
    member: "strip_metadata",
    kind: "boolean",
    values: "true|false",
  });
});

test("the help says how to write what is neither a word of a list nor a number", () => {
  const values = (flag: string) => OPTIONS.find((option) => option.flag === flag)?.values;
  expect(values("pages")).toBe("all, or 1,3-5");
  expect(values("password")).toBe("text");
  expect(values("background")).toContain("#rrggbb");
});

describe("arguments in any spelling", () => {
  test.each([
    [["--strip_metadata", "false"], ["--strip-metadata=false"]],
    [["--strip-metadata=false"], ["--strip-metadata=false"]],
    [["--no-strip-metadata"], ["--strip-metadata=false"]],
    [
      ["--lossless", "in.png"],
      ["--lossless=true", "in.png"],
    ],
    [
      ["--width", "800"],
      ["--width", "800"],
    ],
    [["--background=#fff"], ["--background=#fff"]],
    [
      ["--unknown", "--url=x"],
      ["--unknown", "--url=x"],
    ],
  ])("%j is %j", (given, expected) => {
    expect(normaliseArguments(given, OPTIONS)).toEqual(expected);
  });
});

test("values become JSON's; what does not parse is the service's to refuse", () => {
  const value = (flag: string, text: string) => {
    const spec = OPTIONS.find((option) => option.flag === flag);
    return spec && toMemberValue(spec, text);
  };
  expect(value("width", "800")).toBe(800);
  expect(value("quality", "high")).toBe("high");
  expect(value("lossless", "true")).toBe(true);
  expect(value("background", "#fff")).toBe("#fff");
  expect(value("icon-sizes", "16, 256")).toEqual([16, 256]);
});
