/** What can be done with a job that nobody has begun: only the api Worker runs here. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, PAGE_REQUEST, readRefusal, submit, toForm, type JobBody } from "./client.ts";

let stack: Stack;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

async function queueJob(request: unknown = PAGE_REQUEST): Promise<JobBody> {
  const response = await submit(stack, toForm([{ name: "image.png", bytes: png }], request));
  expect(response.status).toBe(202);
  return (await response.json()) as JobBody;
}

const read = async (id: string): Promise<JobBody> =>
  (await (await stack.authorized(`/v1/jobs/${id}`)).json()) as JobBody;

const post = (path: string) => stack.authorized(path, { method: "POST" });

test("the answer to a request is the page's `queued` object, with job_id and Location", async () => {
  const response = await submit(stack, toForm([{ name: "image.png", bytes: png }], PAGE_REQUEST));
  const body = (await response.json()) as JobBody;
  expect(body).toEqual({
    client_reference_id: "example-123",
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    current_stage: "queued",
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    id: expect.stringMatching(/^job_[0-9a-z]{26}$/),
    job_id: body.id,
    operation: "convert",
    poll_url: `/v1/jobs/${body.id}`,
    progress: 0,
    status: "queued",
    tool_slug: "png-to-jpg",
  });
  expect(response.headers.get("Location")).toBe(body.poll_url);
  const lifeMs = Date.parse(String(body["expires_at"])) - Date.parse(String(body["created_at"]));
  expect(lifeMs).toBe(24 * 3_600_000);
});

test("the page's own request gives no warnings", async () => {
  const { id } = await queueJob();
  expect((await read(id)).warnings).toEqual([]);
});

test("a queued job shows every stage, its inputs and retention, and nothing to download", async () => {
  const { id } = await queueJob();
  const job = await read(id);
  expect(job).toMatchObject({
    status: "queued",
    current_stage: "queued",
    progress: 0,
    inputs: [
      { filename: "image.png", format: "png", mime_type: "image/png", size_bytes: png.length },
    ],
    outputs: [],
    retention_policy: { clamp: true, ttl_hours: 24 },
    stages: [
      { name: "queued", progress: 0, status: "processing" },
      { name: "processing", progress: 0, status: "pending" },
    ],
  });
  expect(job).not.toHaveProperty("download_url");
  expect(job).not.toHaveProperty("error");
});

test("a download before the end is 409 job_not_finished", async () => {
  const { id } = await queueJob();
  const response = await stack.authorized(`/v1/jobs/${id}/download`);
  expect(await readRefusal(response)).toMatchObject({ status: 409, code: "job_not_finished" });
});

test("Prefer: wait answers 202 with the queued job when the time is over", async () => {
  const form = toForm([{ name: "a.png", bytes: png }], PAGE_REQUEST);
  const response = await submit(stack, form, { Prefer: "respond-async, wait=1" });
  expect(response.status).toBe(202);
  expect(response.headers.get("Preference-Applied")).toBe("wait=1");
  expect(await response.json()).toMatchObject({ status: "queued" });
});

test("a canceled job stays canceled, however often it is canceled", async () => {
  const { id } = await queueJob();
  const first = await post(`/v1/jobs/${id}/cancel`);
  expect([first.status, ((await first.json()) as JobBody).status]).toEqual([200, "canceled"]);
  const second = await post(`/v1/jobs/${id}/cancel`);
  expect([second.status, ((await second.json()) as JobBody).status]).toEqual([200, "canceled"]);
  expect((await read(id)).stages[0]?.status).toBe("canceled");
  const download = await stack.authorized(`/v1/jobs/${id}/download`);
  expect(await readRefusal(download)).toMatchObject({ status: 409, code: "job_not_successful" });
});

test("a deleted job is unknown and its files are gone", async () => {
  const { id } = await queueJob();
  expect((await stack.env.FILES.list({ prefix: `jobs/${id}/` })).objects).toHaveLength(1);
  const gone = await stack.authorized(`/v1/jobs/${id}`, { method: "DELETE" });
  expect([gone.status, await gone.text()]).toEqual([204, ""]);
  expect(await readRefusal(await stack.authorized(`/v1/jobs/${id}`))).toMatchObject({
    status: 404,
    code: "not_found",
  });
  expect((await stack.env.FILES.list({ prefix: `jobs/${id}/` })).objects).toHaveLength(0);
  expect((await stack.authorized(`/v1/jobs/${id}`, { method: "DELETE" })).status).toBe(404);
});

test("events tell the present state, then the final one, and end", async () => {
  const { id } = await queueJob();
  const response = await stack.authorized(`/v1/jobs/${id}/events`);
  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let { value: text = "" } = await reader.read();
  expect(text).toMatch(/^event: progress\ndata: \{"status":"queued"/);
  await post(`/v1/jobs/${id}/cancel`);
  for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value;
  expect(text).toMatch(/\n\nevent: canceled\ndata: \{"status":"canceled".*\n\n$/);
});

test("a job whose time is over is expired, its downloads are 410", async () => {
  const { id } = await queueJob();
  await stack.env.DB.prepare("UPDATE jobs SET spec = json_set(spec, '$.expiresAt', 1) WHERE id = ?")
    .bind(id)
    .run();
  expect(await read(id)).toMatchObject({ status: "expired", outputs: [] });
  for (const suffix of ["download", "events"]) {
    const response = await stack.authorized(`/v1/jobs/${id}/${suffix}`);
    expect(await readRefusal(response)).toMatchObject({ status: 410, code: "job_expired" });
  }
});

test.each([
  [
    "unknown members",
    { output: { output_format: "jpg", sharpen: 3 }, dpi: 300 },
    ["unknown_member", "unknown_member"],
  ],
  ["an unknown tool_slug", { output_format: "jpg", tool_slug: "magic" }, ["unknown_tool_slug"]],
  ["a ttl over the plan's", { output_format: "jpg", ttl_hours: 100 }, ["ttl_clamped"]],
  [
    "an input_format that the content contradicts",
    { output_format: "jpg", input_format: "webp" },
    ["input_format_mismatch"],
  ],
])("%s only warn", async (_, request, codes) => {
  const { id } = await queueJob(request);
  expect((await read(id)).warnings.map(({ code }) => code)).toEqual(codes);
});

test.each([
  ["at the top", { output_format: "jpg", ttl_hours: 2 }],
  ["in retention_policy", { output_format: "jpg", retention_policy: { ttl_hours: 2 } }],
])("ttl_hours %s shortens the job's life", async (_, request) => {
  const { id } = await queueJob(request);
  expect((await read(id))["retention_policy"]).toEqual({ clamp: true, ttl_hours: 2 });
});

test.each([
  ["jpeg and jpg are one format", { output_format: "jpeg", output: { output_format: "JPG" } }],
  ["a tool_slug names the format", { tool_slug: "png-to-jpeg" }],
  ["null is as good as absent", { output_format: "jpg", output: null, tool_slug: null }],
])("%s", async (_, request) => {
  const { id } = await queueJob(request);
  expect((await read(id)).warnings).toEqual([]);
});
