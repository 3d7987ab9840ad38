import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, readRefusal, submit, toForm } from "./client.ts";

let stack: Stack;
let form: FormData;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  const bytes = await drawPicture("png");
  form = toForm([{ name: "a.png", bytes }], { output_format: "jpg" });
});
afterAll(() => stack?.close());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL(path, stack.url), { headers });

test.each([
  ["no key", {}],
  ["an unknown key", { Authorization: "Bearer nobody" }],
  ["an unknown X-API-KEY", { "X-API-KEY": "nobody" }],
  ["an empty key", { "X-API-KEY": "" }],
  ["another scheme", { Authorization: "Basic bm9ib2R5" }],
])("%s is 401 unauthorized with WWW-Authenticate", async (_, headers) => {
  const response = await get("/v1/jobs/job_123", headers as Record<string, string>);
  expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
  expect(await readRefusal(response)).toMatchObject({ status: 401, code: "unauthorized" });
});

test.each(["Authorization", "authorization", "X-API-KEY", "x-api-key"])(
  "a key is taken from %s",
  async (name) => {
    const { key } = stack.account;
    const value = name.toLowerCase() === "authorization" ? `Bearer ${key}` : key;
    const response = await get("/v1/jobs/job_123", { [name]: value });
    expect(response.status).toBe(404);
    await response.body?.cancel();
  },
);

test("a revoked key is 401 from the next request on", async () => {
  const { id, key } = await stack.createAccount("unlimited");
  expect((await stack.authorized("/v1/jobs/job_1", {}, key)).status).toBe(404);
  await stack.env.DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE account_id = ?")
    .bind(id)
    .run();
  expect(await readRefusal(await stack.authorized("/v1/jobs/job_1", {}, key))).toMatchObject({
    status: 401,
    code: "unauthorized",
  });
});

test("the keys of a suspended account are 403 forbidden", async () => {
  const { id, key } = await stack.createAccount("unlimited");
  await stack.env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE id = ?").bind(id).run();
  expect(await readRefusal(await stack.authorized("/v1/jobs/job_1", {}, key))).toMatchObject({
    status: 403,
    code: "forbidden",
  });
});

test("a foreign job is what an unknown one is, at every route", async () => {
  const stranger = await stack.createAccount("unlimited");
  const { id } = (await (await submit(stack, form)).json()) as { id: string };
  const routes = [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/cancel"],
    ["GET", "/download"],
    ["GET", "/events"],
  ] as const;
  for (const [method, suffix] of routes) {
    const ask = async (jobId: string) => {
      const init = { method };
      const response = await stack.authorized(`/v1/jobs/${jobId}${suffix}`, init, stranger.key);
      const { request_id: _, ...body } = (await readRefusal(response)).body;
      return body;
    };
    const foreign = await ask(id);
    expect(foreign).toMatchObject({ status: 404, code: "not_found" });
    expect(foreign).toEqual(await ask("job_00000000000000000000000000"));
  }
  expect((await stack.authorized(`/v1/jobs/${id}`)).status).toBe(200);
});

test.each(["123", "job_", "job_UPPER", "job_..%2f"])("the id %s is 404 not_found", async (id) => {
  expect(await readRefusal(await stack.authorized(`/v1/jobs/${id}`))).toMatchObject({
    status: 404,
    code: "not_found",
  });
});

test("a plan's rate limit is announced, then enforced, key by key", async () => {
  const { key } = await stack.createAccount("free");
  const neighbour = await stack.createAccount("free");
  const ask = (as: string) => stack.authorized("/v1/jobs/job_1", {}, as);
  const first = await ask(key);
  expect(first.headers.get("RateLimit-Policy")).toBe('"key";q=60;w=60');
  expect(first.headers.get("RateLimit")).toBe('"key";r=59;t=1');

  const answers = await Promise.all(Array.from({ length: 80 }, () => ask(key)));
  const refused = answers.find(({ status }) => status === 429);
  expect(answers.some(({ status }) => status === 404)).toBe(true);
  expect(refused?.headers.get("Retry-After")).toBe("1");
  expect(refused?.headers.get("RateLimit")).toBe('"key";r=0;t=1');
  expect(await readRefusal(refused as Response)).toMatchObject({ code: "rate_limited" });
  expect((await ask(neighbour.key)).status).toBe(404);
});

test("an unlimited key has no rate limit", async () => {
  const ask = () => stack.authorized("/v1/jobs/job_1");
  const answers = await Promise.all(Array.from({ length: 150 }, ask));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect(answers[0]?.headers.has("RateLimit")).toBe(false);
});

test("answers are private, unframed and unsniffed, and scripts of other origins may read them", async () => {
  const response = await stack.authorized("/v1/jobs/job_1", {
    headers: { Origin: "https://a.example" },
  });
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "access-control-allow-origin": "*",
    "x-request-id": expect.stringMatching(/./),
  });
  expect(response.headers.has("access-control-allow-credentials")).toBe(false);
  const preflight = await fetch(new URL("/v1/convert", stack.url), {
    method: "OPTIONS",
    headers: {
      Origin: "https://a.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,idempotency-key",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toBe(
    "authorization,idempotency-key",
  );
});
