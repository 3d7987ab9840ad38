/** Text in fonts that somebody has put into the bucket. The fixture is an embedded font, renamed. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { MIB } from "../../src/limits.ts";
import { convertOverHttp } from "../support/client.ts";
import { renameFont } from "../support/font-writer.ts";
import { startTestStack, type Stack } from "../support/stack.ts";

const mono = readFileSync(
  createRequire(import.meta.url).resolve(
    "@expo-google-fonts/cousine/400Regular/Cousine_400Regular.ttf",
  ),
);
const FAMILY = "Quillfeather";

let stack: Stack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.close());

beforeEach(async () => {
  const { objects } = await stack.env.FILES.list({ prefix: "fonts/" });
  await stack.env.FILES.delete(objects.map(({ key }) => key));
});

const put = async (path: string, bytes: Uint8Array) =>
  await stack.env.FILES.put(`fonts/${path}`, bytes as Uint8Array<ArrayBuffer>);

async function draw(style: string) {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60"><text x="5" y="40" font-size="32" ${style}>Wide or not</text></svg>`;
  const input = { bytes: Buffer.from(text), filename: "text.svg" };
  const outcome = await convertOverHttp(stack, input, { output_format: "png" });
  if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
  return { file: outcome.file, warnings: outcome.job.warnings.map(({ code }) => code) };
}

const inFont = (family: string) => draw(`font-family="${family}"`);

test("a family is drawn in its font as soon as that is in the bucket, and no longer than that", async () => {
  const [inMono, inDefault] = [await inFont("monospace"), await inFont("no such font")];
  expect(inMono.file.equals(inDefault.file)).toBe(false);
  expect((await inFont(FAMILY)).file.equals(inDefault.file)).toBe(true);

  await put(`${FAMILY}/Regular.ttf`, renameFont(mono, FAMILY));
  expect((await inFont(`${FAMILY}, serif`)).file.equals(inMono.file)).toBe(true);
  expect(await inFont(FAMILY.toLowerCase())).toEqual({ file: inMono.file, warnings: [] });
  expect((await inFont("serif")).file.equals(inDefault.file)).toBe(true);

  await stack.env.FILES.delete(`fonts/${FAMILY}/Regular.ttf`);
  expect((await inFont(FAMILY)).file.equals(inDefault.file)).toBe(true);
});

test("a folder may be named otherwise than its font, as what an embedded font stands in for, too", async () => {
  const inMono = await inFont("monospace");
  for (const name of ["Georgia", "Georgia Pro"]) await put(`${name}/a.ttf`, renameFont(mono, name));
  await put("Verdana/a.ttf", renameFont(mono, FAMILY));
  for (const style of [
    'font-family="Georgia Pro"',
    `style='font-family:"Georgia Pro", Arial'`,
    'font-family="serif" style="font-family: Georgia"',
    'font-family="Verdana"',
  ]) {
    expect((await draw(style)).file.equals(inMono.file), style).toBe(true);
  }
});

test("what is no font, is cut off, or is too large is passed over with a warning", async () => {
  const inDefault = await inFont("no such font");
  const font = renameFont(mono, FAMILY);
  for (const bytes of [
    Buffer.from("no font"),
    Buffer.alloc(0),
    font.subarray(0, 1000),
    font.subarray(0, -100),
    Buffer.concat([font, Buffer.alloc(16 * MIB)]),
  ]) {
    await put(`${FAMILY}/a.ttf`, bytes);
    const drawn = await inFont(FAMILY);
    expect(drawn.warnings).toEqual(["font_ignored"]);
    expect(drawn.file.equals(inDefault.file)).toBe(true);
  }
  // Its directory is whole, its letters are not.
  await put(`${FAMILY}/a.ttf`, Buffer.concat([font.subarray(0, 400), Buffer.alloc(font.length - 900), font.subarray(-500)])); // prettier-ignore
  expect((await inFont(FAMILY)).file.length).toBeGreaterThan(0);
});

test("of more fonts than a drawing may have the first are taken", async () => {
  const inMono = await inFont("monospace");
  const font = renameFont(mono, FAMILY);
  for (let i = 10; i < 30; i++) await put(`${FAMILY}/${i}.ttf`, font);
  const { file, warnings } = await inFont(FAMILY);
  expect(file.equals(inMono.file)).toBe(true);
  expect(warnings).toEqual(Array.from({ length: 4 }, () => "font_ignored"));
});
