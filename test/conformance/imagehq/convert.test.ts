/** The main job: files in, pictures out, through every Worker. */
import { createHash } from "node:crypto";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import {
  convert,
  drawPicture,
  PAGE_REQUEST,
  readRefusal,
  submit,
  toForm,
  type JobBody,
} from "./client.ts";

let stack: Stack;
let png: Uint8Array;
let jpeg: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack();
  png = await drawPicture("png");
  jpeg = await drawPicture("jpeg", { width: 60, height: 40 });
});
afterAll(() => stack?.close());

const download = (job: JobBody, query = "", init: RequestInit = {}) =>
  stack.authorized(`${job.download_url}${query}`, init);

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe("the page's samples", () => {
  test("the request of the page ends as its `completed` object, every field with a real value", async () => {
    const job = await convert(stack, toForm([{ name: "input.png", bytes: png }], PAGE_REQUEST));
    const file = await bytesOf(await download(job));
    expect(job).toEqual({
      client_reference_id: "example-123",
      created_at: expect.stringMatching(/Z$/),
      current_stage: "processing",
      download_url: `/v1/jobs/${job.id}/download`,
      expires_at: expect.stringMatching(/Z$/),
      id: expect.stringMatching(/^job_/),
      inputs: [
        { filename: "input.png", format: "png", mime_type: "image/png", size_bytes: png.length },
      ],
      job_id: job.id,
      operation: "convert",
      outputs: [
        {
          filename: "input.jpg",
          format: "jpg",
          height: 48,
          id: "0",
          mime_type: "image/jpeg",
          size_bytes: file.length,
          width: 64,
        },
      ],
      poll_url: `/v1/jobs/${job.id}`,
      progress: 100,
      retention_policy: { clamp: true, ttl_hours: 24 },
      stages: [
        { name: "queued", progress: 100, status: "succeeded" },
        { name: "processing", progress: 100, status: "succeeded" },
      ],
      status: "succeeded",
      tool_slug: "png-to-jpg",
      warnings: [],
    });
    expect(await sharp(file).metadata()).toMatchObject({ format: "jpeg", width: 64, height: 48 });
  });

  test("polling reads what waiting got", async () => {
    const job = await convert(stack, toForm([{ name: "input.png", bytes: png }], PAGE_REQUEST));
    expect(await (await stack.authorized(job.poll_url)).json()).toEqual(job);
  });
});

describe("requests", () => {
  test("the parts come in any order", async () => {
    const before = new FormData();
    before.append("request", JSON.stringify({ output_format: "webp" }));
    before.append("files[]", new Blob([png as Uint8Array<ArrayBuffer>]), "a.png");
    const between = toForm([{ name: "a.png", bytes: png }], { output_format: "webp" });
    between.append("files[]", new Blob([jpeg as Uint8Array<ArrayBuffer>]), "b.jpg");
    const jobs = await Promise.all([convert(stack, before), convert(stack, between)]);
    expect(jobs.map(({ outputs }) => outputs.map(({ filename }) => filename))).toEqual([
      ["a.webp"],
      ["a.webp", "b.webp"],
    ]);
  });

  test.each(["files", "file", "files[0]"])(
    "a file is also taken from the part %s",
    async (name) => {
      const form = new FormData();
      form.append("request", JSON.stringify({ output_format: "png" }));
      form.append(name, new Blob([jpeg as Uint8Array<ArrayBuffer>]), "b.jpg");
      expect((await convert(stack, form)).warnings).toEqual([]);
    },
  );

  test("a part of another name only warns", async () => {
    const form = toForm([{ name: "a.png", bytes: png }], { output_format: "jpg" });
    form.append("comment", "hello");
    expect((await convert(stack, form)).warnings).toMatchObject([{ code: "unknown_member" }]);
  });

  test("a raw body is a file; its request is in the query or in a header", async () => {
    const request = JSON.stringify({ output: { output_format: "jpg", width: 32 } });
    const send = async (path: string, headers: Record<string, string>) => {
      const init = { method: "POST", headers: { ...headers, Prefer: "wait=50" }, body: png };
      const response = await stack.authorized(path, init as RequestInit);
      return (await response.json()) as JobBody;
    };
    const query = `/v1/convert?filename=caf%C3%A9.png&request=${encodeURIComponent(request)}`;
    const byQuery = await send(query, { "Content-Type": "image/png" });
    const byHeader = await send("/v1/convert", {
      "X-Pixmill-Request": request,
      "Content-Disposition": `attachment; filename="x.png"; filename*=UTF-8''caf%C3%A9.png`,
    });
    for (const job of [byQuery, byHeader]) {
      expect(job.outputs).toMatchObject([{ filename: "café.jpg", width: 32, height: 24 }]);
    }
  });

  test("content decides the format, not the file's name", async () => {
    const form = toForm([{ name: "really.jpg", bytes: png }], { output_format: "webp" });
    const job = await convert(stack, form);
    expect(job.inputs).toMatchObject([{ filename: "really.jpg", format: "png" }]);
    expect(job.outputs).toMatchObject([{ filename: "really.webp", format: "webp" }]);
  });

  test("a file of several parts is stored byte for byte", async () => {
    const bytes = await drawPicture("png", { width: 2600, height: 2200, noise: true });
    expect(bytes.length).toBeGreaterThan(11 * 1024 * 1024);
    const form = toForm([{ name: "large.png", bytes }], { output_format: "jpg" });
    const { id } = (await (await submit(stack, form)).json()) as { id: string };
    const stored = await stack.env.FILES.get(`jobs/${id}/in/0`);
    const hash = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
    expect(hash(new Uint8Array(await (stored as R2ObjectBody).arrayBuffer()))).toBe(hash(bytes));
  });

  test("a picture that is broken behind its magic is a failed job without outputs", async () => {
    const form = toForm([{ name: "a.png", bytes: png.subarray(0, 60) }], { output_format: "jpg" });
    const job = await convert(stack, form);
    expect(job).toMatchObject({
      status: "failed",
      error: { code: "truncated_image", message: expect.stringMatching(/\S/) },
      outputs: [],
      stages: [{ status: "succeeded" }, { status: "failed" }],
    });
    expect(job).not.toHaveProperty("download_url");
    const response = await stack.authorized(`/v1/jobs/${job.id}/download`);
    expect(await readRefusal(response)).toMatchObject({ status: 409, code: "job_not_successful" });
  });

  test("max_bytes is met, with a smaller picture if need be, or the job fails", async () => {
    const bytes = await drawPicture("png", { width: 400, height: 300, noise: true });
    const within = (max_bytes: number) =>
      convert(
        stack,
        toForm([{ name: "a.png", bytes }], { output: { output_format: "jpg", max_bytes } }),
      );
    const [large, small, none] = await Promise.all([40_000, 4000, 40].map(within));
    for (const [job, limit] of [
      [large, 40_000],
      [small, 4000],
    ] as const) {
      const output = job?.outputs[0];
      expect(output?.size_bytes).toBeLessThanOrEqual(limit);
      expect(await bytesOf(await download(job as JobBody))).toHaveLength(output?.size_bytes ?? 0);
    }
    expect(large?.outputs[0]?.width).toBe(400);
    expect(small?.outputs[0]?.width).toBeLessThan(400);
    expect(small?.warnings.map(({ code }) => code)).toEqual(["reduced_size"]);
    expect([none?.status, none?.error?.code]).toEqual(["failed", "size_unreachable"]);
  });

  test("chroma_subsampling decides where quality would", async () => {
    const bytes = await drawPicture("png", { width: 64, height: 48 });
    for (const chroma_subsampling of ["4:4:4", "4:2:0"]) {
      for (const quality of [70, 95]) {
        const request = { output: { output_format: "jpg", quality, chroma_subsampling } };
        const job = await convert(stack, toForm([{ name: "a.png", bytes }], request));
        const made = await sharp(await bytesOf(await download(job))).metadata();
        expect(made.chromaSubsampling).toBe(chroma_subsampling);
      }
    }
  });

  test("linear_light shrinks light instead of values; it is a boolean", async () => {
    const pixels = Uint8Array.from({ length: 64 * 64 }, (_, i) => ((i ^ (i >> 6)) & 1) * 255);
    const raw = { width: 64, height: 64, channels: 1 } as const;
    const file = await sharp(pixels, { raw }).png().toBuffer();
    const means = [];
    for (const linear_light of [undefined, false, true]) {
      const request = { output: { output_format: "png", width: 8, linear_light } };
      const job = await convert(stack, toForm([{ name: "grid.png", bytes: file }], request));
      const { channels } = await sharp(await bytesOf(await download(job))).stats();
      means.push(Math.round(channels[0]?.mean ?? 0));
    }
    expect(means).toEqual([128, 128, 188]);
    const wrong = { output: { output_format: "png", linear_light: "yes" } };
    const refused = await submit(stack, toForm([{ name: "grid.png", bytes: file }], wrong));
    expect(refused.status).toBe(422);
  });

  test("a job at work can be watched and canceled", async () => {
    const bytes = await drawPicture("jpeg", { width: 2000, height: 1500, noise: true });
    const files = Array.from({ length: 8 }, (_, index) => ({ name: `${index}.jpg`, bytes }));
    const request = { output_format: "png" };
    const { id } = (await (await submit(stack, toForm(files, request))).json()) as JobBody;
    const path = `/v1/jobs/${id}`;
    let status = "queued";
    while (status === "queued") {
      status = ((await (await stack.authorized(path)).json()) as JobBody).status;
    }
    expect(status).toBe("processing");
    const canceled = await stack.authorized(`${path}/cancel`, { method: "POST" });
    expect(canceled.status).toBe(200);
    expect(await canceled.json()).toMatchObject({ status: "canceled", outputs: [] });
  });

  test("an ended job cannot be canceled: 409 job_already_ended", async () => {
    const job = await convert(stack, toForm([{ name: "a.png", bytes: png }], PAGE_REQUEST));
    const response = await stack.authorized(`/v1/jobs/${job.id}/cancel`, { method: "POST" });
    expect(await readRefusal(response)).toMatchObject({
      status: 409,
      code: "job_already_ended",
      body: { job_status: "succeeded" },
    });
  });

  test("events of an ended job are its final one", async () => {
    const job = await convert(stack, toForm([{ name: "a.png", bytes: png }], PAGE_REQUEST));
    const response = await stack.authorized(`/v1/jobs/${job.id}/events`);
    expect(await response.text()).toMatch(/^event: succeeded\ndata: \{.*"progress":100.*\}\n\n$/);
  });
});

describe("downloads", () => {
  let job: JobBody;
  let several: JobBody;

  beforeAll(async () => {
    job = await convert(stack, toForm([{ name: "日本 1.png", bytes: png }], PAGE_REQUEST));
    const files = [
      { name: "a.png", bytes: png },
      { name: "a.jpg", bytes: jpeg },
      { name: "ü.jpg", bytes: jpeg },
    ];
    several = await convert(stack, toForm(files, { output_format: "webp" }));
  });

  test("one output is sent as the file, privately, under its name", async () => {
    const response = await download(job);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "content-type": "image/jpeg",
      "content-length": String(job.outputs[0]?.size_bytes),
      "content-disposition": `attachment; filename="__ 1.jpg"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%201.jpg`,
      "cache-control": "private, no-cache",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
      etag: expect.stringMatching(/^".+"$/),
    });
    expect(await bytesOf(response)).toHaveLength(job.outputs[0]?.size_bytes ?? 0);
  });

  test("HEAD has the headers and no body", async () => {
    const [get, head] = await Promise.all([download(job), download(job, "", { method: "HEAD" })]);
    await get.arrayBuffer();
    expect(head.status).toBe(200);
    expect(await bytesOf(head)).toHaveLength(0);
    for (const name of ["content-type", "content-length", "content-disposition", "etag"]) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  test("ranges are parts of the file", async () => {
    const whole = await bytesOf(await download(job));
    const size = whole.length;
    const ranges = { "bytes=10-19": [10, 20], "bytes=-7": [size - 7, size], "bytes=5-": [5, size] };
    for (const [range, [start = 0, end = 0]] of Object.entries(ranges)) {
      const response = await download(job, "", { headers: { Range: range } });
      expect(response.status).toBe(206);
      expect(response.headers.get("Content-Range")).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(await bytesOf(response)).toEqual(whole.subarray(start, end));
    }
    const outside = await download(job, "", { headers: { Range: `bytes=${size}-` } });
    expect(outside.headers.get("Content-Range")).toBe(`bytes */${size}`);
    expect(await readRefusal(outside)).toMatchObject({
      status: 416,
      code: "range_not_satisfiable",
    });
  });

  test("the ETag spares what the client has, and guards ranges", async () => {
    const etag = (await download(job, "", { method: "HEAD" })).headers.get("ETag") ?? "";
    const known = await download(job, "", { headers: { "If-None-Match": etag } });
    expect([known.status, await known.text()]).toEqual([304, ""]);
    const stale = { Range: "bytes=0-3", "If-Range": '"other"' };
    const whole = await download(job, "", { headers: stale });
    expect([whole.status, (await bytesOf(whole)).length]).toEqual([
      200,
      job.outputs[0]?.size_bytes,
    ]);
    const fresh = { Range: "bytes=0-3", "If-Range": etag };
    expect((await download(job, "", { headers: fresh })).status).toBe(206);
  });

  test("several outputs are sent as a ZIP of known length, names unique", async () => {
    const response = await download(several);
    const zip = await bytesOf(response);
    expect(response.headers.get("Content-Type")).toBe("application/zip");
    expect(response.headers.get("Content-Length")).toBe(String(zip.length));
    expect(response.headers.get("Content-Disposition")).toContain(`filename="${several.id}.zip"`);
    const files = unzipSync(zip);
    expect(Object.keys(files)).toEqual(["a.webp", "a (1).webp", "ü.webp"]);
    for (const [index, file] of Object.values(files).entries()) {
      expect(file.length).toBe(several.outputs[index]?.size_bytes);
      expect((await sharp(file).metadata()).format).toBe("webp");
    }
  });

  test("?output=N is one of several", async () => {
    const response = await download(several, "?output=1");
    expect(response.headers.get("Content-Type")).toBe("image/webp");
    expect(await sharp(await bytesOf(response)).metadata()).toMatchObject({
      width: 60,
      height: 40,
    });
    expect(await readRefusal(await download(several, "?output=3"))).toMatchObject({
      status: 404,
      code: "not_found",
    });
  });

  test("after a deletion there is nothing to download", async () => {
    const { id, download_url } = await convert(
      stack,
      toForm([{ name: "a.png", bytes: png }], PAGE_REQUEST),
    );
    expect((await stack.authorized(`/v1/jobs/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await readRefusal(await stack.authorized(String(download_url)))).toMatchObject({
      status: 404,
      code: "not_found",
    });
    expect((await stack.env.FILES.list({ prefix: `jobs/${id}/` })).objects).toEqual([]);
  });
});
