/** How results are handed over: as signed URLs, or as base64. */
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import {
  compress,
  create,
  describe,
  download,
  drawScene,
  poll,
  query,
  TASKS,
  toForm,
  type Answer,
} from "./client.ts";

let stack: Stack;
let jpeg: Buffer;

beforeAll(async () => {
  stack = await startTestStack();
  jpeg = await drawScene(320, 200).removeAlpha().jpeg({ quality: 95 }).toBuffer();
});
afterAll(() => stack?.close());

const file = () => ({ bytes: jpeg, name: "photo.jpg" });

test("return_type 2 is the same file in base64, at creation and when queried", async () => {
  const linked = await download(await compress(stack, toForm({ sync: 1 }, file())));
  const data = await compress(stack, toForm({ sync: 1, return_type: 2 }, file()));
  expect(data.return_type).toBe(2);
  expect(data.image).toBe(linked.toString("base64"));
  expect((await query(stack, data.task_id)).data).toEqual(data);
});

test("a result of many megabytes arrives whole in base64, its length announced", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const bytes = await sharp({
    create: { width: 1300, height: 1300, channels: 3, background: "#888", noise },
  })
    .png()
    .toBuffer();
  const upload = { bytes, name: "noise.png" };
  const linked = await download(await compress(stack, toForm({ sync: 1 }, upload)));
  expect(linked.length).toBeGreaterThan(4_000_000);
  const response = await fetch(new URL(TASKS, stack.url), {
    method: "POST",
    headers: { "X-API-KEY": stack.account.key, "Accept-Encoding": "identity" },
    body: toForm({ sync: 1, return_type: 2 }, upload),
  });
  const text = await response.text();
  expect(response.headers.get("Content-Length")).toBe(String(Buffer.byteLength(text)));
  const { data } = JSON.parse(text) as Answer;
  expect(Buffer.from(data.image, "base64").equals(linked)).toBe(true);
});

test("an asynchronous task keeps its return_type", async () => {
  const { data } = await create(stack, toForm({ return_type: 2 }, file()));
  expect(data).toMatchObject({ return_type: 2, image: "" });
  const done = await poll(stack, data.task_id);
  expect(await describe(Buffer.from(done.data.image, "base64"))).toMatchObject({ width: 320 });
});

test("its URL needs no key, takes ranges and cannot be altered", async () => {
  const { image } = await compress(stack, toForm({ sync: 1 }, file()));
  const range = await fetch(image, { headers: { Range: "bytes=0-2" } });
  expect([range.status, Buffer.from(await range.arrayBuffer()).toString("hex")]).toEqual([
    206,
    "ffd8ff",
  ]);
  const other = await compress(stack, toForm({ sync: 1 }, file()));
  const altered = [
    image.replace(/signature=./, (text) => (text.endsWith("A") ? "signature=B" : "signature=A")),
    image.replace(/expires=\d+/, "expires=99999999999"),
    image.replace(new URL(image).pathname, new URL(other.image).pathname),
    image.split("?")[0] ?? "",
  ];
  for (const url of altered) expect((await fetch(url)).status).toBe(403);
});

test("it is valid for an hour", async () => {
  const { image, created_at } = await compress(stack, toForm({ sync: 1 }, file()));
  const expires = Number(new URL(image).searchParams.get("expires"));
  expect(expires - created_at).toBe(3600);
});
