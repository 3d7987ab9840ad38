/** `input_url`: the job fetches its file by itself, from where it may. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRemoteServer, type RemoteServer } from "../../support/remote-server.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, readRefusal, toForm, type JobBody } from "./client.ts";

let remote: RemoteServer;
/** One that may fetch from this machine, and one that may not. */
let open: Stack;
let guarded: Stack;

beforeAll(async () => {
  remote = await startRemoteServer({
    "photo.png": await drawPicture("png"),
    "page.html": new TextEncoder().encode("<!doctype html><title>Not a picture</title>"),
  });
  open = await startTestStack({ ALLOW_PRIVATE_URLS: "1" });
  guarded = await startTestStack();
});
afterAll(() => Promise.all([remote.close(), open.close(), guarded.close()]));

function post(stack: Stack, request: object, key = stack.account.key): Promise<Response> {
  const headers = { "Content-Type": "application/json", Prefer: "wait=40" };
  const init = { method: "POST", headers, body: JSON.stringify(request) };
  return stack.authorized("/v1/convert", init, key);
}

const toJpg = (path: string) => ({ input_url: `${remote.url}${path}`, output_format: "jpg" });

/** The error that the job ends with. */
async function failure(path: string): Promise<string | undefined> {
  const job = (await (await post(open, toJpg(path))).json()) as JobBody;
  expect(job).toMatchObject({ status: "failed", outputs: [] });
  return job.error?.code;
}

describe("a job with an input_url", () => {
  test("fetches the picture, converts it and names the output after it", async () => {
    const response = await post(open, toJpg("/files/photo.png"));
    expect(response.status).toBe(200);
    const job = (await response.json()) as JobBody;
    expect(job).toMatchObject({
      status: "succeeded",
      inputs: [{ filename: "photo.png", format: "png", mime_type: "image/png" }],
      outputs: [{ filename: "photo.jpg" }],
    });
    const file = await open.authorized(job.download_url ?? "");
    const { format, width, height } = await sharp(await file.arrayBuffer()).metadata();
    expect({ format, width, height }).toEqual({ format: "jpeg", width: 64, height: 48 });
  });

  test("takes the request from a multipart part, too", async () => {
    const init = { method: "POST", body: toForm([], toJpg("/files/photo.png")) };
    const response = await open.authorized("/v1/convert", {
      ...init,
      headers: { Prefer: "wait=40" },
    });
    expect(await response.json()).toMatchObject({ status: "succeeded" });
  });

  test.each([
    ["/status?code=404", "download_failed"],
    ["/status?code=500", "download_failed"],
    ["/hops?left=6", "download_failed"],
    ["/redirect?to=file:///etc/passwd", "url_not_allowed"],
    ["/files/page.html", "unsupported_input_format"],
    ["/file.bin?size=0", "empty_file"],
  ])("to %s fails with %s", async (path, code) => {
    expect(await failure(path)).toBe(code);
  });

  test("stops fetching at the plan's size, announced or not", async () => {
    const account = await open.createAccount("free");
    for (const path of ["/endless", `/file.bin?size=${20 * 1024 * 1024 + 1}`]) {
      const response = await post(open, toJpg(path), account.key);
      expect(await response.json()).toMatchObject({
        status: "failed",
        error: { code: "file_too_large" },
      });
    }
  });

  test("gives back what was held for it when the fetch fails", async () => {
    const account = await open.createAccount("free");
    await post(open, toJpg("/status?code=404"), account.key);
    const used = open.env.DB.prepare("SELECT daily_used FROM accounts WHERE id = ?");
    expect(await used.bind(account.id).first("daily_used")).toBe(0);
  });
});

describe("a URL that may not be fetched is refused at once", () => {
  test.each(["http://127.0.0.1/a.png", "http://10.0.0.1/a.png", "ftp://example.com/a.png", "x"])(
    "%s",
    async (input_url) => {
      const refusal = await readRefusal(await post(guarded, { input_url, output_format: "jpg" }));
      expect(refusal).toMatchObject({ status: 422, code: "url_not_allowed" });
    },
  );

  test("and so are files beside a URL", async () => {
    const form = toForm(
      [{ name: "a.png", bytes: await drawPicture("png") }],
      toJpg("/files/photo.png"),
    );
    const response = await open.authorized("/v1/convert", { method: "POST", body: form });
    expect(await readRefusal(response)).toMatchObject({ status: 422, code: "invalid_parameter" });
  });
});
