/** The way of every SDK: upload URL, PUT, confirmation, polling, download. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture } from "../imagehq/client.ts";
import { connect, put, uploadRequest, type Client } from "./client.ts";

let stack: Stack;
let client: Client;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack();
  client = connect(stack);
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The page's request, to the letter. */
const PAGE_REQUEST = {
  filename: "image.jpg",
  source_format: "jpg",
  target_format: "png",
  file_size: 1048576,
  conversion_metadata: {
    aspect_ratio: "16:9",
    crop_strategy: "crop-center",
    quality: 85,
    icon_size: 32,
  },
};

test("the page's request, uploaded, confirmed and polled, ends as a file", async () => {
  const asked = await client.requestUpload(PAGE_REQUEST);
  expect(asked).toEqual({
    status: 200,
    body: {
      success: true,
      job_id: expect.stringMatching(UUID),
      upload_url: expect.stringMatching(/^http:\/\//),
      expires_in: 600,
    },
  });
  const { job_id: jobId, upload_url: uploadUrl } = asked.body as Record<string, string>;
  expect(await client.job(jobId as string)).toMatchObject({ status: "uploading" });

  const jpeg = await drawPicture("jpeg", { width: 160, height: 160 });
  expect((await put(uploadUrl as string, jpeg, {})).status).toBe(200);
  expect(await client.confirm(jobId)).toEqual({
    status: 200,
    body: { success: true, job_id: jobId, status: "queued", message: "Job queued for processing" },
  });

  const job = await client.finish(jobId as string);
  expect(job).toEqual({
    id: jobId,
    job_id: jobId,
    user_id: stack.account.id,
    status: "completed",
    original_filename: "image.jpg",
    source_format: "jpg",
    target_format: "png",
    file_size: jpeg.length,
    points_cost: 1,
    points_used: 0,
    tokens_used: 0,
    processing_time_ms: expect.any(Number),
    created_at: expect.stringMatching(TIME),
    updated_at: expect.stringMatching(TIME),
    completed_at: expect.stringMatching(TIME),
    expires_at: expect.stringMatching(TIME),
    download_url: expect.stringContaining(`${stack.url}/files/`),
    can_download: true,
    is_expired: false,
  });
  expect(Number.isInteger(job["processing_time_ms"])).toBe(true);
  const keptMs = Date.parse(String(job["expires_at"])) - Date.parse(String(job["created_at"]));
  expect(keptMs).toBe(7 * 24 * 3_600_000);

  const download = await fetch(job.download_url as string);
  expect(download.headers.get("Content-Type")).toBe("image/png");
  expect(download.headers.get("Content-Disposition")).toContain('filename="image.png"');
  expect(await sharp(await download.arrayBuffer()).metadata()).toMatchObject({
    ...{ format: "png", width: 160, height: 90 },
  });
});

describe("what clients send instead of the page's members", () => {
  test.each([
    ["no file_size (Go)", { file_size: undefined }],
    ["a file_size of 0 (n8n)", { file_size: 0 }],
    ["a file_size in words (n8n)", { file_size: "28.2 kB" }],
    ["a file_size of null", { file_size: null }],
    ["formats in capitals (Go)", { source_format: "PNG", target_format: "WEBP" }],
    ["an alias", { target_format: "jpeg" }],
    ["a source_format that is not the file's", { source_format: "heic" }],
    ["a source_format of a name without an extension", { source_format: "" }],
    ["conversion_metadata of null (.NET)", { conversion_metadata: null }],
    [
      "members of null (.NET)",
      { conversion_metadata: { aspect_ratio: null, quality: null, icon_size: null } },
    ],
    [
      "members for other targets, and unknown ones",
      { conversion_metadata: { ocr_format: "json", images_dpi: 150, sharpness: 3 }, extra: true },
    ],
  ])("%s", async (_, request) => {
    const job = await client.run({ bytes: png, target: "webp", request });
    expect(job).toMatchObject({ status: "completed", file_size: png.length });
  });

  test.each<Record<string, string>>([
    { "Content-Type": "image/jpg" },
    { "Content-Type": "image/jpeg" },
    { "Content-Type": "application/pdf" },
    { "Content-Type": "application/x-www-form-urlencoded" },
    { "Content-Type": "application/octet-stream", "User-Agent": "" },
    {},
  ])("a PUT with the headers %o", async (headers) => {
    const { job_id, upload_url } = await client.open({ target_format: "webp" });
    expect((await put(upload_url, png, headers)).status).toBe(200);
    expect((await client.confirm(job_id)).status).toBe(200);
    expect(await client.finish(job_id)).toMatchObject({ status: "completed" });
  });
});

test("what moves goes on moving, in one file", async () => {
  const frames = [png, await sharp(png).negate().png().toBuffer()];
  const gif = await sharp(frames, { join: { animated: true } })
    .gif({ delay: [70, 200] })
    .toBuffer();
  const job = await client.run({ bytes: gif, target: "webp" });
  const download = await fetch(job.download_url as string);
  expect(await sharp(await download.arrayBuffer()).metadata()).toMatchObject({
    ...{ format: "webp", pages: 2, delay: [70, 200] },
  });
});

test("a failed job says why, twice, and gives nothing to download", async () => {
  const broken = Uint8Array.from(png.subarray(0, 60));
  const job = await client.run({ bytes: broken, target: "webp" });
  expect(job).toMatchObject({
    status: "failed",
    error_message: expect.stringMatching(/\S/),
    can_download: false,
    is_expired: false,
    points_used: 0,
  });
  expect(job.error).toBe(job.error_message);
  expect(job).not.toHaveProperty("download_url");
});

test("a file that is no picture uploads, and then fails as a job", async () => {
  const job = await client.run({ bytes: Buffer.from("<html>no picture</html>"), target: "png" });
  expect(job).toMatchObject({ status: "failed", error_message: expect.stringMatching(/format/) });
});

test("confirming again answers with what the job has become, and makes nothing more", async () => {
  const jobId = await client.upload(png);
  expect((await client.confirm(jobId)).body).toMatchObject({ status: "queued" });
  const before = await client.finish(jobId);
  expect(await client.confirm(jobId)).toMatchObject({
    status: 200,
    body: { success: true, job_id: jobId, status: "completed" },
  });
  expect(await client.job(jobId)).toEqual(before);
});

test("an id is found in any letter case", async () => {
  const { job_id } = await client.open(uploadRequest());
  expect(await client.job(job_id.toUpperCase())).toMatchObject({ id: job_id });
});
