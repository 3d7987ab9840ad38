import { expect, test } from "vitest";
import { readCompressRequest } from "./request.ts";

const read = (fields: Record<string, unknown>) => readCompressRequest(fields);

test("without fields: asynchronous, a URL, the input's format, no larger, quality 75", () => {
  expect(read({})).toMatchObject({
    imageUrl: null,
    sync: false,
    returnType: 1,
    targetsSize: false,
    output: { format: "auto", quality: 75, width: null, height: null },
  });
});

test("text and numbers mean the same", () => {
  const text = { sync: "1", return_type: "2", quality: "60", width: "300", height: "0" };
  const numbers = { sync: 1, return_type: 2, quality: 60, width: 300, height: 0 };
  expect(read(text)).toEqual(read(numbers));
  expect(read(text)).toMatchObject({
    sync: true,
    returnType: 2,
    output: { quality: 60, width: 300, height: null, fit: "fill" },
  });
});

test.each(["", " ", null, undefined])("%j is absent in every field", (value) => {
  const names = [
    "image_url",
    "sync",
    "format",
    "return_type",
    "quality",
    "kbyte",
    "width",
    "height",
  ];
  expect(read(Object.fromEntries(names.map((name) => [name, value])))).toEqual(read({}));
});

test("kbyte leaves the quality to the search", () => {
  expect(read({ kbyte: "200" })).toMatchObject({ targetsSize: true, output: { quality: 95 } });
  expect(read({ kbyte: 0 })).toEqual(read({}));
});

test.each(["jpg", "JPEG", ".png", "jpe"])("the format %s is what the page says it is", (format) => {
  const known = ["jpg", "jpeg"].includes(format.toLowerCase());
  if (known) expect(read({ format }).output.format).toBe("jpg");
  else expect(() => read({ format })).toThrow("`format` must be jpg, png or webp.");
});

test.each([
  { quality: 1, kbyte: 1 },
  { kbyte: 1, format: "png" },
  { image_url: "javascript:alert(1)" },
  { width: -0.5 },
  { width: Infinity },
  { sync: "true" },
])("%j is refused", (fields) => {
  expect(() => read(fields)).toThrow(expect.objectContaining({ code: "invalid_parameter" }));
});
