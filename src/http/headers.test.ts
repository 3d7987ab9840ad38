import { describe, expect, test } from "vitest";
import { cleanFilename } from "../jobs/filenames.ts";
import { attachment, readDisposition } from "../content-disposition.ts";
import { readWaitS } from "./prefer.ts";
import { readRange } from "./range.ts";

describe("Content-Disposition", () => {
  test.each([
    ['form-data; name="files[]"; filename="a b.png"', "a b.png"],
    ['form-data; name="f"; filename="日本.png"', "日本.png"],
    ['form-data; name="f"; filename="say \\"hi\\".png"', 'say "hi".png'],
    ['form-data; name="f"; filename="say %22hi%22.png"', 'say "hi".png'],
    ['form-data; name="f"; filename="a;b.png"', "a;b.png"],
    ["form-data; name=f; filename=plain.png", "plain.png"],
    [`form-data; name="f"; filename="x.png"; filename*=UTF-8''caf%C3%A9.png`, "café.png"],
    [`form-data; name="f"; filename="x.png"; filename*=UTF-8''%E9`, "x.png"],
    ['form-data; name="f"', undefined],
  ])("%s", (header, filename) => {
    expect(readDisposition(header).filename).toBe(filename);
  });

  test("a name loses its folders and control characters, never its extension", () => {
    expect(cleanFilename("C:\\photos\\me.png", "x")).toBe("me.png");
    expect(cleanFilename("../../etc/passwd", "x")).toBe("passwd");
    expect(cleanFilename("a\r\nb\u0000.png", "x")).toBe("ab.png");
    expect(cleanFilename("..", "input.png")).toBe("input.png");
    expect(cleanFilename(undefined, "input.png")).toBe("input.png");
    expect(cleanFilename(`${"x".repeat(500)}.png`, "")).toMatch(/^x{196}\.png$/);
  });

  test("a long name is cut between characters, so that it can be written again", () => {
    for (const end of ["", "a", "ab", "abc"]) {
      const name = cleanFilename(`${"😀".repeat(120)}${end}.png`, "");
      expect(name.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      expect(name.endsWith(`😀${end}.png`)).toBe(true);
      expect(attachment(name)).toContain(encodeURIComponent(name));
    }
    expect(attachment("\ude00.png")).toContain("%EF%BF%BD.png");
  });

  test("a name is written in ASCII and in UTF-8", () => {
    expect(attachment("it's 日本.jpg")).toBe(
      `attachment; filename="it's __.jpg"; filename*=UTF-8''it%27s%20%E6%97%A5%E6%9C%AC.jpg`,
    );
  });
});

test.each([
  ["wait=5", 5],
  ["respond-async, wait=10", 10],
  ["respond-async; wait=10", 10],
  ['wait="7"', 7],
  ["wait=100000", 60],
  ["return=minimal", null],
  ["wait=", null],
  ["wait=-1", null],
  [undefined, null],
])("Prefer: %s waits %s", (header, seconds) => {
  expect(readWaitS(header)).toBe(seconds);
});

test.each([
  ["bytes=0-9", { offset: 0, length: 10 }],
  ["bytes=90-", { offset: 90, length: 10 }],
  ["bytes=90-500", { offset: 90, length: 10 }],
  ["bytes=-5", { offset: 95, length: 5 }],
  ["bytes=-500", { offset: 0, length: 100 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-2", null],
  ["bytes=0-1,5-6", null],
  ["lines=0-1", null],
  ["bytes=-", null],
  [null, null],
])("Range: %s of 100 bytes", (header, range) => {
  expect(readRange(header, 100)).toEqual(range);
});
