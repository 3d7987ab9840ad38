import { expect, test } from "vitest";
import { withUprightXmp } from "./xmp.ts";

const reset = (text: string): string =>
  Buffer.from(withUprightXmp(Buffer.from(text))).toString("utf8");

test.each([
  ['<a tiff:Orientation="6" b="é 8"/>', '<a tiff:Orientation="1" b="é 8"/>'],
  ["<a tiff:Orientation = '3'/>", "<a tiff:Orientation = '1'/>"],
  ["é<tiff:Orientation>8</tiff:Orientation>", "é<tiff:Orientation>1</tiff:Orientation>"],
  ['<a tiff:Orientation="1"/>', '<a tiff:Orientation="1"/>'],
  ['<a x:Orientation="6">tiff:Orientation 6</a>', '<a x:Orientation="6">tiff:Orientation 6</a>'],
  ["", ""],
])("%s is upright as %s", (xmp, upright) => {
  expect(reset(xmp)).toBe(upright);
});
