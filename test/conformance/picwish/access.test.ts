/** Who may do what, how often and for how much; and what becomes of tasks. */
import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERRORS } from "../../../src/errors.ts";
import { startTestStack, type Account, type Stack } from "../../support/stack.ts";
import { ask, create, drawScene, query, readAnswer, TASKS, toForm } from "./client.ts";

let stack: Stack;
let jpeg: Buffer;

beforeAll(async () => {
  stack = await startTestStack();
  jpeg = await drawScene(64, 48).removeAlpha().jpeg().toBuffer();
});
afterAll(() => stack?.close());

const file = () => ({ bytes: jpeg, name: "photo.jpg" });
const UNKNOWN = "0190b5c6-0000-4000-8000-000000000000";

const run = (sql: string, ...values: (string | number)[]) =>
  stack.env.DB.prepare(sql)
    .bind(...values)
    .run();

const refusal = (http: number) => ({
  http,
  status: http,
  message: expect.stringMatching(/\S/),
  data: {},
});

describe("keys", () => {
  test.each([
    ["no key", {}],
    ["an unknown key", { "X-API-KEY": "nobody" }],
    ["an empty key", { "X-API-KEY": "" }],
  ])("%s is 401 for both calls", async (_, headers) => {
    const init = { headers: headers as Record<string, string> };
    const posted = await fetch(new URL(TASKS, stack.url), {
      ...init,
      method: "POST",
      body: toForm({}, file()),
    });
    expect(await readAnswer(posted)).toEqual(refusal(401));
    const queried = await fetch(new URL(`${TASKS}/${UNKNOWN}`, stack.url), init);
    expect(await readAnswer(queried)).toEqual(refusal(401));
  });

  test("X-API-KEY and Bearer are both taken", async () => {
    expect((await query(stack, UNKNOWN)).http).toBe(404);
    expect((await stack.authorized(`${TASKS}/${UNKNOWN}`)).status).toBe(404);
  });

  test("a suspended account is 403", async () => {
    const { id, key } = await stack.createAccount("unlimited");
    await run("UPDATE accounts SET suspended_at = 1 WHERE id = ?", id);
    expect(await create(stack, toForm({}, file()), key)).toEqual(refusal(403));
    expect(await query(stack, UNKNOWN, key)).toEqual(refusal(403));
  });

  test("a key for reading may query but not create, one for converting the other way round", async () => {
    const { id, key } = await stack.createAccount("unlimited");
    await run("UPDATE api_keys SET scopes = 'read' WHERE account_id = ?", id);
    expect(await create(stack, toForm({}, file()), key)).toEqual(refusal(403));
    expect(await query(stack, UNKNOWN, key)).toEqual(refusal(404));
    await run("UPDATE api_keys SET scopes = 'convert' WHERE account_id = ?", id);
    expect((await create(stack, toForm({}, file()), key)).http).toBe(200);
    expect(await query(stack, UNKNOWN, key)).toEqual(refusal(403));
  });
});

describe("a query", () => {
  test.each([UNKNOWN, "123", "job_00000000000000000000000000", "%20", "..%2f", "a".repeat(2000)])(
    "for the id %s is 404",
    async (id) => {
      expect(await query(stack, id)).toEqual(refusal(404));
    },
  );

  test("for the task of another account is what one for an unknown task is", async () => {
    const { data } = await create(stack, toForm({}, file()));
    const stranger = await stack.createAccount("unlimited");
    expect(await query(stack, data.task_id, stranger.key)).toEqual(
      await query(stack, UNKNOWN, stranger.key),
    );
    expect((await query(stack, data.task_id)).http).toBe(200);
  });

  test("for a job that another dialect made is 404, and so is a task in that dialect", async () => {
    const form = new FormData();
    form.append("request", '{"output_format":"png"}');
    form.append("files[]", new Blob([jpeg as Uint8Array<ArrayBuffer>]), "a.jpg");
    const response = await stack.authorized("/v1/convert", { method: "POST", body: form });
    const { id } = (await response.json()) as { id: string };
    expect(await query(stack, id)).toEqual(refusal(404));
    const { data } = await create(stack, toForm({}, file()));
    expect((await stack.authorized(`/v1/jobs/${data.task_id}`)).status).toBe(404);
  });

  test("for a task that has expired is 404", async () => {
    const { data } = await create(stack, toForm({ sync: 1 }, file()));
    await run("UPDATE jobs SET spec = json_set(spec, '$.expiresAt', 1) WHERE id = ?", data.task_id);
    expect(await query(stack, data.task_id)).toEqual(refusal(404));
  });
});

describe("a failed task", () => {
  /** By error code; all others are -1. */
  const STATES: Record<string, number> = {
    storage_unavailable: -2,
    url_not_allowed: -3,
    download_failed: -3,
    file_too_large: -5,
    too_many_pixels: -5,
    too_many_pages: -5,
    memory_limit: -5,
    empty_file: -7,
    unsupported_input_format: -7,
    unsupported_media_type: -7,
    invalid_image: -7,
    truncated_image: -7,
    unsupported_feature: -7,
    password_required: -7,
    wrong_password: -7,
    timed_out: -8,
  };

  test("has the state of its error, whichever that is, and says what happened", async () => {
    const { data } = await create(stack, toForm({ sync: 1 }, file()));
    for (const code of Object.keys(ERRORS)) {
      const error = {
        status: "failed",
        progress: 40,
        outputs: [],
        error: { code, message: "Why." },
      };
      await run(
        "UPDATE jobs SET state = json_patch(state, ?) WHERE id = ?",
        JSON.stringify(error),
        data.task_id,
      );
      const answer = await query(stack, data.task_id);
      expect({ code, ...answer }).toMatchObject({
        code,
        http: 200,
        message: "success",
        data: { state: STATES[code] ?? -1, state_detail: "Why.", progress: 40, image: "" },
      });
    }
  });

  test.each([
    ["text", () => Buffer.from("no picture at all"), -7],
    ["a broken JPEG", () => Buffer.concat([jpeg.subarray(0, 30), Buffer.alloc(500)]), -7],
    ["a JPEG without its end", () => jpeg.subarray(0, 200), -7],
    ["three bytes of a JPEG", () => jpeg.subarray(0, 3), -7],
    ["a PDF", () => Buffer.from("%PDF-1.7\n1 0 obj\n<< >>\nendobj\n"), -7],
  ])("of %s is 200 with its state", async (_, makeBytes, state) => {
    const upload = { bytes: makeBytes(), name: "a.jpg" };
    const { http, message, data } = await create(stack, toForm({ sync: 1 }, upload));
    expect({ http, message }).toEqual({ http: 200, message: "success" });
    expect(data).toMatchObject({ state, image: "", state_detail: expect.stringMatching(/\S/) });
    expect(data.progress).toBeLessThan(100);
    expect((await query(stack, data.task_id)).data).toEqual(data);
  });

  test("is one with a side of over 8000 pixels, in or out; 8000 × 8000 are taken", async () => {
    const draw = (width: number, height: number) =>
      drawScene(64, 64).resize(width, height, { fit: "fill" }).removeAlpha().jpeg().toBuffer();
    const wide = toForm({ sync: 1, width: 10 }, { bytes: await draw(8001, 8), name: "a.jpg" });
    expect((await create(stack, wide)).data.state).toBe(-5);
    const tall = toForm({ sync: 1, width: 8000 }, { bytes: await draw(8, 16), name: "a.jpg" });
    expect((await create(stack, tall)).data.state).toBe(-5);
    const most = toForm({ sync: 1 }, { bytes: await draw(8000, 8000), name: "a.jpg" });
    expect((await create(stack, most)).data.state).toBe(1);
  });
});

describe("creation", () => {
  const burst = (count: number, key?: string) =>
    Promise.all(Array.from({ length: count }, () => create(stack, "{}", key)));

  test("is limited to 2 a second on metered plans, key by key", async () => {
    for (const plan of ["free", "pro"]) {
      const { key } = await stack.createAccount(plan);
      const answers = await burst(12, key);
      const refused = answers.filter(({ http }) => http === 429);
      expect(answers.filter(({ http }) => http === 400).length).toBeGreaterThanOrEqual(2);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]).toEqual(refusal(429));
      const neighbour = await stack.createAccount(plan);
      expect((await create(stack, "{}", neighbour.key)).http).toBe(400);
      expect((await query(stack, UNKNOWN, key)).http).toBe(404);
    }
  });

  test("that is limited says so in headers", async () => {
    const { key } = await stack.createAccount("free");
    const post = () =>
      fetch(new URL(TASKS, stack.url), { method: "POST", headers: { "X-API-KEY": key } });
    expect((await post()).headers.get("RateLimit-Policy")).toBe('"picwish-create";q=2;w=1');
    const answers = await Promise.all(Array.from({ length: 12 }, post));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("Retry-After")).toBe("1");
  });

  test("is not limited on the unlimited plan", async () => {
    expect(new Set((await burst(30)).map(({ http }) => http))).toEqual(new Set([400]));
  });

  test("that a broken database prevents is 500, and leaves no file", async () => {
    const before = (await stack.env.FILES.list()).objects.length;
    await run("ALTER TABLE jobs RENAME TO jobs_away");
    try {
      expect(await create(stack, toForm({ sync: 1 }, file()))).toEqual(refusal(500));
      expect(await query(stack, UNKNOWN)).toEqual(refusal(500));
    } finally {
      await run("ALTER TABLE jobs_away RENAME TO jobs");
    }
    expect((await stack.env.FILES.list()).objects.length).toBe(before);
    expect((await create(stack, toForm({ sync: 1 }, file()))).data.state).toBe(1);
  });
});

describe("credits", () => {
  const today = () => Math.floor(Date.now() / 86_400_000);

  /** A free account that has used up the day's conversions. */
  async function createPaying(points: number): Promise<Account> {
    const account = await stack.createAccount("free");
    await run(
      "UPDATE accounts SET points = ?, daily_day = ?, daily_used = 5 WHERE id = ?",
      points,
      today(),
      account.id,
    );
    return account;
  }

  /** Another key of the account, since creation is limited key by key. */
  async function addKey({ id }: Account): Promise<string> {
    const key = randomUUID();
    await run(
      "INSERT INTO api_keys (id, account_id, name, prefix, hash, created_at) VALUES (?, ?, 'x', 'x', ?, 0)",
      randomUUID(),
      id,
      createHash("sha256").update(key).digest("hex"),
    );
    return key;
  }

  const pointsOf = ({ id }: Account) =>
    stack.env.DB.prepare("SELECT points FROM accounts WHERE id = ?").bind(id).first("points");

  test.each([
    ["1 up to 4096 pixels", { width: 4096, height: 8 }, 1],
    ["2 beyond", { width: 4097, height: 8 }, 2],
    ["2 where the height is the longer side", { width: 8, height: 5000 }, 2],
  ])("a task costs %s", async (_, size, cost) => {
    const account = await createPaying(10);
    const form = toForm({ sync: 1, format: "png", ...size }, file());
    expect((await create(stack, form, account.key)).data.state).toBe(1);
    expect(await pointsOf(account)).toBe(10 - cost);
  });

  test("a task that fails costs none", async () => {
    const account = await createPaying(1);
    const upload = { bytes: Buffer.from("no picture"), name: "a.jpg" };
    expect((await create(stack, toForm({ sync: 1 }, upload), account.key)).data.state).toBe(-7);
    expect(await pointsOf(account)).toBe(1);
  });

  test("without any left creation is 402, and leaves no file", async () => {
    const account = await createPaying(1);
    const before = (await stack.env.FILES.list()).objects.length;
    expect((await create(stack, toForm({ sync: 1 }, file()), account.key)).data.state).toBe(1);
    expect(await create(stack, toForm({}, file()), await addKey(account))).toEqual(refusal(402));
    // Input and output of the first.
    expect((await stack.env.FILES.list()).objects.length).toBe(before + 2);
    expect(await pointsOf(account)).toBe(0);
  });
});

test("HEAD of a task is answered", async () => {
  const { data } = await create(stack, toForm({ sync: 1, return_type: 2 }, file()));
  const init = { method: "HEAD", headers: { "X-API-KEY": stack.account.key } };
  const response = await fetch(new URL(`${TASKS}/${data.task_id}`, stack.url), init);
  expect([response.status, await response.text()]).toEqual([200, ""]);
  expect((await ask(stack, `${TASKS}/${data.task_id}`)).data).toEqual(data);
});
