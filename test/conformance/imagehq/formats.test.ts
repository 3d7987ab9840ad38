/** GET /v1/formats, and that the deployment does what it says. */
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";

interface Listed {
  name: string;
  aliases: string[];
  mime_type: string;
  write: boolean;
  input_options: string[];
  output_options: string[];
  limits: { max_side: number; max_pixels: number };
}

interface List {
  formats: Listed[];
  common_options: string[];
  limits: Record<string, number>;
}

let stack: Stack;
let list: List;
beforeAll(async () => {
  stack = await startTestStack();
  list = (await (await stack.fetch("/v1/formats")).json()) as List;
});
afterAll(() => stack?.close());

const find = (name: string) => list.formats.find((format) => format.name === name);

test("it needs no key and may be kept for a while", async () => {
  const response = await stack.fetch("/v1/formats");
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("public, max-age=300");
});

test("it says what each format is and takes", () => {
  expect(find("jpg")).toMatchObject({
    aliases: expect.arrayContaining(["jpeg"]),
    ...{ mime_type: "image/jpeg", read: true, write: true, lane: "images", alpha: false },
    ...{ lossless: "never", animation: { read: false, write: false } },
    output_options: ["quality", "chroma_subsampling"],
  });
  expect(find("png")?.output_options).toContain("colors");
  expect(find("avif")?.output_options).toContain("chroma_subsampling");
  expect(find("webp")?.output_options).toEqual(["quality", "lossless"]);
  expect(find("gif")).toMatchObject({ animation: { read: true, write: true } });
  expect(find("tiff")).toMatchObject({
    pages: { read: true, write: true },
    input_options: ["page", "pages"],
    output_options: ["compression", "merge"],
  });
  expect(find("ico")?.limits).toEqual({ max_side: 256, max_pixels: 65_536 });
  expect(find("pdf")?.input_options).toEqual(expect.arrayContaining(["pages", "dpi", "password"]));
  expect(list.common_options).toEqual(expect.arrayContaining(["width", "fit", "strip_metadata"]));
  expect(list.limits).toMatchObject({ max_side: 16_384, max_pixels: 80_000_000, max_outputs: 500 });
});

/** Asks for a small picture in a format. */
async function convertTo(output_format: string, prefer: string): Promise<Response> {
  const create = { width: 8, height: 8, channels: 3, background: "#c40" } as const;
  const bytes = await sharp({ create }).png().toBuffer();
  const form = new FormData();
  form.append("request", JSON.stringify({ output: { output_format } }));
  form.append("files[]", new Blob([new Uint8Array(bytes)]), "a.png");
  const headers = { Prefer: prefer };
  return await stack.authorized("/v1/convert", { method: "POST", headers, body: form });
}

test("what it writes can be asked for by every name, and nothing else can", async () => {
  for (const { name, aliases, write, mime_type } of list.formats) {
    for (const alias of [name, ...aliases]) {
      const response = await convertTo(alias, "wait=60");
      const body = (await response.json()) as { code?: string; outputs?: { mime_type: string }[] };
      const expected = write ? [200, undefined, mime_type] : [422, "unsupported_output_format"];
      const got = [response.status, body.code, body.outputs?.[0]?.mime_type];
      expect([alias, ...got].slice(0, 1 + expected.length)).toEqual([alias, ...expected]);
    }
  }
});
