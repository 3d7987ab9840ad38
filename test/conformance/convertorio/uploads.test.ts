/** Upload URLs of ours, and confirmations: only the api Worker runs, so that jobs stay queued. */
import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MIB } from "../../../src/limits.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture } from "../imagehq/client.ts";
import { connect, put, uploadRequest, type Client } from "./client.ts";

let stack: Stack;
let client: Client;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  client = connect(stack);
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

const refusal = (status: number) => ({
  status,
  body: { success: false, error: expect.stringMatching(/\S/) },
});

async function refuse(response: Promise<Response>) {
  const answer = await response;
  expect(answer.headers.get("Content-Type")).toMatch(/^application\/json/);
  return { status: answer.status, body: (await answer.json()) as unknown };
}

const stored = async (jobId: string): Promise<Uint8Array | null> => {
  const object = await stack.env.FILES.get(`jobs/${jobId}/in/0`);
  return object && new Uint8Array(await object.arrayBuffer());
};

/** In chunks, without a length. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(sent, (sent += 64 * 1024)));
    },
  });
}

/** Moves the end of a job's time into the past, where it is looked up. */
async function expire(jobId: string): Promise<void> {
  await stack.env.DB.prepare(
    "UPDATE jobs SET expires_at = 1, spec = json_set(spec, '$.expiresAt', 1) WHERE id = ?",
  )
    .bind(jobId)
    .run();
}

/** The query of a URL of ours, signed as the service does, with its own secret. */
async function sign(path: string, expires: number): Promise<string> {
  const secret = await stack.env.DB.prepare(
    "SELECT value FROM secrets WHERE name = 'url-signing'",
  ).first<string>("value");
  const signature = createHmac("sha256", secret ?? "").update(`${path}\n${expires}`);
  return `${stack.url}${path}?expires=${expires}&signature=${signature.digest("base64url")}`;
}

describe("an upload URL", () => {
  test("is good for ten minutes", async () => {
    const { upload_url } = await client.open();
    const leftS = Number(new URL(upload_url).searchParams.get("expires")) - Date.now() / 1000;
    expect(Math.abs(leftS - 600)).toBeLessThan(5);
  });

  test("takes a file byte for byte, with and without a length", async () => {
    const bytes = randomBytes(300_000);
    for (const body of [bytes, streamOf(bytes)]) {
      const { job_id, upload_url } = await client.open({ file_size: bytes.length });
      expect((await put(upload_url, body)).status).toBe(200);
      expect(await stored(job_id)).toEqual(new Uint8Array(bytes));
    }
  });

  test("takes no more bytes than announced, and is still good afterwards", async () => {
    const bytes = randomBytes(100_000);
    const { job_id, upload_url } = await client.open({ file_size: bytes.length - 1 });
    expect(await refuse(put(upload_url, bytes))).toEqual(refusal(413));
    expect(await refuse(put(upload_url, streamOf(bytes)))).toEqual(refusal(413));
    expect(await stored(job_id)).toBeNull();
    expect(await client.confirm(job_id)).toEqual(refusal(400));
    expect((await put(upload_url, bytes.subarray(1))).status).toBe(200);
  });

  test("takes 20 MiB and no more where no size was announced", async () => {
    const bytes = new Uint8Array(20 * MIB + 1);
    const { job_id, upload_url } = await client.open({ file_size: undefined });
    expect(await refuse(put(upload_url, bytes))).toEqual(refusal(413));
    expect(await stored(job_id)).toBeNull();
    expect((await put(upload_url, bytes.subarray(1))).status).toBe(200);
  });

  test("of an announcement in words is for 20 MiB as well, also without a length", async () => {
    const { upload_url } = await client.open({ file_size: "28.2 kB" });
    expect(await refuse(put(upload_url, streamOf(new Uint8Array(21_000_000))))).toEqual(
      refusal(413),
    );
  });

  test("takes one file: a second PUT is 409 and changes nothing", async () => {
    const { job_id, upload_url } = await client.open();
    expect((await put(upload_url, png)).status).toBe(200);
    expect(await refuse(put(upload_url, randomBytes(1000)))).toEqual(refusal(409));
    expect(await stored(job_id)).toEqual(png);
    expect((await client.confirm(job_id)).status).toBe(200);
    expect(await refuse(put(upload_url, png))).toEqual(refusal(409));
  });

  test("of two PUTs at once takes one", async () => {
    const { job_id, upload_url } = await client.open();
    const files = [randomBytes(2 * MIB), randomBytes(2 * MIB)];
    const statuses = await Promise.all(
      files.map(async (file) => (await put(upload_url, file)).status),
    );
    expect(statuses.toSorted()).toEqual([200, 409]);
    const winner = files[statuses.indexOf(200)] as Uint8Array;
    expect(await stored(job_id)).toEqual(new Uint8Array(winner));
  });

  test("takes no empty file", async () => {
    const { job_id, upload_url } = await client.open();
    expect(await refuse(put(upload_url, new Uint8Array()))).toEqual(refusal(400));
    expect(await refuse(put(upload_url, streamOf(new Uint8Array())))).toEqual(refusal(400));
    expect(await client.confirm(job_id)).toEqual(refusal(400));
  });

  test("is 403 once its time is over", async () => {
    const { job_id, upload_url } = await client.open();
    const path = new URL(upload_url).pathname;
    const expired = await sign(path, Math.floor(Date.now() / 1000) - 1);
    expect(await refuse(put(expired, png))).toMatchObject({
      status: 403,
      body: { success: false, error: expect.stringContaining("expired") },
    });
    // The same with its time still to come: nothing but the time was wrong.
    const good = await sign(path, Math.floor(Date.now() / 1000) + 60);
    expect((await put(good, png)).status).toBe(200);
    expect(await stored(job_id)).toEqual(png);
  });

  test("is 403 when anything of it was altered", async () => {
    const { job_id, upload_url } = await client.open();
    const other = await client.open();
    const altered = (change: (url: URL) => void) => {
      const url = new URL(upload_url);
      change(url);
      return url.href;
    };
    const urls = [
      altered(({ searchParams }) => searchParams.set("expires", "9999999999")),
      altered(({ searchParams }) => searchParams.set("signature", "AAAA")),
      altered(({ searchParams }) => searchParams.delete("signature")),
      altered(({ searchParams }) => searchParams.delete("expires")),
      altered((url) => (url.search = "")),
      altered((url) => (url.pathname = `/uploads/${other.job_id}`)),
      altered((url) => (url.search = new URL(other.upload_url).search)),
    ];
    for (const url of urls) expect(await refuse(put(url, png))).toEqual(refusal(403));
    expect([await stored(job_id), await stored(other.job_id)]).toEqual([null, null]);
  });

  test("is for nothing but PUT: 405", async () => {
    const { job_id, upload_url } = await client.open();
    expect((await put(upload_url, png)).status).toBe(200);
    for (const method of ["GET", "POST", "DELETE"]) {
      expect(await refuse(fetch(upload_url, { method }))).toEqual(refusal(405));
    }
    const { search } = new URL(upload_url);
    const download = await fetch(`${stack.url}/files/${job_id}/0/image.jpg${search}`);
    expect(download.status).toBe(403);
    await download.body?.cancel();
  });

  test("is of no use once its job has expired", async () => {
    const { job_id, upload_url } = await client.open();
    await expire(job_id);
    expect(await refuse(put(upload_url, png))).toEqual(refusal(400));
    expect(await stored(job_id)).toBeNull();
  });
});

describe("a request for one that is refused with 400", () => {
  test.each([
    ["no JSON", "{", /JSON/],
    ["no object", "[]", /object/],
    ["no body", "", /filename/],
    ["no filename", uploadRequest({ filename: undefined }), /filename/],
    ["an empty filename", uploadRequest({ filename: " " }), /filename/],
    ["a filename that is no text", uploadRequest({ filename: 7 }), /filename/],
    ["no source_format", uploadRequest({ source_format: undefined }), /source_format/],
    ["no target_format", uploadRequest({ target_format: null }), /target_format/],
    ["an unknown target_format", uploadRequest({ target_format: "exe" }), /exe/],
    ["a file_size over 20 MiB", uploadRequest({ file_size: 20 * MIB + 1 }), /file_size/],
    ["a file_size of 21 MB", uploadRequest({ file_size: 21_000_000 }), /20 MB/],
    ["a negative file_size", uploadRequest({ file_size: -1 }), /file_size/],
    ["a file_size that is no whole number", uploadRequest({ file_size: 1.5 }), /file_size/],
    ["a file_size that is no number", uploadRequest({ file_size: [1] }), /file_size/],
  ])("%s", async (_, request, error) => {
    expect(await client.requestUpload(request)).toEqual({
      status: 400,
      body: { success: false, error: expect.stringMatching(error) },
    });
  });
});

describe("a confirmation", () => {
  test("before the file is there is 400, and the job waits on", async () => {
    const { job_id, upload_url } = await client.open();
    expect(await client.confirm(job_id)).toEqual(refusal(400));
    expect(await client.job(job_id)).toMatchObject({ status: "uploading", is_expired: false });
    expect((await put(upload_url, png)).status).toBe(200);
    expect((await client.confirm(job_id)).status).toBe(200);
  });

  test("again answers 200 with the job's present status, also at once", async () => {
    const jobId = await client.upload(png);
    const together = await Promise.all([1, 2, 3].map(() => client.confirm(jobId)));
    for (const { status, body } of [...together, await client.confirm(jobId)]) {
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { success: true, job_id: jobId, status: "queued" },
      });
    }
    await stack.env.JOBS.getByName(jobId).claim();
    expect((await client.confirm(jobId)).body).toMatchObject({ status: "processing" });
  });

  test("that was cut short behind the record can be repeated", async () => {
    const jobId = await client.upload(png);
    await stack.env.DB.prepare(
      "UPDATE jobs SET status = 'queued', spec = json_set(spec, '$.awaits', json('null')) WHERE id = ?",
    )
      .bind(jobId)
      .run();
    expect(await client.job(jobId)).toMatchObject({ status: "uploading" });
    expect((await client.confirm(jobId)).body).toMatchObject({ status: "queued" });
    expect(await client.job(jobId)).toMatchObject({ status: "queued" });
  });

  test.each([
    ["no JSON", "job", 400],
    ["no job_id", {}, 400],
    ["a job_id that is no text", { job_id: 7 }, 400],
    ["a malformed job_id", { job_id: "../jobs" }, 404],
    ["an unknown job_id", { job_id: "550e8400-e29b-41d4-a716-446655440000" }, 404],
  ])("with %s is refused", async (_, body, status) => {
    expect(await client.post("/v1/convert/confirm", body)).toEqual(refusal(status));
  });

  test("of an hour-old upload is 400: it has expired", async () => {
    const jobId = await client.upload(png);
    const before = await client.job(jobId);
    const lifeMs =
      Date.parse(String(before["expires_at"])) - Date.parse(String(before["created_at"]));
    expect(lifeMs).toBe(3_600_000);
    await expire(jobId);
    expect(await client.confirm(jobId)).toEqual(refusal(400));
    expect(await client.job(jobId)).toMatchObject({
      ...{ status: "expired", is_expired: true, can_download: false, points_used: 0 },
    });
  });

  test("of a confirmed job whose week is over says expired", async () => {
    const jobId = await client.upload(png);
    await client.confirm(jobId);
    await expire(jobId);
    expect(await client.confirm(jobId)).toMatchObject({ status: 200, body: { status: "expired" } });
  });
});
