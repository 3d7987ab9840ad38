import { describe, expect, test } from "vitest";
import { nameOutput } from "./filenames.ts";

describe("nameOutput", () => {
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
    expect(nameOutput(input, "webp", [])).toBe(output);
  });

  test("names are unique, also where systems ignore case", () => {
    const inputs = ["a.jpg", "A.png", "a.webp", "a (1).jpg", "b.jpg"];
    const names: string[] = [];
    for (const input of inputs) names.push(nameOutput(input, "png", names));
    expect(names).toEqual(["a.png", "A (1).png", "a (2).png", "a (1) (1).png", "b.png"]);
  });

  test("the page's number is part of the name", () => {
    expect(nameOutput("scan.tiff", "png", [], 12)).toBe("scan-12.png");
    expect(nameOutput("b/scan.tif", "png", ["scan-12.png"], 12)).toBe("scan-12 (1).png");
  });

  test("names with other extensions are others", () => {
    expect(nameOutput("a.gif", "png", ["a.jpg"])).toBe("a.png");
    expect(nameOutput("a.gif", "jpg", ["A.jpg"])).toBe("a (1).jpg");
  });

  test("long names are cut to what file systems allow, never inside a character", () => {
    const name = (base: string) => nameOutput(`${base}.jpg`, "png", []);
    expect(name("😀".repeat(300))).toBe(`${"😀".repeat(50)}.png`);
    expect(name(`a${"😀".repeat(300)}`)).toBe(`a${"😀".repeat(49)}.png`);
    expect(name("x".repeat(300))).toBe(`${"x".repeat(200)}.png`);
    expect(name("\ude00")).toBe("\ufffd.png");
  });
});
