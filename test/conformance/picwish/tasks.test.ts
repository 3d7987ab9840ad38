import sharp from "sharp";
import { afterAll, beforeAll, describe as group, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import {
  ask,
  compress,
  create,
  describe,
  download,
  drawScene,
  poll,
  query,
  TASKS,
  toForm,
} from "./client.ts";

let stack: Stack;
let jpeg: Buffer;
let png: Buffer;
/** With transparent parts. */
let webp: Buffer;

beforeAll(async () => {
  stack = await startTestStack();
  jpeg = await drawScene(320, 200).removeAlpha().jpeg({ quality: 95 }).toBuffer();
  png = await drawScene(320, 200).removeAlpha().png().toBuffer();
  webp = await drawScene(320, 200, "").webp({ quality: 95 }).toBuffer();
});
afterAll(() => stack?.close());

const file = () => ({ bytes: jpeg, name: "photo.jpg" });

group("creating a task", () => {
  test("without sync answers at once with the task's id; polling leads to the result", async () => {
    const { http, message, data } = await create(stack, toForm({}, file()));
    expect({ http, message }).toEqual({ http: 200, message: "success" });
    expect(data).toEqual({
      task_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      created_at: expect.any(Number),
      processed_at: 0,
      completed_at: 0,
      return_type: 1,
      progress: 0,
      state: 0,
      state_detail: "Queued",
      warnings: [],
      image: "",
    });
    const done = await poll(stack, data.task_id);
    expect(done.data).toMatchObject({ task_id: data.task_id, state: 1, progress: 100 });
    expect(await describe(await download(done.data))).toEqual({
      format: "jpeg",
      width: 320,
      height: 200,
    });
  });

  test("with sync=1 waits and answers with the whole task, and querying reads the same", async () => {
    const before = Math.floor(Date.now() / 1000);
    const data = await compress(stack, toForm({ sync: 1 }, file()));
    expect(data).toEqual({
      task_id: expect.any(String),
      created_at: expect.any(Number),
      processed_at: expect.any(Number),
      completed_at: expect.any(Number),
      return_type: 1,
      progress: 100,
      state: 1,
      state_detail: "Complete",
      warnings: [],
      image: expect.stringMatching(new RegExp(`^${stack.url}/files/.+/photo\\.jpg\\?`)),
    });
    const times = [data.created_at, data.processed_at, data.completed_at];
    expect(times.every(Number.isInteger)).toBe(true);
    expect(times).toEqual(times.toSorted());
    expect(data.created_at).toBeGreaterThanOrEqual(before);
    expect(data.completed_at).toBeLessThanOrEqual(Date.now() / 1000);
    expect((await query(stack, data.task_id)).data).toEqual(data);
  });

  test.each([0, 1, 2, 3])("the file may be part %i among the fields", async (at) => {
    const fields = { sync: "1", format: "png", width: "40" };
    const data = await compress(stack, toForm(fields, file(), at));
    expect(await describe(await download(data))).toEqual({ format: "png", width: 40, height: 25 });
  });

  test("a file part without a file name is the file, too", async () => {
    const boundary = "b0undary";
    const body = Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="image_file"\r\n\r\n`),
      jpeg,
      Buffer.from(
        `\r\n--${boundary}\r\nContent-Disposition: form-data; name="sync"\r\n\r\n1\r\n--${boundary}--\r\n`,
      ),
    ]);
    const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
    const { data } = await ask(stack, TASKS, { method: "POST", body, headers });
    expect(data.state).toBe(1);
  });

  test("a file of several parts of the store arrives whole", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const large = await sharp({
      create: { width: 2200, height: 1800, channels: 3, background: "#888", noise },
    })
      .png({ compressionLevel: 0 })
      .toBuffer();
    expect(large.length).toBeGreaterThan(11_000_000);
    const form = toForm({ sync: 1, format: "jpg", width: 20 }, { bytes: large, name: "a.png" });
    expect(await describe(await download(await compress(stack, form)))).toMatchObject({
      width: 20,
    });
  });

  test("unknown fields are ignored", async () => {
    const fields = { sync: 1, type: 2, fix_face_only: "1", callback_url: "http://x", "": "y" };
    await compress(stack, toForm(fields, file()));
  });

  test("empty fields, an empty image_url included, and 0 mean that a field is absent", async () => {
    const fields = { image_url: "", sync: 1, format: "", return_type: "", quality: "" };
    const zeros = { kbyte: 0, width: "0", height: 0 };
    const data = await compress(stack, toForm({ ...fields, ...zeros }, file()));
    expect(data.return_type).toBe(1);
    expect(await describe(await download(data))).toEqual({
      format: "jpeg",
      width: 320,
      height: 200,
    });
  });

  test("spaces around values and upper case in formats do not matter", async () => {
    const data = await compress(stack, toForm({ sync: " 1 ", format: " WebP" }, file()));
    expect(await describe(await download(data))).toMatchObject({ format: "webp" });
  });
});

group("format", () => {
  test.each([
    ["jpg", "jpeg"],
    ["jpeg", "jpeg"],
    ["png", "png"],
    ["webp", "webp"],
  ])("%s gives a file that sharp calls %s, named accordingly", async (format, expected) => {
    const data = await compress(stack, toForm({ sync: 1, format }, file()));
    expect(await describe(await download(data))).toMatchObject({ format: expected });
    expect(new URL(data.image).pathname).toMatch(
      new RegExp(`/photo\\.${format.replace("jpeg", "jpg")}$`),
    );
  });

  test("without one, jpg, png and webp stay what they are, whatever their names say", async () => {
    for (const [bytes, format] of [
      [jpeg, "jpeg"],
      [png, "png"],
      [webp, "webp"],
    ] as const) {
      const data = await compress(stack, toForm({ sync: 1 }, { bytes, name: "a.tiff" }));
      expect(await describe(await download(data))).toMatchObject({ format });
    }
  });

  test("without one, a BMP becomes a JPEG", async () => {
    const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    const bytes = toBmp(data, 320, 200);
    const task = await compress(stack, toForm({ sync: 1 }, { bytes, name: "a.bmp" }));
    expect(await describe(await download(task))).toEqual({
      format: "jpeg",
      width: 320,
      height: 200,
    });
  });

  test.each([
    ["a TIFF", "jpeg", () => sharp(png).tiff({ compression: "none" })],
    ["a TIFF packed by LZW", "jpeg", () => sharp(png).tiff({ compression: "lzw" })],
    ["a TIFF with transparent parts", "png", () => sharp(webp).tiff({ compression: "deflate" })],
    ["a GIF", "jpeg", () => sharp(png).gif()],
    ["a GIF with transparent parts", "png", () => sharp(webp).gif()],
    ["an AVIF", "jpeg", () => sharp(png).avif({ quality: 90 })],
    ["an AVIF with transparent parts", "png", () => sharp(webp).avif({ quality: 90 })],
  ])("without one, %s becomes a file that sharp calls %s", async (_, format, draw) => {
    const bytes = await draw().toBuffer();
    const result = await download(await compress(stack, toForm({ sync: 1 }, { bytes })));
    expect(await describe(result)).toEqual({ format, width: 320, height: 200 });
    const flatten = (image: Buffer) =>
      sharp(image).flatten({ background: "#fff" }).raw().toBuffer();
    expect(meanDifference(await flatten(result), await flatten(bytes))).toBeLessThan(8);
  });

  test("without one, what moves goes on moving", async () => {
    const frames = [webp, png, await sharp(png).negate().toBuffer()];
    const animate = () => sharp(frames, { join: { animated: true } });
    for (const bytes of [await animate().gif().toBuffer(), await animate().webp().toBuffer()]) {
      const result = await download(await compress(stack, toForm({ sync: 1 }, { bytes })));
      expect(await sharp(result).metadata()).toMatchObject({ format: "webp", pages: 3 });
    }
  });

  test("transparency survives webp and png, and lies on white in jpg", async () => {
    const upload = { bytes: webp, name: "a.webp" };
    for (const format of ["webp", "png"]) {
      const result = await download(await compress(stack, toForm({ sync: 1, format }, upload)));
      const { isOpaque } = await sharp(result).stats();
      expect(isOpaque).toBe(false);
    }
    const flat = await download(await compress(stack, toForm({ sync: 1, format: "jpg" }, upload)));
    const expected = await sharp(webp).flatten({ background: "#fff" }).raw().toBuffer();
    expect(meanDifference(await sharp(flat).raw().toBuffer(), expected)).toBeLessThan(4);
  });
});

group("width and height", () => {
  test.each([
    [{ width: 100 }, { width: 100, height: 63 }],
    [{ height: 100 }, { width: 160, height: 100 }],
    [
      { width: 50, height: 90 },
      { width: 50, height: 90 },
    ],
    [
      { width: 50, height: "" },
      { width: 50, height: 31 },
    ],
    [
      { width: 0, height: 50 },
      { width: 80, height: 50 },
    ],
    [
      { width: 700, height: 500 },
      { width: 700, height: 500 },
    ],
  ])("%o gives %o", async (asked, expected) => {
    const result = await download(await compress(stack, toForm({ sync: 1, ...asked }, file())));
    expect(await describe(result)).toEqual({ format: "jpeg", ...expected });
  });

  test("both together stretch the whole picture: nothing is cut or padded", async () => {
    const form = toForm({ sync: 1, width: 120, height: 160, quality: 95 }, file());
    const result = await sharp(await download(await compress(stack, form)))
      .raw()
      .toBuffer();
    const expected = await sharp(jpeg).resize(120, 160, { fit: "fill" }).raw().toBuffer();
    expect(meanDifference(result, expected)).toBeLessThan(3);
  });

  test("a side of 8000 pixels is taken", async () => {
    const form = toForm({ sync: 1, width: 8000, height: 4, format: "png" }, file());
    expect(await describe(await download(await compress(stack, form)))).toMatchObject({
      width: 8000,
      height: 4,
    });
  });
});

group("quality", () => {
  test("decides the size of the file; the default lies in between and is smaller than the input", async () => {
    const sizes = await Promise.all(
      ["1", "40", "", "90"].map(async (quality) => {
        const task = await compress(stack, toForm({ sync: 1, quality }, file()));
        return (await download(task)).length;
      }),
    );
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(new Set(sizes).size).toBe(sizes.length);
    expect(sizes[2]).toBeLessThan(jpeg.length);
  });

  test("the picture stays the picture", async () => {
    const result = await download(await compress(stack, toForm({ sync: 1 }, file())));
    const expected = await sharp(jpeg).raw().toBuffer();
    expect(meanDifference(await sharp(result).raw().toBuffer(), expected)).toBeLessThan(4);
  });
});

/** A 24-bit BMP of RGB pixels, bottom row first. The width is a multiple of 4. */
function toBmp(rgb: Buffer, width: number, height: number): Buffer {
  const head = Buffer.alloc(54);
  head.write("BM");
  head.writeUInt32LE(54 + rgb.length, 2);
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  const rows = Array.from({ length: height }, (_, row) => {
    const start = (height - 1 - row) * width * 3;
    const pixels = Buffer.from(rgb.subarray(start, start + width * 3));
    for (let i = 0; i < pixels.length; i += 3) {
      [pixels[i], pixels[i + 2]] = [pixels[i + 2] ?? 0, pixels[i] ?? 0];
    }
    return pixels;
  });
  return Buffer.concat([head, ...rows]);
}

function meanDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
}
