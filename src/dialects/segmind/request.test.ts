import { expect, test } from "vitest";
import { prefersJson, readImageSource, readOutput } from "./request.ts";

test.each([
  ["https://example.com/a.jpg", "url"],
  [" HTTP://example.com/a.jpg\n", "url"],
  ["ftp://example.com/a.jpg", "url"],
  ["data:image/png;base64,QUJD", "base64"],
  ["QUJD", "base64"],
  ["/9j/4AAQ", "base64"],
  ["httpQUJD", "base64"],
])("%j is taken for a %s", (text, kind) => {
  expect(readImageSource(text).kind).toBe(kind);
});

test.each([
  [undefined, false],
  ["*/*", false],
  ["image/png", false],
  ["application/json, text/plain, */*", false],
  ["text/html,application/xhtml+xml,image/webp,*/*;q=0.8", false],
  ["application/json", true],
  ["Application/JSON; charset=utf-8", true],
  ["application/json, */*;q=0.1", true],
  ["application/json;q=0.5, image/*;q=0.9", false],
  ["text/plain", false],
  ["application/json;q=zero", false],
])("Accept: %s prefers JSON to a PNG: %s", (accept, expected) => {
  expect(prefersJson(accept, "image/png")).toBe(expected);
});

test("the aliases of a format are the format", () => {
  expect(readOutput("JPEG").format).toBe("jpg");
  expect(readOutput("jpg").format).toBe("jpg");
});

test("a format that the page does not list is refused, though it could be made", () => {
  expect(() => readOutput("ico")).toThrow(/target_format must be one of/);
});
