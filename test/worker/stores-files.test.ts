import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { chunks as readChunks } from "../../src/pipeline/bytes.ts";
import { fileStore, PART_BYTES } from "../../src/stores/files.ts";

const files = fileStore(env.FILES);

/** Bytes that differ from place to place, in chunks of uneven length. */
async function* generate(sizeBytes: number, chunkBytes = 700_001) {
  for (let offset = 0; offset < sizeBytes; offset += chunkBytes) {
    const chunk = new Uint8Array(Math.min(chunkBytes, sizeBytes - offset));
    for (let i = 0; i < chunk.length; i++) chunk[i] = expectedByte(offset + i);
    yield chunk;
  }
}

const expectedByte = (offset: number): number => (offset * 31 + (offset >> 12)) & 255;

function isExpected(bytes: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== expectedByte(offset + i)) return false;
  }
  return true;
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const stored = async (key: string): Promise<Uint8Array> => {
  const object = await env.FILES.get(key);
  return new Uint8Array((await object?.arrayBuffer()) ?? []);
};

describe("writing", () => {
  test.each([
    ["an empty file", 0, false],
    ["one byte", 1, false],
    ["just under a part", PART_BYTES - 1, false],
    ["exactly a part", PART_BYTES, false],
    ["just over a part", PART_BYTES + 1, true],
    ["exactly two parts", 2 * PART_BYTES, true],
    ["two parts and a bit", 2 * PART_BYTES + 12_345, true],
  ])("%s arrives whole", async (name, sizeBytes, multipart) => {
    expect(await files.write(name, generate(sizeBytes), "image/png")).toEqual({ sizeBytes });
    const object = await env.FILES.head(name);
    expect(object?.size).toBe(sizeBytes);
    expect(object?.httpMetadata?.contentType).toBe("image/png");
    // The ETag of a multipart upload ends in the number of its parts.
    expect(/-\d+$/.test(object?.etag ?? "")).toBe(multipart);
    expect(isExpected(await stored(name))).toBe(true);
  });

  test("a chunk larger than several parts is cut", async () => {
    const sizeBytes = 2 * PART_BYTES + 5;
    await files.write("big-chunk", generate(sizeBytes, sizeBytes), "image/png");
    expect(isExpected(await stored("big-chunk"))).toBe(true);
  });

  test.each([
    ["in the first part", 1000],
    ["in a later part", PART_BYTES + 1_000_000],
  ])("an encoder that fails %s leaves nothing", async (name, sizeBytes) => {
    const failing = async function* () {
      yield* generate(sizeBytes);
      throw new AppError("truncated_image", "cut");
    };
    const writing = files.write(name, failing(), "image/png");
    await expect(writing).rejects.toMatchObject({ code: "truncated_image" });
    expect(await env.FILES.head(name)).toBeNull();
  });

  test("a store that fails stops the encoder and is a retryable error", async () => {
    let closed = false;
    const endless = async function* () {
      try {
        for (;;) yield new Uint8Array(PART_BYTES);
      } finally {
        closed = true;
      }
    };
    // R2 refuses keys of more than 1,024 bytes.
    const writing = files.write("k".repeat(2000), endless(), "image/png");
    await expect(writing).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(closed).toBe(true);
  });
});

describe("reading", () => {
  test.each([
    ["small", 1000],
    ["large", 400_000],
  ])("a %s file can be read anywhere and streamed from anywhere", async (name, sizeBytes) => {
    await files.write(name, generate(sizeBytes), "image/png");
    const source = await files.open(name);
    expect(source.size).toBe(sizeBytes);
    for (const [offset, length] of [
      [0, 16],
      [sizeBytes - 10, 100],
      [500, 200],
      [sizeBytes >> 1, 300],
      [(sizeBytes >> 1) + 100, 100],
      [0, sizeBytes],
      [sizeBytes, 10],
    ] as const) {
      const bytes = await source.read(offset, length);
      expect(bytes.length).toBe(Math.min(length, sizeBytes - offset));
      expect(isExpected(bytes, offset)).toBe(true);
    }
    for (const offset of [0, 333, sizeBytes - 1, sizeBytes]) {
      const bytes = await collect(await source.stream(offset));
      expect(bytes.length).toBe(sizeBytes - offset);
      expect(isExpected(bytes, offset)).toBe(true);
    }
  });

  test("a stream can be read in large blocks", async () => {
    await files.write("blocks", generate(700_000), "image/png");
    const lengths: number[] = [];
    for await (const chunk of readChunks(await (await files.open("blocks")).stream(), 300_000)) {
      lengths.push(chunk.length);
    }
    expect(lengths).toEqual([300_000, 300_000, 100_000]);
  });

  test("a file that was replaced is not the version that was asked for, from any place", async () => {
    await files.write("replaced", generate(400_000), "image/png");
    const etag = (await env.FILES.head("replaced"))?.etag ?? "";
    const source = await files.open("replaced", etag);
    await env.FILES.put("replaced", new Uint8Array(400_000));
    const changed = { code: "upload_changed" };
    await expect(files.open("replaced", etag)).rejects.toMatchObject(changed);
    await expect(source.read(300_000, 10)).rejects.toMatchObject(changed);
    await expect(source.stream(1)).rejects.toMatchObject(changed);
  });

  test("an unknown file is not found", async () => {
    await expect(files.open("unknown")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("removing", () => {
  test(
    "takes everything under the prefix, over several pages, and nothing else",
    { timeout: 60_000 },
    async () => {
      const keys = Array.from({ length: 1100 }, (_, index) => `many/a/${index}`);
      await Promise.all(keys.map((key) => env.FILES.put(key, "x")));
      await env.FILES.put("many/b", "x");
      await files.removeAll("many/a/");
      const { objects } = await env.FILES.list({ prefix: "many/" });
      expect(objects.map(({ key }) => key)).toEqual(["many/b"]);
      await files.removeAll("many/none/");
    },
  );

  test("by age spares what is younger", async () => {
    await env.FILES.put("aged/x", "x");
    const { uploaded } = (await env.FILES.head("aged/x")) as R2Object;
    await files.removeOlder("aged/", uploaded.getTime());
    expect(await env.FILES.head("aged/x")).not.toBeNull();
    await files.removeOlder("aged/", uploaded.getTime() + 1);
    expect(await env.FILES.head("aged/x")).toBeNull();
  });
});
