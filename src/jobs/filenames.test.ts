import { describe, expect, test } from "vitest";
import { nameOutputs } from "./filenames.ts";

describe("nameOutputs", () => {
  test.each([
    ["photo.jpg", "photo.webp"],
    ["photo.final.jpeg", "photo.final.webp"],
    ["folder/photo.jpg", "photo.webp"],
    ["C:\\folder\\photo.jpg", "photo.webp"],
    ["../../etc/passwd", "passwd.webp"],
    [".hidden", "hidden.webp"],
    ["..", "image.webp"],
    ["", "image.webp"],
    ["no-extension", "no-extension.webp"],
    ['a"b\r\n\u0000c.jpg', "abc.webp"],
    ["фото 写真.png", "фото 写真.webp"],
  ])("%j becomes %j", (input, output) => {
    expect(nameOutputs([input], "webp")).toEqual([output]);
  });

  test("names are unique, also where systems ignore case", () => {
    const inputs = ["a.jpg", "A.png", "a.webp", "a (1).jpg", "b.jpg"];
    expect(nameOutputs(inputs, "png")).toEqual([
      "a.png",
      "A (1).png",
      "a (2).png",
      "a (1) (1).png",
      "b.png",
    ]);
  });

  test("long names are cut to what file systems allow, never inside a character", () => {
    const name = (base: string) => nameOutputs([`${base}.jpg`], "png")[0];
    expect(name("😀".repeat(300))).toBe(`${"😀".repeat(50)}.png`);
    expect(name(`a${"😀".repeat(300)}`)).toBe(`a${"😀".repeat(49)}.png`);
    expect(name("x".repeat(300))).toBe(`${"x".repeat(200)}.png`);
    expect(name("\ude00")).toBe("\ufffd.png");
  });
});
