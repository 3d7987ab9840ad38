/** What is refused. No lane runs, so that accepted tasks stay queued. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MIB } from "../../../src/limits.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { ask, create, drawScene, query, TASKS, toForm, type Answer, type Body } from "./client.ts";

let stack: Stack;
let jpeg: Buffer;
let png: Buffer;
/** Begun first, since it takes half a minute. */
let waitedInVain: Promise<Answer>;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  jpeg = await drawScene(64, 48).removeAlpha().jpeg().toBuffer();
  png = await drawScene(64, 48).png().toBuffer();
  waitedInVain = create(stack, toForm({ sync: 1 }, file()));
});
afterAll(() => stack?.close());

const file = () => ({ bytes: jpeg, name: "photo.jpg" });
const URL_FIELD = { image_url: "https://example.com/a.jpg" };

async function refuse(answer: Promise<Answer>, http: number): Promise<string> {
  const { message, ...rest } = await answer;
  expect(rest).toEqual({ http, status: http, data: {} });
  expect(message).toMatch(/\S/);
  return message;
}

const listFiles = async (): Promise<string[]> =>
  (await stack.env.FILES.list()).objects.map(({ key }) => key);

describe("exactly one image", () => {
  test.each([
    ["none in multipart", () => toForm({ sync: 1 })],
    ["none in a form", () => new URLSearchParams({ sync: "1" })],
    ["none in JSON", () => "{}"],
    ["an empty image_url", () => toForm({ image_url: " " })],
    ["a null image_url", () => '{"image_url":null}'],
    ["an empty file", () => toForm({}, { bytes: new Uint8Array(), name: "a.jpg" })],
    ["an empty file without a name", () => toForm({}, { bytes: new Uint8Array() })],
    ["a file and a URL", () => toForm(URL_FIELD, file())],
    ["a URL and a file", () => toForm(URL_FIELD, file(), 0)],
  ] satisfies [string, () => Body][])("%s is 400", async (_, body) => {
    const message = await refuse(create(stack, body()), 400);
    expect(message).toMatch(/image_file.*image_url/);
  });

  test("no body at all is 400", async () => {
    await refuse(ask(stack, TASKS, { method: "POST" }), 400);
  });

  test("two files are 400", async () => {
    const form = toForm({}, file());
    form.append("image_file", new Blob([png as Uint8Array<ArrayBuffer>]), "b.png");
    await refuse(create(stack, form), 400);
  });

  test("an empty image_url beside a file, and an empty file beside a URL, are absent", async () => {
    expect((await create(stack, toForm({ image_url: "" }, file()))).http).toBe(200);
    const form = toForm(URL_FIELD, { bytes: new Uint8Array(), name: "" });
    expect((await create(stack, form)).http).toBe(200);
  });

  test.each(["a.jpg", "ftp://example.com/a.jpg", "file:///etc/passwd", "http://", "//a.example/b"])(
    "the image_url %s is 400",
    async (image_url) => {
      expect(await refuse(create(stack, toForm({ image_url })), 400)).toMatch(/image_url/);
    },
  );

  test("an image_file that is text in a form or JSON is 400", async () => {
    await refuse(create(stack, new URLSearchParams({ image_file: "photo.jpg" })), 400);
    await refuse(create(stack, '{"image_file":"/9j/4AAQ"}'), 400);
  });
});

describe("fields", () => {
  test.each([
    ["quality", "0"],
    ["quality", "101"],
    ["quality", "-1"],
    ["quality", "7.5"],
    ["quality", "high"],
    ["quality", "1e1"],
    ["kbyte", "51201"],
    ["kbyte", "-1"],
    ["kbyte", "100KB"],
    ["width", "8001"],
    ["width", "-8"],
    ["width", "wide"],
    ["height", "8001"],
    ["height", "10px"],
    ["height", "99999999999999999999"],
    ["sync", "2"],
    ["sync", "yes"],
    ["return_type", "3"],
    ["return_type", "0"],
    ["return_type", "url"],
    ["format", "gif"],
    ["format", "avif"],
    ["format", "tiff"],
    ["format", "toString"],
    ["format", "image/png"],
  ])("%s %s is 400 and names the field, in every kind of body", async (name, value) => {
    const fields = { ...URL_FIELD, [name]: value };
    const bodies: Body[] = [
      toForm({ [name]: value }, file()),
      toForm({ [name]: value }, file(), 0),
      new URLSearchParams(fields),
      JSON.stringify(fields),
    ];
    for (const body of bodies) {
      expect(await refuse(create(stack, body), 400)).toContain(`\`${name}\``);
    }
  });

  test.each([
    ["quality", true],
    ["width", [100]],
    ["format", {}],
    ["kbyte", 1.5],
  ])("%s %j in JSON is 400", async (name, value) => {
    const body = JSON.stringify({ ...URL_FIELD, [name]: value });
    expect(await refuse(create(stack, body), 400)).toContain(`\`${name}\``);
  });

  test("JSON takes numbers, text and null", async () => {
    const fields = { quality: 50, width: "20", height: null, sync: 0, format: "png", more: [1] };
    const { http, data } = await create(stack, JSON.stringify({ ...URL_FIELD, ...fields }));
    expect({ http, state: data.state }).toEqual({ http: 200, state: 2 });
  });

  test("the ends of all ranges are taken", async () => {
    const low = { quality: 1, width: 1, height: 1, return_type: 1 };
    const high = { kbyte: 51_200, width: 8000, height: 8000, return_type: 2, format: "webp" };
    for (const fields of [low, high]) {
      expect((await create(stack, toForm(fields, file()))).http).toBe(200);
    }
  });

  test("quality with kbyte is 400; with a kbyte of 0 it is not", async () => {
    await refuse(create(stack, toForm({ quality: 80, kbyte: 100 }, file())), 400);
    expect((await create(stack, toForm({ quality: 80, kbyte: 0 }, file()))).http).toBe(200);
  });

  test("kbyte with PNG output is 400, also where the output is PNG because the file is", async () => {
    await refuse(create(stack, toForm({ kbyte: 100, format: "png" }, file())), 400);
    const upload = { bytes: png, name: "a.png" };
    await refuse(create(stack, toForm({ kbyte: 100 }, upload)), 400);
    expect((await create(stack, toForm({ kbyte: 100, format: "jpg" }, upload))).http).toBe(200);
    expect((await create(stack, toForm({ kbyte: 0 }, upload))).http).toBe(200);
  });
});

describe("bodies", () => {
  test.each([
    ["JSON that breaks off", "application/json", '{"image_url":'],
    ["JSON that is no object", "application/json", '["a"]'],
    ["JSON text", "application/json", '"https://example.com/a.jpg"'],
    ["JSON that is no UTF-8", "application/json", '{"image_url":"\xff"}'],
    ["multipart without a boundary", "multipart/form-data", "x"],
    [
      "multipart that breaks off",
      "multipart/form-data; boundary=b",
      '--b\r\nContent-Disposition: form-data; name="image_file"; filename="a.jpg"\r\n\r\n\xff\xd8\xff1234567890',
    ],
    ["multipart that has nothing", "multipart/form-data; boundary=b", "nothing"],
    ["plain text", "text/plain", "image_url=https://example.com/a.jpg"],
    ["a raw image", "image/jpeg", "\xff\xd8\xff\xe0"],
    ["a form that is too long", "application/x-www-form-urlencoded", `a=${"x".repeat(70_000)}`],
  ])("%s is 400", async (_, type, text) => {
    const init = {
      method: "POST",
      headers: { "Content-Type": type },
      body: Buffer.from(text, "latin1"),
    };
    await refuse(ask(stack, TASKS, init), 400);
  });

  test("a field of multipart that is too long is 400", async () => {
    await refuse(create(stack, toForm({ image_url: `https://a/${"x".repeat(70_000)}` })), 400);
  });

  test("20 MiB are taken, one byte more is 413", async () => {
    const large = Buffer.alloc(20 * MIB + 1);
    jpeg.copy(large);
    const most = { bytes: large.subarray(0, -1), name: "a.jpg" };
    expect((await create(stack, toForm({}, most))).http).toBe(200);
    await refuse(create(stack, toForm({}, { bytes: large, name: "a.jpg" })), 413);
  });

  test("what is refused leaves no files", async () => {
    const before = await listFiles();
    const large = Buffer.alloc(7 * MIB);
    jpeg.copy(large);
    const upload = { bytes: large, name: "a.jpg" };
    await refuse(create(stack, toForm({ quality: 0 }, upload)), 400);
    await refuse(create(stack, toForm(URL_FIELD, upload, 0)), 400);
    expect(await listFiles()).toEqual(before);
  });
});

describe("paths", () => {
  test.each([
    ["POST", `${TASKS}/`, 404],
    ["GET", "/api/tasks/visual/segmentation", 404],
    ["GET", "/api", 404],
    ["GET", TASKS, 405],
    ["DELETE", `${TASKS}/0190b5c6-0000-4000-8000-000000000000`, 405],
  ])("%s %s is %i in the same envelope", async (method, path, http) => {
    await refuse(ask(stack, path, { method }), http);
  });
});

test("a task that is not done in 30 seconds is -8 for the one who waits, and goes on", async () => {
  const { http, message, data } = await waitedInVain;
  expect({ http, message }).toEqual({ http: 200, message: "success" });
  expect(data).toMatchObject({ state: -8, progress: 0, completed_at: 0, image: "" });
  expect(data.state_detail).toContain("30 seconds");
  expect((await query(stack, data.task_id)).data.state).toBe(0);
});
