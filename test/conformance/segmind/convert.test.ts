/** v1: one call, the image in its answer. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFormat } from "../../../src/find-format.ts";
import { FORMATS } from "../../../src/formats.ts";
import { readByMagick } from "../../support/magick.ts";
import { writePdf, type PdfSpec } from "../../support/pdf-writer.ts";
import { psnr } from "../../support/psnr.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, get, post, readError, toDataUri } from "./client.ts";

let stack: Stack;
let png: Buffer;

beforeAll(async () => {
  stack = await startTestStack();
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

/** How near an image is to the one that was sent, in dB. */
async function likeness(bytes: Buffer): Promise<number> {
  const isBmp = bytes.toString("latin1", 0, 2) === "BM";
  const { data: pixels } = isBmp ? await readByMagick(bytes) : await readBySharp(bytes);
  return psnr((await readBySharp(png)).data, pixels);
}

const readBySharp = (file: Buffer) =>
  sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });

async function convert(body: unknown, headers: Record<string, string> = {}) {
  const response = await post(stack, body, { headers });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe("every target format of the page", () => {
  test.each(["png", "jpg", "jpeg", "gif", "bmp", "tiff", "webp"])(
    "%s is made",
    async (target_format) => {
      const format = findFormat(target_format);
      const response = await post(stack, { image_url: toDataUri(png), target_format });
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toBe(format && FORMATS[format].mimeType);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get("Content-Length")).toBe(String(bytes.length));
      expect(await likeness(bytes)).toBeGreaterThan(30);
    },
  );
});

test("what moves goes on moving, in an answer that is one file", async () => {
  const frames = [png, await sharp(png).negate().png().toBuffer()];
  const gif = await sharp(frames, { join: { animated: true } })
    .gif({ delay: [70, 200] })
    .toBuffer();
  for (const target_format of ["webp", "gif"]) {
    const { bytes } = await convert({ image_url: toDataUri(gif), target_format });
    expect(await sharp(bytes).metadata()).toMatchObject({ pages: 2, delay: [70, 200] });
  }
});

describe("every form of image_url gives the same image:", () => {
  const base64 = () => png.toString("base64");
  test.each([
    ["a data URI", () => toDataUri(png)],
    ["a data URI of another type: the content decides", () => toDataUri(png, "image/jpeg")],
    ["bare base64", base64],
    ["URL-safe base64 without padding", () => png.toString("base64url")],
    ["base64 in lines", () => base64().replace(/.{76}/g, "$&\r\n")],
  ])("%s", async (_, make) => {
    const { bytes } = await convert({ image_url: make(), target_format: "png" });
    expect(await likeness(bytes)).toBe(Infinity);
  });

  test.each([
    ["short", { width: 64, height: 48 }],
    ["long", { width: 1600, height: 1200 }],
  ])("a %s one, whichever member comes first and however slashes are written", async (_, size) => {
    // Noise: as base64 the second one is far over what is held in memory.
    const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
    const image = { ...size, channels: 3, background: "#888", noise } as const;
    const jpeg = await sharp({ create: image }).jpeg({ quality: 90 }).toBuffer();
    const image_url = toDataUri(jpeg, "image/jpeg");
    const results = [
      await convert({ image_url, target_format: "webp" }),
      await convert({ target_format: "webp", image_url }),
      await convert(
        `{"target_format":"webp","image_url":"${image_url.replaceAll("/", "\\/")}","seed":1}`,
      ),
      await convert(
        `{"image_url":"${image_url.replaceAll("+", "\\u002B")}","target_format":"webp"}`,
      ),
    ];
    for (const { bytes } of results) expect(bytes.equals(results[0]?.bytes as Buffer)).toBe(true);
    const metadata = await sharp(results[0]?.bytes).metadata();
    expect(metadata).toMatchObject({ format: "webp", ...size });
  });
});

test("what is no target of the page is 400, whether we write it or not", async () => {
  for (const target_format of ["avif", "pdf", "docx"]) {
    const { status, error } = await readError(
      await post(stack, { image_url: toDataUri(png), target_format }),
    );
    expect(status).toBe(400);
    expect(error).toBe("target_format must be one of png, jpg, jpeg, gif, bmp, tiff, webp.");
  }
});

describe("whatever is read is converted, for one credit:", () => {
  const red = { width: 8, height: 6, channels: 3, background: "#f00" } as const;
  const frames = [red, { ...red, background: "#00f" }].map((create) => ({ create }));

  test("of a document the first page", async () => {
    const pages: PdfSpec["pages"] = [
      { box: [0, 0, 60, 40], content: "" },
      { box: [0, 0, 30, 30], content: "" },
    ];
    const pdf = Buffer.from(writePdf({ pages }));
    const { bytes, headers } = await convert({ image_url: toDataUri(pdf), target_format: "tif" });
    // At 150 pixels an inch.
    expect(await sharp(bytes).metadata()).toMatchObject({ format: "tiff", width: 125, height: 83 });
    expect(headers.get("x-cost")).toBe("1");
  });

  test("of an animation all frames where the target can move, else the first", async () => {
    const parts = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()));
    const gif = await sharp(parts, { join: { animated: true } })
      .gif()
      .toBuffer();
    const image_url = toDataUri(gif);
    const moving = await convert({ image_url, target_format: "webp" });
    expect((await sharp(moving.bytes).metadata()).pages).toBe(2);
    const still = await convert({ image_url, target_format: "png" });
    expect((await sharp(still.bytes).metadata()).pages).toBeUndefined();
    const pixels = await sharp(still.bytes).removeAlpha().raw().toBuffer();
    expect([...pixels.subarray(0, 3)]).toEqual([255, 0, 0]);
  });
});

test("target_format may be in capitals, and members that nobody knows are ignored", async () => {
  const body = { image_url: toDataUri(png), target_format: "WebP", base64: false, seed: 7 };
  const { headers } = await convert(body);
  expect(headers.get("Content-Type")).toBe("image/webp");
});

test("application/json with a charset, and Bearer, are taken", async () => {
  const body = JSON.stringify({ image_url: toDataUri(png), target_format: "jpg" });
  const response = await stack.authorized("/v1/image-converter", {
    method: "POST",
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body,
  });
  expect(response.status).toBe(200);
  await response.body?.cancel();
});

test("the answer says what it cost, what is left, how long it took and which request it was", async () => {
  const { key } = await stack.createAccount("free");
  const ask = async () => {
    const body = { image_url: toDataUri(png), target_format: "jpg" };
    const { status, headers } = await post(stack, body, { key });
    expect(status).toBe(200);
    return headers;
  };
  const first = await ask();
  const second = await ask();
  expect(first.get("x-cost")).toBe("1");
  expect(first.get("x-credits-consumed")).toBe("1");
  // Of five free conversions a day.
  expect([first, second].map((headers) => headers.get("x-remaining-credits"))).toEqual(["4", "3"]);
  expect(Number(first.get("x-generation-time"))).toBeGreaterThan(0);
  expect(Number(first.get("x-generation-time"))).toBeLessThan(60);
  const id = first.get("x-request-id") ?? "";
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(id).not.toBe(second.get("x-request-id"));
  expect(await (await get(stack, `/v2/requests/${id}`, key)).json()).toMatchObject({
    status: "COMPLETED",
    request_id: id,
  });
});

test("an account without limits has a large integer of credits left", async () => {
  const { headers } = await convert({ image_url: toDataUri(png), target_format: "jpg" });
  const credits = Number(headers.get("x-remaining-credits"));
  expect(Number.isSafeInteger(credits) && credits > 1_000_000).toBe(true);
});

describe("Accept", () => {
  const body = () => ({ image_url: toDataUri(png), target_format: "png" });

  test.each(["*/*", "image/*", "image/png", "application/json, text/plain, */*", "text/html, */*"])(
    "%s gets the image",
    async (Accept) => {
      const { headers, bytes } = await convert(body(), { Accept });
      expect(headers.get("Content-Type")).toBe("image/png");
      expect(await likeness(bytes)).toBe(Infinity);
    },
  );

  test.each(["application/json", "application/json, image/*;q=0.5", "application/*, */*;q=0.1"])(
    "%s gets JSON with a URL that needs no key",
    async (Accept) => {
      const { headers, bytes } = await convert(body(), { Accept });
      expect(headers.get("Content-Type")).toBe("application/json");
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      const answer = JSON.parse(bytes.toString()) as { image: string; output: string };
      expect(answer).toMatchObject({ status: "COMPLETED", error: null, output: answer.image });
      expect(answer.image).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/files\//);
      const download = await fetch(answer.image);
      expect(await likeness(Buffer.from(await download.arrayBuffer()))).toBe(Infinity);
    },
  );
});
