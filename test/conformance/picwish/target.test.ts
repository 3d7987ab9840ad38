/** How small results are: `kbyte` is kept, and nothing grows. */
import sharp from "sharp";
import { afterAll, beforeAll, describe as group, expect, test } from "vitest";
import { startRemoteServer, type RemoteServer } from "../../support/remote-server.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { compress, describe, download, drawScene, toForm } from "./client.ts";

let stack: Stack;
let remote: RemoteServer;
/** Shapes and grain. */
let photo: Buffer;

const WIDTH = 900;
const HEIGHT = 600;

beforeAll(async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 14 } as const;
  const grain = {
    create: { width: WIDTH, height: HEIGHT, channels: 3, background: "#888", noise },
  } as const;
  photo = await drawScene(WIDTH, HEIGHT)
    .composite([{ input: await sharp(grain).png().toBuffer(), blend: "soft-light" }])
    .removeAlpha()
    .png()
    .toBuffer();
  remote = await startRemoteServer({ "photo.png": photo });
  stack = await startTestStack({ ALLOW_PRIVATE_URLS: "1" });
});
afterAll(() => Promise.all([remote.close(), stack.close()]));

/** Mean difference of all values, the result brought to the input's size. */
async function difference(result: Buffer, input: Buffer): Promise<number> {
  const { width, height } = await sharp(input).metadata();
  const toPixels = (file: Buffer) =>
    sharp(file).resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
  const [a, b] = await Promise.all([toPixels(result), toPixels(input)]);
  return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
}

group("kbyte", () => {
  test.each([
    ["jpg", "jpeg", 200],
    ["jpg", "jpeg", 90],
    ["jpg", "jpeg", 30],
    ["jpg", "jpeg", 5],
    ["jpg", "jpeg", 1],
    ["webp", "webp", 150],
    ["webp", "webp", 30],
    ["webp", "webp", 1],
  ])("a photo as %s (%s) has at most %i KiB and stays the photo", async (format, name, kbyte) => {
    const form = toForm({ sync: 1, format, kbyte }, { bytes: photo, name: "photo.png" });
    const task = await compress(stack, form);
    const result = await download(task);
    expect(result.length).toBeLessThanOrEqual(kbyte * 1024);
    const { format: actual, width = 0, height = 0 } = await describe(result);
    expect(actual).toBe(name);
    expect(Math.abs(height - (width * HEIGHT) / WIDTH)).toBeLessThanOrEqual(1);
    const reduced = task.warnings.some(({ code }) => code === "reduced_size");
    expect(reduced).toBe(width < WIDTH);
    expect(await difference(result, photo)).toBeLessThan(kbyte < 10 ? 25 : 12);
  });

  test("what there is room for is used", async () => {
    const form = toForm({ sync: 1, format: "jpg", kbyte: 100 }, { bytes: photo });
    const result = await download(await compress(stack, form));
    expect(result.length).toBeGreaterThan(60 * 1024);
    expect(await describe(result)).toMatchObject({ width: WIDTH, height: HEIGHT });
  });

  test("a flat picture fits into one KiB", async () => {
    const flat = { create: { width: 200, height: 200, channels: 3, background: "#c63" } } as const;
    const bytes = await sharp(flat).jpeg({ quality: 100 }).toBuffer();
    for (const format of ["jpg", "webp"]) {
      const form = toForm({ sync: 1, format, kbyte: 1 }, { bytes });
      const result = await download(await compress(stack, form));
      expect(result.length).toBeLessThanOrEqual(1024);
      expect(await difference(result, bytes)).toBeLessThan(3);
    }
  });

  test("the sizes asked for stay exact where they leave room", async () => {
    const fields = { sync: 1, format: "jpg", kbyte: 20, width: 320, height: 300 };
    const result = await download(await compress(stack, toForm(fields, { bytes: photo })));
    expect(result.length).toBeLessThanOrEqual(20 * 1024);
    expect(await describe(result)).toEqual({ format: "jpeg", width: 320, height: 300 });
  });

  test("an input that fits is not made larger", async () => {
    const bytes = await sharp(photo).jpeg({ quality: 50 }).toBuffer();
    const form = toForm({ sync: 1, kbyte: 51_200 }, { bytes });
    expect((await download(await compress(stack, form))).length).toBeLessThanOrEqual(bytes.length);
  });

  test("holds for base64, too, of which it is the file that counts", async () => {
    const fields = { sync: 1, format: "jpg", kbyte: 40, return_type: 2 };
    const { image } = await compress(stack, toForm(fields, { bytes: photo }));
    expect(Buffer.from(image, "base64").length).toBeLessThanOrEqual(40 * 1024);
  });

  test("holds for a PNG that a URL brought, whose sides shrink", async () => {
    const image_url = `${remote.url}/files/photo.png`;
    const task = await compress(stack, toForm({ sync: 1, kbyte: 60, image_url }));
    const result = await download(task);
    expect(result.length).toBeLessThanOrEqual(60 * 1024);
    expect((await describe(result)).format).toBe("png");
    expect(task.warnings.map(({ code }) => code)).toContain("reduced_size");
  });
});

group("the result is never larger than the input", () => {
  test.each([
    ["a JPEG of low quality", () => sharp(photo).jpeg({ quality: 10 })],
    ["a WebP of low quality", () => sharp(photo).webp({ quality: 5 })],
    ["a PNG that was made small", () => drawScene(300, 200).png({ palette: true, effort: 10 })],
    ["a JPEG of one pixel", () => sharp(photo).resize(1, 1).jpeg()],
  ])("%s", async (_, draw) => {
    const bytes = await draw().toBuffer();
    for (const quality of ["", 100]) {
      const task = await compress(stack, toForm({ sync: 1, quality }, { bytes }));
      const result = await download(task);
      expect(result.length).toBeLessThanOrEqual(bytes.length);
      expect(await describe(result)).toEqual(await describe(bytes));
      expect(await difference(result, bytes)).toBeLessThan(3);
    }
  });

  test("but it may be where another format or size is asked for", async () => {
    const bytes = await sharp(photo).jpeg({ quality: 10 }).toBuffer();
    const asked: Record<string, string | number>[] = [{ format: "png" }, { width: 2 * WIDTH }];
    for (const fields of asked) {
      const result = await download(
        await compress(stack, toForm({ sync: 1, ...fields }, { bytes })),
      );
      expect(result.length).toBeGreaterThan(bytes.length);
    }
  });
});
