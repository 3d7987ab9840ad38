/** What the table of formats says of codecs is what these do. */
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatNames, writableFormats } from "../../src/find-format.ts";
import type { Direction, Format } from "../../src/format.ts";
import { FORMATS } from "../../src/formats.ts";
import { MAX_PIXELS, MEMORY_BUDGET_BYTES } from "../../src/limits.ts";
import { startLab, type Lab } from "../support/lab-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

test("each format is read, written, moved and merged by its codec as its row says", async () => {
  const { bytes } = await lab.post("/codecs", {}, new Uint8Array(0));
  const codecs = JSON.parse(new TextDecoder().decode(bytes)) as { name: string }[];
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  const rows = formatNames().map((name) => {
    const { reads, writes, animation, pages }: Format = FORMATS[name];
    const areWritten = (direction: Direction | undefined) =>
      direction === "write" || direction === "both";
    return { name, reads, writes, moves: areWritten(animation), merges: areWritten(pages) };
  });
  expect(codecs.toSorted(byName)).toEqual(rows.toSorted(byName));
});

test("no two formats go by one name", () => {
  const names = formatNames().flatMap((name) => [name, ...FORMATS[name].aliases]);
  expect(names).toEqual([...new Set(names)]);
});

/** What an encoder plans for an opaque 4:3 picture of so many pixels. */
async function plan(format: string, pixels: number, lossless: boolean): Promise<number> {
  const width = Math.round(Math.sqrt((pixels * 4) / 3));
  const height = Math.round(pixels / width);
  const query = { format, width, height, channels: 3, options: { lossless } };
  return (await lab.post("/plan", query, new Uint8Array(0))).info.planned;
}

/** Decoding, and everything around it. */
const AROUND_BYTES = 12 * 2 ** 20;

const limits = writableFormats().flatMap((name) => {
  const { maxPixels = MAX_PIXELS, maxLosslessPixels, maxSide = Infinity }: Format = FORMATS[name];
  if (maxSide ** 2 < MAX_PIXELS) return [];
  return [
    [name, maxPixels, false] as const,
    ...(maxLosslessPixels === undefined ? [] : [[name, maxLosslessPixels, true] as const]),
  ];
});

test.each(limits)("%s of %i pixels, lossless %s: fits; a tenth more hardly", async (...row) => {
  const [name, pixels, lossless] = row;
  expect(await plan(name, pixels, lossless)).toBeLessThanOrEqual(MEMORY_BUDGET_BYTES);
  if (pixels === MAX_PIXELS) return;
  const more = await plan(name, pixels * 1.1, lossless);
  expect(more).toBeGreaterThan(MEMORY_BUDGET_BYTES - AROUND_BYTES);
});

test("one frame of an animation is a picture of its own", async () => {
  const [width, height, frames] = [40, 30, 4];
  const data = Buffer.from(
    Array.from({ length: width * height * frames * 3 }, (_, i) => {
      const frame = Math.floor(i / (width * height * 3));
      return (i % 3 === frame % 3 ? 200 : 20) + (Math.floor(i / 3) % 7) * frame;
    }),
  );
  const raw = { width, height: height * frames, channels: 3, pageHeight: height } as const;
  const file = await sharp(data, { raw }).gif({ effort: 1, dither: 0 }).toBuffer();
  for (let frame = 1; frame <= frames; frame++) {
    const made = await lab.convert(file, { format: "png", frame });
    expect(made).toMatchObject({ width, height, warnings: [] });
    const ours = await sharp(made.file).ensureAlpha().raw().toBuffer();
    const theirs = await sharp(file, { page: frame - 1 })
      .ensureAlpha()
      .raw()
      .toBuffer();
    expect(ours.equals(theirs)).toBe(true);
    expect(made.used).toBeLessThanOrEqual(made.planned);
  }
  const kept = await lab.convert(file, { format: "gif", frame: 2, neverLarger: true });
  expect((await sharp(kept.file).metadata()).pages).toBe(1);
  const missing = lab.convert(file, { format: "png", frame: 5 });
  await expect(missing).rejects.toMatchObject({ code: "invalid_parameter" });
});
