import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import type { InputFile, JobSpec } from "../../src/jobs/job.ts";
import { inputKey } from "../../src/jobs/ports.ts";
import { runJob, type Convert, type Merge } from "../../src/jobs/run.ts";
import { OUTPUT_OPTIONS, resolveOptions } from "../../src/pipeline/options.ts";
import { trackersOf } from "../../src/objects/trackers.ts";
import { fileStore } from "../../src/stores/files.ts";
import { listFiles, makeSpec, migrate } from "./support.ts";

const files = fileStore(env.FILES);
const trackerOf = trackersOf(env.JOBS);

beforeAll(migrate);

/** A job of these files, stored and accepted; each file's content is its name. */
async function acceptJob(names: string[], output: object = {}): Promise<JobSpec> {
  const spec = makeSpec({ output: OUTPUT_OPTIONS.parse({ format: "webp", ...output }) });
  spec.inputs = names.map((filename, index): InputFile => {
    const key = inputKey(spec.id, index);
    return { filename, format: "jpg", mimeType: "image/jpeg", sizeBytes: 1, sha256: "", key };
  });
  for (const { key, filename } of spec.inputs) await env.FILES.put(key, filename);
  await trackerOf(spec.id).accept(spec, null);
  return spec;
}

const unmerged: Merge = () => Promise.reject(new Error("Nothing is to be merged."));

const run = (id: string, convert: Convert, merge = unmerged) =>
  runJob({ tracker: trackerOf(id), files, convert, merge });

type Chunks = AsyncIterable<Uint8Array>;

/** Stores what `change` makes of the file's own bytes, as a codec would with its picture. */
const copyThrough = (change: (chunks: Chunks, bytes: Uint8Array) => Chunks): Convert =>
  async function* (source, options, { onProgress }, write) {
    const bytes = await source.read(0, source.size);
    async function* copied() {
      await onProgress(0.5);
      yield bytes;
    }
    const { sizeBytes } = await write(change(copied(), bytes), "image/webp");
    yield {
      format: resolveOptions(options, { format: "jpg", channels: 3 }).format,
      mimeType: "image/webp",
      width: bytes.length,
      height: 1,
      source: { format: "jpg", width: 30, height: 20 },
      page: null,
      warnings: [{ code: "copied", message: "Copied." }],
      sizeBytes,
    };
  };

const copy = copyThrough((chunks) => chunks);

/** Fails on the file with this content, before or while it is encoded. */
const failOn = (content: string, error: unknown, when: "early" | "late"): Convert =>
  copyThrough((chunks, bytes) => {
    const isBad = new TextDecoder().decode(bytes) === content;
    if (isBad && when === "early") throw error;
    async function* failing() {
      yield new Uint8Array(1000);
      throw error;
    }
    return isBad ? failing() : chunks;
  });

describe("a job that goes well", () => {
  test("has an output for each input, in order, with names of their own", async () => {
    const { id } = await acceptJob(["a.jpg", "b.png", "a.png"]);
    await run(id, copy);
    const state = await trackerOf(id).state();
    expect(state).toMatchObject({ status: "succeeded", progress: 100, error: null });
    expect(
      state?.outputs.map(({ id: output, filename, width }) => [output, filename, width]),
    ).toEqual([
      ["0", "a.webp", 5],
      ["1", "b.webp", 5],
      ["2", "a (1).webp", 5],
    ]);
    expect(state?.warnings.map(({ message }) => message)).toEqual([
      "a.jpg: Copied.",
      "b.png: Copied.",
      "a.png: Copied.",
    ]);
    const stored = await env.FILES.get(state?.outputs[1]?.key ?? "");
    expect(await stored?.text()).toBe("b.png");
    expect(stored?.httpMetadata?.contentType).toBe("image/webp");
  });

  test("is done once, however often its message comes", async () => {
    const { id } = await acceptJob(["a.jpg"]);
    let conversions = 0;
    const counting: Convert = (...args) => {
      conversions++;
      return copy(...args);
    };
    await Promise.all([run(id, counting), run(id, counting)]);
    await run(id, counting);
    expect(conversions).toBe(1);
    expect(await listFiles(id)).toEqual(["in/0", "out/1/0"]);
  });
});

test("each page has a file of its own, and its number in the name where pages are asked for", async () => {
  const twoPages: Convert = async function* (...args) {
    for (const page of [1, 2]) {
      for await (const made of copy(...args)) yield { ...made, page };
    }
  };
  for (const [pages, names] of [
    ["all", ["a-1.webp", "a-2.webp", "b-1.webp", "b-2.webp"]],
    [null, ["a.webp", "a (1).webp", "b.webp", "b (1).webp"]],
  ] as const) {
    const { id } = await acceptJob(["a.jpg", "b.jpg"], { pages });
    await run(id, twoPages);
    const state = await trackerOf(id).state();
    expect(state?.outputs.map(({ filename }) => filename)).toEqual(names);
    expect(state?.outputs.map(({ page }) => page)).toEqual([1, 2, 1, 2]);
    // Said once, not for each page.
    expect(state?.warnings.map(({ message }) => message)).toEqual([
      "a.jpg: Copied.",
      "b.jpg: Copied.",
    ]);
    expect(await listFiles(id)).toEqual([
      "in/0",
      "in/1",
      ...[0, 1, 2, 3].map((index) => `out/1/${index}`),
    ]);
  }
});

describe("a job whose files become one", () => {
  /** Stores all files' bytes in a row. */
  const join: Merge = async (opens, _options, { onProgress }, write) => {
    async function* all() {
      for (const [index, open] of opens.entries()) {
        const bytes = await open();
        await onProgress(index / opens.length);
        const content = await bytes.read(0, bytes.size);
        if (new TextDecoder().decode(content) === "bad.jpg") {
          throw new AppError("truncated_image", "The picture is cut off.");
        }
        yield content;
      }
    }
    const { sizeBytes } = await write(all(), "application/pdf");
    const size = { width: 3, height: 2 };
    const warnings = [{ code: "joined", message: "Joined.", file: 1 }];
    return { format: "pdf", mimeType: "application/pdf", ...size, source: { format: "jpg", ...size }, warnings, sizeBytes }; // prettier-ignore
  };
  const unconverted: Convert = () => {
    throw new Error("Nothing is to be converted by itself.");
  };

  test("has one output, named after the first", async () => {
    const { id } = await acceptJob(["a.jpg", "b.png"], { format: "pdf", merge: true });
    await run(id, unconverted, join);
    const state = await trackerOf(id).state();
    expect(state).toMatchObject({
      status: "succeeded",
      outputs: [{ id: "0", filename: "a.pdf", page: null, sizeBytes: 10, width: 3 }],
      warnings: [{ code: "joined", message: "b.png: Joined." }],
    });
    expect(await (await env.FILES.get(state?.outputs[0]?.key ?? ""))?.text()).toBe("a.jpgb.png");
    expect(await listFiles(id)).toEqual(["in/0", "in/1", "out/1/0"]);
  });

  test("fails as a whole, and says which of them is bad", async () => {
    const { id } = await acceptJob(["a.jpg", "bad.jpg", "c.jpg"], { format: "pdf", merge: true });
    await run(id, unconverted, join);
    expect(await trackerOf(id).state()).toMatchObject({
      status: "failed",
      error: { code: "truncated_image", message: "bad.jpg: The picture is cut off." },
    });
    expect(await listFiles(id)).toEqual(["in/0", "in/1", "in/2"]);
  });
});

test("of a file that is written again, the last is left", async () => {
  const { id } = await acceptJob(["a.jpg"]);
  const again: Convert = async function* (source, options, context, write) {
    const drain = async (convert: Convert) => {
      for await (const _ of convert(source, options, context, write));
    };
    await drain(copy);
    const failing = copyThrough(async function* () {
      // More than is sent at a time, so that a part of it is stored already.
      for (let part = 0; part < 7; part++) yield new Uint8Array(1024 * 1024);
      throw new Error("too long");
    });
    await expect(drain(failing)).rejects.toThrow("too long");
    const shorter = copyThrough(async function* () {
      yield new TextEncoder().encode("ok");
    });
    yield* shorter(source, options, context, write);
  };
  await run(id, again);
  const state = await trackerOf(id).state();
  expect(state?.outputs.map(({ sizeBytes }) => sizeBytes)).toEqual([2]);
  expect(await (await env.FILES.get(state?.outputs[0]?.key ?? ""))?.text()).toBe("ok");
  expect(await listFiles(id)).toEqual(["in/0", "out/1/0"]);
});

describe("a job with a bad file", () => {
  const truncated = new AppError("truncated_image", "The picture is cut off.");

  test.each(["early", "late"] as const)("fails as a whole, found %s", async (when) => {
    const { id } = await acceptJob(["good.jpg", "bad.jpg"]);
    await run(id, failOn("bad.jpg", truncated, when));
    expect(await trackerOf(id).state()).toMatchObject({
      status: "failed",
      error: { code: "truncated_image", message: "bad.jpg: The picture is cut off." },
      outputs: [],
    });
    expect(await listFiles(id)).toEqual(["in/0", "in/1"]);
  });

  test("names no file where there is only one", async () => {
    const { id } = await acceptJob(["bad.jpg"]);
    await run(id, failOn("bad.jpg", truncated, "late"));
    expect((await trackerOf(id).state())?.error?.message).toBe("The picture is cut off.");
  });

  test("is tried again after an error that nobody explains, whose text stays inside", async () => {
    const { id } = await acceptJob(["bad.jpg"]);
    await run(id, failOn("bad.jpg", 4711, "late"));
    expect(await trackerOf(id).state()).toMatchObject({ status: "queued", error: null });
    await run(id, copy);
    expect(await trackerOf(id).state()).toMatchObject({ status: "succeeded" });
  });

  test("fails when its input is gone", async () => {
    const { id } = await acceptJob(["a.jpg"]);
    await env.FILES.delete(inputKey(id, 0));
    await run(id, copy);
    expect(await trackerOf(id).state()).toMatchObject({
      status: "failed",
      error: { code: "not_found" },
    });
  });
});

describe("a job that is canceled", () => {
  /** Cancels the job at the given moment of the conversion. */
  const cancelAt = (id: string, moment: "before" | "during" | "after"): Convert =>
    async function* (...args) {
      if (moment === "before") await trackerOf(id).cancel();
      const canceling = copyThrough(async function* (chunks) {
        if (moment === "during") await trackerOf(id).cancel();
        yield* chunks;
        if (moment === "after") await trackerOf(id).cancel();
      });
      yield* canceling(...args);
    };

  test.each(["before", "during", "after"] as const)("%s encoding leaves no file", async (when) => {
    const { id } = await acceptJob(["a.jpg"]);
    await run(id, cancelAt(id, when));
    expect(await trackerOf(id).state()).toMatchObject({ status: "canceled", outputs: [] });
    expect(await listFiles(id)).toEqual(["in/0"]);
  });

  test("stops at the next report", async () => {
    const { id } = await acceptJob(["a.jpg"]);
    let pulled = 0;
    const endless: Convert = (source, options, context, write) =>
      copyThrough(async function* () {
        for (;;) {
          if (pulled++ === 2) await trackerOf(id).cancel();
          await context.onProgress(pulled / 4);
          yield new Uint8Array(10);
        }
      })(source, options, context, write);
    await run(id, endless);
    expect(pulled).toBe(3);
  });
});
