import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobPrefix } from "../../src/jobs/ports.ts";
import { readByPdfjs } from "../support/pdfjs.ts";
import { startTestStack, type Stack } from "../support/stack.ts";

let stack: Stack;
let photo: Buffer;

beforeAll(async () => {
  stack = await startTestStack();
  photo = await sharp({ create: { width: 640, height: 480, channels: 3, background: "#28f" } })
    .jpeg()
    .toBuffer();
});
afterAll(() => stack?.close());

interface JobBody {
  id: string;
  status: string;
  progress: number;
  outputs: { id: string; filename: string; format: string }[];
  error?: { code: string; message: string };
}

function post(files: [name: string, bytes: Buffer][], output: object, headers = {}) {
  const form = new FormData();
  form.append("request", JSON.stringify({ output }));
  for (const [name, bytes] of files) {
    form.append("files[]", new Blob([bytes as Buffer<ArrayBuffer>]), name);
  }
  return stack.authorized("/v1/convert", { method: "POST", body: form, headers });
}

async function postJob(files: [string, Buffer][], output: object, headers = {}): Promise<JobBody> {
  const response = await post(files, output, headers);
  const body = (await response.json()) as JobBody;
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(body)}`);
  return body;
}

async function listFiles(jobId: string): Promise<string[]> {
  const { objects } = await stack.env.FILES.list({ prefix: jobPrefix(jobId) });
  return objects.map(({ key }) => key.slice(jobPrefix(jobId).length));
}

const waiting = { Prefer: "wait=60" };

describe("a job through both Workers", () => {
  test("turns a JPEG into the WebP that was asked for", async () => {
    const job = await postJob(
      [["photo.jpg", photo]],
      { output_format: "webp", width: 320 },
      waiting,
    );
    expect(job).toMatchObject({ status: "succeeded", progress: 100 });
    expect(job.outputs[0]).toMatchObject({ filename: "photo.webp", format: "webp" });
    const response = await stack.authorized(`/v1/jobs/${job.id}/download`);
    const { format, width, height } = await sharp(await response.arrayBuffer()).metadata();
    expect({ format, width, height }).toEqual({ format: "webp", width: 320, height: 240 });
    expect(await listFiles(job.id)).toEqual(["in/0", "out/1/0"]);
  });

  test("gives files of one name names of their own", async () => {
    const files: [string, Buffer][] = [
      ["a.jpg", photo],
      ["a.jpeg", photo],
    ];
    const job = await postJob(files, { output_format: "png" }, waiting);
    expect(job.outputs.map(({ filename }) => filename)).toEqual(["a.png", "a (1).png"]);
  });

  test("makes one PDF of several files where they are to be merged", async () => {
    const files: [string, Buffer][] = [
      ["one.jpg", photo],
      ["two.png", await sharp(photo).resize(64).png().toBuffer()],
    ];
    const job = await postJob(files, { output_format: "pdf", merge: true }, waiting);
    expect(job).toMatchObject({ status: "succeeded", outputs: [{ filename: "one.pdf" }] });
    const response = await stack.authorized(`/v1/jobs/${job.id}/download`);
    const { pages } = await readByPdfjs(new Uint8Array(await response.arrayBuffer()));
    expect(pages).toEqual([
      { width: 480, height: 360 },
      { width: 48, height: 36 },
    ]);
    expect(await listFiles(job.id)).toEqual(["in/0", "in/1", "out/1/0"]);
  });

  test("refuses to merge into formats of one page", async () => {
    const response = await post([["one.jpg", photo]], { output_format: "png", merge: true });
    expect(response.status).toBe(422);
    expect(JSON.stringify(await response.json())).toContain("tiff and pdf can hold several pages");
  });

  test("fails for good, at once and without leftovers, on a picture that is cut off", async () => {
    const cut = photo.subarray(0, photo.length >> 1);
    const job = await postJob([["cut.jpg", cut]], { output_format: "png" }, waiting);
    expect(job).toMatchObject({ status: "failed", error: { code: "truncated_image" } });
    expect(await listFiles(job.id)).toEqual(["in/0"]);
  });

  test("tells of its progress as it goes", async () => {
    const job = await postJob([["photo.jpg", photo]], { output_format: "png" });
    const response = await stack.authorized(`/v1/jobs/${job.id}/events`);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text = await response.text();
    expect(text.match(/^event: .*$/gm)?.at(-1)).toBe("event: succeeded");
  });
});

test("of 30 jobs at once each succeeds with one set of outputs", async () => {
  const posted = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      postJob([[`${index}.jpg`, photo]], { output_format: "png" }),
    ),
  );
  for (const { id } of posted) {
    const state = await stack.env.JOBS.getByName(id).wait(60_000);
    expect(state).toMatchObject({ status: "succeeded" });
    expect(await listFiles(id)).toEqual(["in/0", "out/1/0"]);
  }
});

test("the cron's handler runs", async () => {
  const result = await stack.api.scheduled({ cron: "*/10 * * * *", scheduledTime: new Date(0) });
  expect(result.outcome).toBe("ok");
});
