import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, readRefusal, submit, toForm } from "./client.ts";

let stack: Stack;
let png: Uint8Array;
let other: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  png = await drawPicture("png");
  other = await drawPicture("png", { width: 65 });
});
afterAll(() => stack?.close());

const REQUEST = { output: { output_format: "jpg", quality: 80 }, tool_slug: "png-to-jpg" };

const send = (
  key: string,
  { bytes = png, request = REQUEST as unknown, name = "a.png", as = stack.account.key } = {},
) => submit(stack, toForm([{ name, bytes }], request), { "Idempotency-Key": key }, as);

async function countJobs(): Promise<number> {
  const row = await stack.env.DB.prepare("SELECT count(*) AS n FROM jobs").first<{ n: number }>();
  return row?.n ?? 0;
}

test("the same request again gets the stored answer and makes no second job", async () => {
  const first = await send("again");
  const answer = await first.text();
  const before = await countJobs();
  const second = await send("again");
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(await second.text()).toBe(answer);
  expect(second.headers.get("Location")).toBe(first.headers.get("Location"));
  expect(first.headers.has("Idempotency-Replayed")).toBe(false);
  expect(second.headers.get("Idempotency-Replayed")).toBe("true");
  expect(await countJobs()).toBe(before);
});

test("members in another order, other spaces, file names and boundaries are the same request", async () => {
  const first = (await (await send("order")).json()) as { id: string };
  const request = `{ "tool_slug":"png-to-jpg",\n "output": {"quality":80, "output_format":"jpg"}}`;
  const second = (await (await send("order", { request, name: "b.png" })).json()) as { id: string };
  expect(second.id).toBe(first.id);
});

test.each([
  ["another request", { request: { ...REQUEST, tool_slug: "x-to-jpg" } }],
  ["another file", "other"],
] as const)("%s under a used key is 422 idempotency_mismatch", async (name, change) => {
  await send(name);
  const response = await send(name, change === "other" ? { bytes: other } : change);
  expect(await readRefusal(response)).toMatchObject({ status: 422, code: "idempotency_mismatch" });
});

test("of many at once one makes the job; the others are told to come back or get its answer", async () => {
  const before = await countJobs();
  const answers = await Promise.all(Array.from({ length: 12 }, () => send("at once")));
  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as {
    id?: string;
    code?: string;
  }[];
  const ids = new Set(bodies.flatMap(({ id }) => (id ? [id] : [])));
  expect(ids.size).toBe(1);
  expect(await countJobs()).toBe(before + 1);
  for (const [index, { status, headers }] of answers.entries()) {
    if (status === 202) continue;
    expect([status, bodies[index]?.code]).toEqual([409, "idempotency_in_progress"]);
    expect(headers.get("Retry-After")).toMatch(/^\d+$/);
  }
});

test("a key belongs to an account", async () => {
  const stranger = await stack.createAccount("unlimited");
  const mine = (await (await send("shared")).json()) as { id: string };
  const theirs = (await (await send("shared", { as: stranger.key })).json()) as { id: string };
  expect(theirs.id).not.toBe(mine.id);
});

test("a refused request does not use up its key", async () => {
  expect((await send("refused", { bytes: Buffer.from("no picture at all") })).status).toBe(415);
  expect((await send("refused")).status).toBe(202);
});

test("a client that hangs up while it sends does not keep its key", async () => {
  const controller = new AbortController();
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(stream) {
      stream.enqueue(sent === 0 ? png : new Uint8Array(64 * 1024));
      if (++sent < 40) return undefined;
      controller.abort();
      return new Promise(() => undefined);
    },
  });
  const aborted = stack.authorized("/v1/convert?request={%22output_format%22:%22jpg%22}", {
    method: "POST",
    headers: { "Content-Type": "image/png", "Idempotency-Key": "hung up" },
    body,
    duplex: "half",
    signal: controller.signal,
  } as RequestInit);
  await expect(aborted).rejects.toThrow();
  await vi.waitFor(async () => expect((await send("hung up")).status).toBe(202), 10_000);
});

test("a key's time is 24 hours; then it is new", async () => {
  const first = (await (await send("old")).json()) as { id: string };
  await stack.env.DB.prepare(
    "UPDATE idempotency_keys SET expires_at = expires_at - ? WHERE key = ?",
  )
    .bind(24 * 3_600_000 - 60_000, "old")
    .run();
  expect(((await (await send("old")).json()) as { id: string }).id).toBe(first.id);
  await stack.env.DB.prepare(
    "UPDATE idempotency_keys SET expires_at = expires_at - ? WHERE key = ?",
  )
    .bind(60_000, "old")
    .run();
  expect(((await (await send("old")).json()) as { id: string }).id).not.toBe(first.id);
});

test("a reservation whose request died is taken over", async () => {
  const now = Date.now();
  await stack.env.DB.prepare(
    `INSERT INTO idempotency_keys (account_id, key, status, created_at, expires_at)
     VALUES (?, 'dead', 'pending', ?, ?)`,
  )
    .bind(stack.account.id, now, now + 24 * 3_600_000)
    .run();
  expect((await send("dead")).status).toBe(409);
  await stack.env.DB.prepare("UPDATE idempotency_keys SET created_at = ? WHERE key = 'dead'")
    .bind(now - 15 * 60_000)
    .run();
  expect((await send("dead")).status).toBe(202);
});

test("a key of 256 characters is 422 invalid_parameter", async () => {
  expect(await readRefusal(await send("x".repeat(256)))).toMatchObject({
    status: 422,
    code: "invalid_parameter",
  });
});
