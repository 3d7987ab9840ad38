/** Who may do what, how often and for how much: the page's error table, account and points. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestStack, type Account, type Stack } from "../../support/stack.ts";
import { drawPicture } from "../imagehq/client.ts";
import { connect, uploadRequest, type Client } from "./client.ts";

let stack: Stack;
let client: Client;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack();
  client = connect(stack);
  png = await drawPicture("png", { width: 4, height: 4 });
});
afterAll(() => stack?.close());

const UNKNOWN = "550e8400-e29b-41d4-a716-446655440000";

const ROUTES = [
  ["POST", "/v1/convert/upload-url"],
  ["POST", "/v1/convert/confirm"],
  ["GET", `/v1/jobs/${UNKNOWN}`],
  ["GET", "/v1/jobs"],
  ["GET", "/v1/account"],
] as const;

const refusal = (status: number) => ({
  status,
  body: { success: false, error: expect.stringMatching(/\S/) },
});

const run = (sql: string, ...values: (string | number)[]) =>
  stack.env.DB.prepare(sql)
    .bind(...values)
    .run();

/** An account of the free plan whose free conversions of today are used up. */
async function createPoorAccount(points: number): Promise<Account> {
  const account = await stack.createAccount("free");
  const today = Math.floor(Date.now() / 86_400_000);
  await run(
    "UPDATE accounts SET points = ?, daily_day = ?, daily_used = 5 WHERE id = ?",
    points,
    today,
    account.id,
  );
  return account;
}

interface AccountView {
  points: number;
  daily_conversions_remaining: number;
  daily_conversions_used: number;
  total_conversions: number;
}

const accountOf = async (owner: Client): Promise<AccountView> =>
  (await owner.ask<{ account: AccountView }>("/v1/account")).body.account;

describe("every route", () => {
  test.each(ROUTES)("%s %s is 401 without a key and with an unknown one", async (method, path) => {
    for (const headers of [{}, { Authorization: "Bearer cv_nobody" }] as HeadersInit[]) {
      const response = await fetch(new URL(path, stack.url), { method, headers });
      expect({ status: response.status, body: await response.json() }).toEqual(refusal(401));
    }
  });

  test.each(ROUTES)("%s %s is 403 for a suspended account", async (method, path) => {
    const { id, key } = await stack.createAccount("unlimited");
    await run("UPDATE accounts SET suspended_at = 1 WHERE id = ?", id);
    expect(await connect(stack, key).ask(path, { method })).toEqual(refusal(403));
  });

  test.each(ROUTES)("%s %s is 403 for a key whose scopes exclude it", async (method, path) => {
    const { id, key } = await stack.createAccount("unlimited");
    const other = method === "POST" ? "read" : "convert";
    await run("UPDATE api_keys SET scopes = ? WHERE account_id = ?", other, id);
    expect(await connect(stack, key).ask(path, { method })).toEqual(refusal(403));
  });

  test.each(ROUTES)("%s %s is 500 when the database is gone", async (method, path) => {
    const body = path.endsWith("upload-url") ? uploadRequest() : { job_id: UNKNOWN };
    // Keys are found still, but for the account's own route.
    const table = path === "/v1/account" ? "accounts" : "jobs";
    await run(`ALTER TABLE ${table} RENAME TO away`);
    try {
      const init = { method, ...(method === "POST" && { body: JSON.stringify(body) }) };
      expect(await client.ask(path, init)).toEqual(refusal(500));
    } finally {
      await run(`ALTER TABLE away RENAME TO ${table}`);
    }
  });

  test("keys of any form are taken, as Bearer and as X-API-KEY", async () => {
    const response = await fetch(new URL("/v1/account", stack.url), {
      headers: { "X-API-KEY": stack.account.key },
    });
    expect([response.status, await response.json()]).toMatchObject([200, { success: true }]);
  });
});

describe("paths of the dialect", () => {
  test.each([
    ["PUT", "/v1/convert/upload-url", 405],
    ["GET", "/v1/convert/confirm", 405],
    ["POST", "/v1/jobs", 405],
    ["DELETE", "/v1/account", 405],
    ["POST", `/v1/jobs/${UNKNOWN}`, 405],
    ["DELETE", `/v1/jobs/${UNKNOWN}`, 405],
    ["GET", "/v1/convert/status", 404],
    ["POST", "/v1/convert/", 404],
    ["GET", "/v1/account/keys", 404],
    ["GET", `/v1/jobs/${UNKNOWN}/logs`, 404],
    ["GET", `/v1/jobs/${UNKNOWN}`, 404],
    ["PUT", `/uploads/${UNKNOWN}`, 403],
  ])("%s %s is %i in the page's form", async (method, path, status) => {
    expect(await client.ask(path, { method })).toEqual(refusal(status));
  });

  test("ids of another form are the native API's", async () => {
    const response = await stack.authorized("/v1/jobs/job_123");
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    await response.body?.cancel();
  });
});

test("a job of another account is what an unknown one is", async () => {
  const jobId = await client.upload(png);
  const stranger = connect(stack, (await stack.createAccount("unlimited")).key);
  const ask = async (id: string) => [
    await stranger.ask(`/v1/jobs/${id}`),
    await stranger.confirm(id),
  ];
  expect(await ask(jobId)).toEqual([refusal(404), refusal(404)]);
  expect(await ask(jobId)).toEqual(await ask(UNKNOWN));
  expect((await client.confirm(jobId)).status).toBe(200);
});

describe("the rate limit", () => {
  /** Of 90 requests at once. */
  async function flood(
    key: string,
    path: string,
  ): Promise<{ statuses: number[]; refused?: Response }> {
    const all = await Promise.all(
      Array.from({ length: 90 }, () => stack.authorized(path, {}, key)),
    );
    const refused = all.find(({ status }) => status !== 200);
    await Promise.all(all.filter((one) => one !== refused).map(({ body }) => body?.cancel()));
    const statuses = [...new Set(all.map(({ status }) => status))].toSorted();
    return { statuses, ...(refused && { refused }) };
  }

  test("is the free tier's: 429 with Retry-After", async () => {
    const { key } = await stack.createAccount("free");
    const { statuses, refused } = await flood(key, "/v1/account");
    expect(statuses).toEqual([200, 429]);
    expect(refused?.headers.get("Retry-After")).toMatch(/^\d+$/);
    expect({ status: refused?.status, body: await refused?.json() }).toEqual(refusal(429));
  });

  test("is not for accounts with points, nor for polling", async () => {
    const paying = await createPoorAccount(1);
    expect((await flood(paying.key, "/v1/account")).statuses).toEqual([200]);
    const { key } = await stack.createAccount("free");
    const { job_id } = await connect(stack, key).open();
    expect((await flood(key, `/v1/jobs/${job_id}`)).statuses).toEqual([200]);
  });
});

describe("an account", () => {
  test("is shown as the page, .NET, Java and Go read it", async () => {
    const { id, key } = await stack.createAccount("free");
    await run("UPDATE accounts SET email = 'user@example.com', points = 100 WHERE id = ?", id);
    const shown = {
      id,
      user_id: id,
      email: "user@example.com",
      name: "Test",
      plan: "free",
      points: 100,
      points_balance: 100,
      daily_conversions_remaining: 5,
      daily_conversions_used: 0,
      daily_conversions_limit: 5,
      total_conversions: 0,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    };
    expect(await connect(stack, key).ask("/v1/account")).toEqual({
      status: 200,
      body: { success: true, ...shown, account: shown },
    });
  });

  test("without limits shows large integers that fit 32 bits, and no null", async () => {
    const { account } = (await client.ask<{ account: Record<string, unknown> }>("/v1/account"))
      .body;
    const { points, points_balance, daily_conversions_remaining, daily_conversions_limit } =
      account;
    for (const count of [
      points,
      points_balance,
      daily_conversions_remaining,
      daily_conversions_limit,
    ]) {
      expect(count).toBeGreaterThan(900_000_000);
      expect(count).toBeLessThan(2 ** 31);
    }
    expect(Object.values(account)).not.toContain(null);
    expect(account).toMatchObject({ email: "" });
  });

  test("has five free conversions a day, then pays points, then is 402 at the confirmation", async () => {
    const { id, key } = await stack.createAccount("free");
    const owner = connect(stack, key);
    const free = await owner.run({ bytes: png, target: "webp" });
    expect(free).toMatchObject({ status: "completed", points_cost: 1, points_used: 0 });
    expect(await accountOf(owner)).toMatchObject({
      ...{ points: 0, daily_conversions_remaining: 4, daily_conversions_used: 1 },
      total_conversions: 1,
    });

    await run("UPDATE accounts SET points = 1, daily_used = 5 WHERE id = ?", id);
    const paid = await owner.run({ bytes: png, target: "webp" });
    expect(paid).toMatchObject({ status: "completed", points_cost: 1, points_used: 1 });
    expect(await accountOf(owner)).toMatchObject({ points: 0, total_conversions: 2 });

    const jobId = await owner.upload(png);
    expect(await owner.confirm(jobId)).toEqual(refusal(402));
    expect(await owner.job(jobId)).toMatchObject({ status: "uploading" });
    // With a point more the same upload goes on.
    await run("UPDATE accounts SET points = 1 WHERE id = ?", id);
    expect((await owner.confirm(jobId)).status).toBe(200);
  });

  test("gets back the point of a job that fails", async () => {
    const owner = connect(stack, (await createPoorAccount(1)).key);
    const job = await owner.run({ bytes: png.subarray(0, 50), target: "webp" });
    expect(job).toMatchObject({ status: "failed", points_used: 0 });
    expect(await accountOf(owner)).toMatchObject({ points: 1, total_conversions: 0 });
  });

  test("pays once for a job that is confirmed many times at once", async () => {
    const owner = connect(stack, (await createPoorAccount(3)).key);
    const jobId = await owner.upload(png);
    const answers = await Promise.all(Array.from({ length: 10 }, () => owner.confirm(jobId)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await owner.finish(jobId)).toMatchObject({ status: "completed", points_used: 1 });
    expect(await accountOf(owner)).toMatchObject({ points: 2, total_conversions: 1 });
  });

  test("with 50 points and 100 confirmations at once has 50 done and 50 refused with 402", async () => {
    const owner = connect(stack, (await createPoorAccount(50)).key);
    const jobs: string[] = [];
    for (let batch = 0; batch < 10; batch++) {
      jobs.push(...(await Promise.all(Array.from({ length: 10 }, () => owner.upload(png)))));
    }
    const confirmed = await Promise.all(
      jobs.map(async (jobId) => ({ jobId, ...(await owner.confirm(jobId)) })),
    );
    const accepted = confirmed.filter(({ status }) => status === 200);
    expect(accepted).toHaveLength(50);
    expect(confirmed.filter(({ status }) => status === 402)).toHaveLength(50);
    const ended = await Promise.all(accepted.map(({ jobId }) => owner.finish(jobId)));
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(["completed"]));
    expect(ended.reduce((sum, { points_used }) => sum + points_used, 0)).toBe(50);
    expect(await accountOf(owner)).toMatchObject({ points: 0, total_conversions: 50 });
  });
});
