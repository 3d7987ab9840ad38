/** Every row of the page's error table, and whatever else is refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MIB } from "../../../src/limits.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, get, post, readError, toDataUri, type PostOptions } from "./client.ts";

let stack: Stack;
let body: { image_url: string; target_format: string };
let png: Buffer;

beforeAll(async () => {
  stack = await startTestStack();
  png = await drawPicture("png");
  body = { image_url: toDataUri(png), target_format: "webp" };
});
afterAll(() => stack?.close());

const V1 = "/v1/image-converter";
const V2 = "/v2/image-converter";

/** A refusal has the status, a text and nothing else, and names the request. */
async function refuse(response: Response): Promise<{ status: number; error: string }> {
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  const { status, error, extra } = await readError(response);
  expect(extra).toEqual([]);
  expect(error).toMatch(/\S/);
  return { status, error };
}

/** The same from both versions; it leaves no file. */
async function refuseBoth(request: unknown, options: PostOptions = {}) {
  const listed = async () => (await stack.env.FILES.list()).objects.length;
  const before = await listed();
  const first = await refuse(await post(stack, request, { ...options, path: V1 }));
  expect(await refuse(await post(stack, request, { ...options, path: V2 }))).toEqual(first);
  expect(await listed()).toBe(before);
  return first;
}

describe("400 bad request", () => {
  test.each([
    ["no JSON", "hello", /JSON/],
    ["cut JSON", '{"image_url":"', /JSON/],
    ["an array", "[]", /object/],
    ["an empty body", "", /image_url|target_format/],
    ["no image_url", { target_format: "png" }, /image_url is required/],
    ["null", { image_url: null, target_format: "png" }, /image_url is required/],
    ["an empty image_url", { image_url: "", target_format: "png" }, /image_url is required/],
    ["a number", { image_url: 7, target_format: "png" }, /image_url must be a string/],
    ["a list", { image_url: ["x"], target_format: "png" }, /image_url must be a string/],
    ["a word that is no base64", { image_url: "a.jpg", target_format: "png" }, /base64/],
    ["cut base64", { image_url: "QUJDQ", target_format: "png" }, /base64/],
    ["base64 of a text", { image_url: "aGVsbG8gd29ybGQhISEhISEh", target_format: "png" }, /format/],
    [
      "a data URI of nothing",
      { image_url: "data:image/png;base64,", target_format: "png" },
      /empty/,
    ],
    ["a data URI of text", { image_url: "data:,hello", target_format: "png" }, /base64/],
    ["another scheme", { image_url: "ftp://example.com/a.png", target_format: "png" }, /http/],
    ["a private address", { image_url: "http://127.0.0.1/a.png", target_format: "png" }, /public/],
  ])("%s", async (_, request, text) => {
    const { status, error } = await refuseBoth(request);
    expect(status).toBe(400);
    expect(error).toMatch(text);
  });

  test.each([undefined, null, "", 7, "ico", "heic", "svg", "mp4", "p n g"])(
    "target_format %j",
    async (target_format) => {
      const { status, error } = await refuseBoth({ ...body, target_format });
      expect(status).toBe(400);
      expect(error).toMatch(/target_format/);
    },
  );

  test("a long image_url is refused as a short one is", async () => {
    const text = Buffer.alloc(30_000, "not an image").toString("base64");
    for (const image_url of [text, `${text.slice(0, 20_000)}!`, `http://a.example/${text}`]) {
      for (const request of [
        { image_url, target_format: "png" },
        { target_format: "png", image_url },
      ]) {
        expect(await refuseBoth(request)).toMatchObject({ status: 400 });
      }
    }
    const late = { image_url: toDataUri(Buffer.concat([png, Buffer.alloc(20_000)])) };
    expect(await refuseBoth({ ...late, target_format: "mp4" })).toMatchObject({ status: 400 });
  });

  test("an image over 20 MiB, and a body over 30", async () => {
    const image_url = toDataUri(Buffer.concat([png, Buffer.alloc(20 * MIB)]));
    expect(await refuseBoth({ image_url, target_format: "webp" })).toEqual({
      status: 400,
      error: "A file may have 20 MiB at most.",
    });
    expect(await refuseBoth({ ...body, prompt: "x".repeat(30 * MIB) })).toEqual({
      status: 400,
      error: "The request's body is too long.",
    });
  });

  test.each([
    ["cut off", () => png.subarray(0, 60)],
    ["broken behind its magic", () => Buffer.concat([png.subarray(0, 16), Buffer.alloc(500, 9)])],
  ])("v1: an image that is %s, never 5xx", async (_, make) => {
    const image_url = toDataUri(make());
    const response = await post(stack, { image_url, target_format: "webp" });
    expect(await refuse(response)).toMatchObject({ status: 400 });
  });
});

describe("401 unauthorized", () => {
  const ask = (path: string, headers: Record<string, string>) => {
    const isGet = path.includes("requests");
    const init = isGet ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    const url = new URL(path, stack.url);
    return fetch(url, {
      ...init,
      headers: { ...headers, ...(!isGet && { "Content-Type": "application/json" }) },
    });
  };
  const PATHS = [V1, V2, "/v2/requests/x/status", "/v2/requests/x", "/v1/requests/x"];

  test.each(PATHS)("without a key: %s", async (path) => {
    expect(await refuse(await ask(path, {}))).toEqual({
      status: 401,
      error: "Missing Authorization or x-api-key in header",
    });
  });

  test.each(PATHS)("with an unknown one, in either header: %s", async (path) => {
    const spellings: Record<string, string>[] = [
      { "x-api-key": "nobody" },
      { Authorization: "Bearer nobody" },
    ];
    for (const headers of spellings) {
      const { status, error } = await refuse(await ask(path, headers));
      expect(status).toBe(401);
      expect(error).toMatch(/^Unauthorized\. API key is invalid/);
    }
  });
});

describe("403 forbidden", () => {
  test("a suspended account", async () => {
    const { id, key } = await stack.createAccount("unlimited");
    await stack.env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE id = ?").bind(id).run();
    expect(await refuseBoth(body, { key })).toMatchObject({ status: 403 });
    expect(await refuse(await get(stack, "/v2/requests/x", key))).toMatchObject({ status: 403 });
  });

  test("a key whose scopes exclude the call", async () => {
    const { id, key } = await stack.createAccount("unlimited");
    await stack.env.DB.prepare("UPDATE api_keys SET scopes = 'read' WHERE account_id = ?")
      .bind(id)
      .run();
    expect(await refuseBoth(body, { key })).toMatchObject({ status: 403 });
    expect(await refuse(await get(stack, "/v2/requests/x", key))).toMatchObject({ status: 404 });
  });
});

describe("404 not found", () => {
  test.each(["/v1/image-convertor", "/v1/sdxl1.0-txt2img", "/v2/sdxl", "/v2/requests/x/status/y"])(
    "POST %s: no such model",
    async (path) => {
      expect(await refuse(await post(stack, body, { path }))).toMatchObject({ status: 404 });
    },
  );

  test.each(["/v2", "/v2/", "/v2/models", "/v1/requests", "/v2/requests"])(
    "GET %s",
    async (path) => {
      expect(await refuse(await get(stack, path))).toMatchObject({ status: 404 });
    },
  );

  test.each(["pipeline", "transform", "ocr", "optimize", "filter", "document", "jobs", "account"])(
    "POST /v1/%s is not Segmind's to answer",
    async (slug) => {
      const response = await post(stack, body, { path: `/v1/${slug}` });
      expect(await response.json()).not.toEqual({ error: expect.anything() });
    },
  );
});

test.each([V1, V2])("GET %s is 405 with Allow", async (path) => {
  const response = await get(stack, path);
  expect(response.headers.get("Allow")).toBe("POST, OPTIONS");
  expect(await refuse(response)).toMatchObject({ status: 405 });
});

describe("406", () => {
  test("no credits, in words that have credits in them", async () => {
    const { id, key } = await stack.createAccount("free");
    const today = Math.floor(Date.now() / 86_400_000);
    await stack.env.DB.prepare("UPDATE accounts SET daily_day = ?, daily_used = 5 WHERE id = ?")
      .bind(today, id)
      .run();
    const { status, error } = await refuseBoth(body, { key });
    expect(status).toBe(406);
    expect(error).toMatch(/credits/);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "Content-Type %s, in words that have none",
    async (type) => {
      const { status, error } = await refuseBoth(body, { headers: { "Content-Type": type } });
      expect(status).toBe(406);
      expect(error).toMatch(/Content-Type/);
      expect(error).not.toMatch(/credit/i);
    },
  );
});

test("429 rate limited, with the time from which the next request is taken", async () => {
  const { key } = await stack.createAccount("free");
  const path = "/v2/requests/x/status";
  const answers = await Promise.all(Array.from({ length: 80 }, () => get(stack, path, key)));
  const refused = answers.find(({ status }) => status === 429) as Response;
  const resetAt = refused.headers.get("x-rate-limit-reset-at-utc") ?? "";
  expect(resetAt).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/);
  expect(Math.abs(Date.parse(resetAt) - Date.now())).toBeLessThan(30_000);
  expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  expect(await refuse(refused)).toMatchObject({ status: 429 });
});

describe("faults", () => {
  /** Runs while a table is away. */
  async function without<T>(table: string, action: () => Promise<T>): Promise<T> {
    await stack.env.DB.prepare(`ALTER TABLE ${table} RENAME TO away`).run();
    try {
      return await action();
    } finally {
      await stack.env.DB.prepare(`ALTER TABLE away RENAME TO ${table}`).run();
    }
  }

  test("500: one that nobody foresaw; it tells nothing of what it was", async () => {
    const { status, error } = await without("api_keys", () => refuseBoth(body));
    expect(status).toBe(500);
    expect(error).not.toMatch(/table|SQL|D1/i);
  });

  test("502: a store that is away", async () => {
    const { status, error } = await without("jobs", () => refuseBoth(body));
    expect(status).toBe(502);
    expect(error).not.toMatch(/table|SQL|D1/i);
    const ask = () => get(stack, "/v2/requests/x/status");
    expect(await refuse(await without("jobs", ask))).toMatchObject({ status: 502 });
  });
});
