/** Tasks whose image a URL names. */
import sharp from "sharp";
import { afterAll, beforeAll, describe as group, expect, test } from "vitest";
import { MIB } from "../../../src/limits.ts";
import { startRemoteServer, type RemoteServer } from "../../support/remote-server.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { ask, compress, create, describe, download, query, TASKS, toForm } from "./client.ts";

let remote: RemoteServer;
/** May fetch from this machine. */
let open: Stack;
/** May not, as deployed. Its names come from the remote server. */
let guarded: Stack;

/** The internet of this test: requests to example.com reach the remote server. */
const fetchOut = globalThis.fetch;
globalThis.fetch = (input, init) =>
  fetchOut(
    typeof input === "string" ? input.replace(/^http:\/\/example\.com/, remote.url) : input,
    init,
  );

beforeAll(async () => {
  const picture = sharp({ create: { width: 80, height: 40, channels: 3, background: "#c33" } });
  remote = await startRemoteServer({
    "photo.jpg": await picture.jpeg().toBuffer(),
    "wide.jpg": await picture.resize(8001, 4).jpeg().toBuffer(),
    "page.html": new TextEncoder().encode("<!doctype html><title>Not a picture</title>"),
  });
  open = await startTestStack({ ALLOW_PRIVATE_URLS: "1" });
  guarded = await startTestStack({ DOH_URL: `${remote.url}/dns-query` });
});
afterAll(async () => {
  globalThis.fetch = fetchOut;
  await Promise.all([remote.close(), open.close(), guarded.close()]);
});

const photo = () => `${remote.url}/files/photo.jpg`;

group("an image_url", () => {
  test("is taken from multipart, forms and JSON, with numbers as text or numbers", async () => {
    const fields = { image_url: photo(), sync: "1", width: "40", format: "png" };
    const bodies = [
      toForm(fields),
      new URLSearchParams(fields),
      JSON.stringify(fields),
      JSON.stringify({ ...fields, sync: 1, width: 40 }),
    ];
    for (const body of bodies) {
      const task = await compress(open, body);
      expect(new URL(task.image).pathname).toMatch(/\/photo\.png$/);
      expect(await describe(await download(task))).toEqual({
        format: "png",
        width: 40,
        height: 20,
      });
    }
  });

  test("is taken from JSON and forms that say nothing of what they are", async () => {
    const fields = { image_url: photo(), sync: "1" };
    for (const text of [JSON.stringify(fields), new URLSearchParams(fields).toString()]) {
      const { data } = await ask(open, TASKS, { method: "POST", body: Buffer.from(text) });
      expect(data.state).toBe(1);
    }
  });

  test("may hold a query", async () => {
    const image_url = `${photo()}?size=1&x=%20b`;
    await compress(open, new URLSearchParams({ image_url, sync: "1" }));
  });

  test("is fetched after the answer: the task is preparing meanwhile", async () => {
    const { data } = await create(open, toForm({ image_url: `${remote.url}/silent?id=prepare` }));
    expect(data).toMatchObject({ state: 2, state_detail: "Preparing", progress: 0 });
    expect((await query(open, data.task_id)).data.state).toBe(2);
  });

  test.each([
    ["answers 404", "/status?code=404", -3],
    ["answers 500", "/status?code=500", -3],
    ["redirects for ever", "/hops?left=9", -3],
    ["redirects to a file", "/redirect?to=file:///etc/passwd", -3],
    ["never ends", "/endless", -5],
    ["is larger than 20 MiB", `/file.bin?size=${20 * MIB + 1}`, -5],
    ["is wider than 8000 pixels", "/files/wide.jpg", -5],
    ["answers HTML", "/files/page.html", -7],
    ["is empty", "/file.bin?size=0", -7],
  ])("that %s fails with its state", async (_, path, state) => {
    const answer = await create(open, toForm({ image_url: `${remote.url}${path}`, sync: 1 }));
    expect(answer).toMatchObject({ http: 200, message: "success", data: { state, image: "" } });
    expect((await query(open, answer.data.task_id)).data).toEqual(answer.data);
  });

  test("where nobody listens, or that has no host, is -3", async () => {
    for (const image_url of ["http://127.0.0.1:1/a.jpg", "http://missing.invalid/a.jpg"]) {
      const { data } = await create(open, toForm({ image_url, sync: 1 }));
      expect(data.state).toBe(-3);
    }
  });
});

group("where private addresses are guarded", () => {
  test("a public URL is fetched", async () => {
    const task = await compress(
      guarded,
      toForm({ image_url: "http://example.com/files/photo.jpg", sync: 1 }),
    );
    expect(await describe(await download(task))).toMatchObject({ width: 80 });
  });

  test.each([
    "http://127.0.0.1/a.jpg",
    "http://localhost/a.jpg",
    "http://[::1]/a.jpg",
    "http://10.0.0.1/a.jpg",
    "http://169.254.169.254/latest/meta-data",
    "http://2130706433/a.jpg",
    "http://example.com:8080/a.jpg",
    "http://missing.example.com/a.jpg",
    "http://user:pass@example.com/a.jpg",
  ])("%s is -3", async (image_url) => {
    const { http, data } = await create(guarded, toForm({ image_url, sync: 1 }));
    expect({ http, state: data.state }).toEqual({ http: 200, state: -3 });
  });

  test("a public URL that redirects to this machine is -3", async () => {
    const to = encodeURIComponent(photo());
    const image_url = `http://example.com/redirect?to=${to}`;
    const { data } = await create(guarded, toForm({ image_url, sync: 1 }));
    expect(data.state).toBe(-3);
  });
});
