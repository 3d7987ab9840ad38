/** image_url as a URL, from a server that behaves as badly as the internet does. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRemoteServer, type RemoteServer } from "../../support/remote-server.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, get, poll, post, readError, submit } from "./client.ts";

let remote: RemoteServer;
let stack: Stack;

beforeAll(async () => {
  remote = await startRemoteServer({
    "photo.png": await drawPicture("png"),
    "page.html": new TextEncoder().encode("<!doctype html><title>Not a picture</title>"),
  });
  stack = await startTestStack({ ALLOW_PRIVATE_URLS: "1" });
});
afterAll(() => Promise.all([remote?.close(), stack?.close()]));

const toWebp = (path: string) => ({ image_url: `${remote.url}${path}`, target_format: "webp" });

test("v1 fetches the image and answers with the converted one", async () => {
  const response = await post(stack, toWebp("/files/photo.png"));
  expect(response.status).toBe(200);
  expect(Number(response.headers.get("x-generation-time"))).toBeGreaterThan(0);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(await sharp(bytes).metadata()).toMatchObject({ format: "webp", width: 64, height: 48 });
});

test("v2 names the result after the URL's file", async () => {
  const submitted = await submit(stack, toWebp("/files/photo.png"));
  expect((await poll(stack, submitted)).status).toBe(200);
  const result = await (await get(stack, submitted.response_url)).json();
  expect(result).toMatchObject({ images: [{ file_name: "photo.webp" }] });
});

describe.each([
  ["that answers HTML", "/files/page.html"],
  ["that is dead", "/status?code=404"],
  ["whose server fails", "/status?code=500"],
  ["that never ends", "/endless"],
  ["that is empty", "/file.bin?size=0"],
  ["that redirects to a file: URL", "/redirect?to=file:///etc/passwd"],
  ["that redirects for ever", "/hops?left=50"],
])("a URL %s", (_, path) => {
  test("is 400 in v1", async () => {
    const error = await readError(await post(stack, toWebp(path)));
    expect(error).toMatchObject({ status: 400, extra: [] });
  });

  test("is a FAILED request in v2", async () => {
    const submitted = await submit(stack, toWebp(path));
    const response = await poll(stack, submitted);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ status: "FAILED", error: expect.any(String) });
  });
});

test("a port where nobody listens is a dead URL", async () => {
  const gone = await startRemoteServer();
  await gone.close();
  const body = { image_url: `${gone.url}/a.png`, target_format: "webp" };
  expect(await readError(await post(stack, body))).toMatchObject({ status: 400 });
});
