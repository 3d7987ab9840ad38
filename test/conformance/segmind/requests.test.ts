/** v2: submit, status, result. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, get, poll, readError, submit, toDataUri, type Submitted } from "./client.ts";

let stack: Stack;
/** Without a consumer: what is submitted stays queued. */
let idle: Stack;
let body: { image_url: string; target_format: string };
let broken: typeof body;

beforeAll(async () => {
  stack = await startTestStack();
  idle = await startTestStack({}, { lanes: false });
  const png = await drawPicture("png");
  body = { image_url: toDataUri(png), target_format: "webp" };
  broken = { ...body, image_url: toDataUri(png.subarray(0, 60)) };
});
afterAll(() => Promise.all([stack?.close(), idle?.close()]));

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The paths behind which a request is, of which the first has its status only. */
const urlsOf = ({ status_url, response_url, poll_url }: Submitted) => [
  status_url,
  response_url,
  poll_url,
];

test("submitting answers at once with the request's id and three absolute URLs", async () => {
  const submitted = await submit(stack, body);
  const { request_id: id } = submitted;
  expect(id).toMatch(UUID);
  expect(submitted).toEqual({
    request_id: id,
    status: "QUEUED",
    poll_url: `${stack.url}/v1/requests/${id}`,
    status_url: `${stack.url}/v2/requests/${id}/status`,
    response_url: `${stack.url}/v2/requests/${id}`,
  });
});

test("the status, when it is over, has metrics and no output", async () => {
  const submitted = await submit(stack, body);
  const response = await poll(stack, submitted);
  expect(response.status).toBe(200);
  const status = (await response.json()) as Record<string, unknown>;
  expect(status).toEqual({
    ...submitted,
    status: "COMPLETED",
    metrics: {
      inference_time: expect.any(Number),
      queue_time: expect.any(Number),
      total_time: expect.any(Number),
      cost: 1,
      remaining_credits: expect.any(Number),
    },
  });
});

test.each(["response_url", "poll_url"] as const)("the result is behind %s", async (name) => {
  const submitted = await submit(stack, body);
  await poll(stack, submitted);
  const response = await get(stack, submitted[name]);
  expect(response.status).toBe(200);
  const result = (await response.json()) as {
    output: string;
    images: { file_size: string }[];
    metrics: Record<string, number>;
  };
  expect(result).toEqual({
    status: "COMPLETED",
    request_id: submitted.request_id,
    output: expect.stringMatching(new RegExp(`^${stack.url}/files/`)),
    images: [
      {
        url: result.output,
        content_type: "image/webp",
        file_name: "image.webp",
        file_size: expect.stringMatching(/^\d+$/),
      },
    ],
    error: null,
    metrics: {
      inference_time: expect.any(Number),
      queue_time: expect.any(Number),
      total_time: expect.any(Number),
      cost: 1,
      remaining_credits: expect.any(Number),
    },
  });
  const { inference_time = -1, queue_time = -1, total_time = -1 } = result.metrics;
  expect(inference_time).toBeGreaterThan(0);
  expect(inference_time + queue_time).toBeCloseTo(total_time, 6);
  // Seconds, not milliseconds.
  expect(total_time).toBeLessThan(60);

  // It needs no key.
  const download = await fetch(result.output);
  const file = Buffer.from(await download.arrayBuffer());
  expect(String(file.length)).toBe(result.images[0]?.file_size);
  expect(await sharp(file).metadata()).toMatchObject({ format: "webp", width: 64, height: 48 });
});

test("a request that nobody has taken up is QUEUED everywhere, without metrics or output", async () => {
  const submitted = await submit(idle, body);
  for (const url of urlsOf(submitted)) {
    const response = await get(idle, url);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ...submitted, metrics: {} });
  }
});

test("a failed request is 422 with its error, wherever it is asked for", async () => {
  const submitted = await submit(stack, broken);
  await poll(stack, submitted);
  for (const url of urlsOf(submitted)) {
    const response = await get(stack, url);
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      status: "FAILED",
      error: expect.stringMatching(/\S/),
      metrics: expect.objectContaining({ cost: 0 }),
      request_id: submitted.request_id,
    });
  }
});

test("a failed request gives its credit back", async () => {
  const { id, key } = await stack.createAccount("free");
  const submitted = await submit(stack, broken, key);
  for (;;) {
    const response = await get(stack, submitted.status_url, key);
    await response.body?.cancel();
    if (response.status === 422) break;
  }
  // The balance moves with the record, a moment after the status.
  const used = stack.env.DB.prepare("SELECT daily_used FROM accounts WHERE id = ?").bind(id);
  await expect.poll(() => used.first("daily_used")).toBe(0);
});

describe("404", () => {
  const paths = (id: string) => [
    `/v2/requests/${id}/status`,
    `/v2/requests/${id}`,
    `/v1/requests/${id}`,
  ];
  const expectMissing = async (id: string, key?: string) => {
    for (const path of paths(id)) {
      const error = await readError(await get(idle, path, key));
      expect(error).toMatchObject({ status: 404, error: expect.any(String), extra: [] });
    }
  };

  test.each(["8c5d1a52-3b5a-4c2e-9d0f-0a6f4b0d9a11", "x", "job_00000000000000000000000000"])(
    "for the id %s, which is none",
    (id) => expectMissing(id),
  );

  test("for the request of another account", async () => {
    const { request_id: id } = await submit(idle, body);
    const stranger = await idle.createAccount("unlimited");
    await expectMissing(id, stranger.key);
  });

  test("for a job of another dialect", async () => {
    const form = new FormData();
    form.append("request", '{"output_format":"jpg"}');
    form.append("files[]", new Blob([await drawPicture("png")]), "a.png");
    const init = { method: "POST", body: form };
    const { id } = (await (await idle.authorized("/v1/convert", init)).json()) as { id: string };
    await expectMissing(id);
  });

  test("for a request whose hour is over", async () => {
    const { request_id: id } = await submit(idle, body);
    const { DB } = idle.env;
    const keptMs = await DB.prepare("SELECT expires_at - created_at AS ms FROM jobs WHERE id = ?")
      .bind(id)
      .first("ms");
    expect(keptMs).toBe(3_600_000);
    await DB.prepare("UPDATE jobs SET spec = json_set(spec, '$.expiresAt', 1) WHERE id = ?")
      .bind(id)
      .run();
    await expectMissing(id);
  });
});

describe("what clients ask beside the page", () => {
  test("/v1/credits tells what is left, and what was used", async () => {
    const { key } = await idle.createAccount("free");
    const response = await idle.authorized("/v1/credits", {}, key);
    const credits = { remaining: 5, used: 0 };
    expect(await response.json()).toEqual({ credits, data: { credits } });
    const refused = await idle.fetch("/v1/credits");
    expect(refused.status).toBe(401);
    expect(await refused.json()).toHaveProperty("error");
  });

  test("/v1/health answers without a key", async () => {
    expect((await idle.fetch("/v1/health")).status).toBe(200);
  });
});
