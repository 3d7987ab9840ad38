import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MIB } from "../../../src/limits.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, readRefusal, submit, toForm } from "./client.ts";

let stack: Stack;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

const JPG = { output: { output_format: "jpg" } };
const file = () => [{ name: "a.png", bytes: png }];

/** What is in the file store. */
async function listObjects(): Promise<string[]> {
  const { objects } = await stack.env.FILES.list();
  return objects.map(({ key }) => key);
}

async function refuse(response: Promise<Response>) {
  const { status, code, contentType, body } = await readRefusal(await response);
  expect(contentType).toBe("application/problem+json");
  expect(body).toMatchObject({
    status,
    code,
    type: expect.stringMatching(/\S/),
    title: expect.stringMatching(/\S/),
    detail: expect.stringMatching(/\S/),
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  return { status, code };
}

describe("files", () => {
  test("no file is 400 missing_file", async () => {
    expect(await refuse(submit(stack, toForm([], JPG)))).toEqual({
      status: 400,
      code: "missing_file",
    });
  });

  test("no body at all is 400 missing_file", async () => {
    expect(await refuse(stack.authorized("/v1/convert", { method: "POST" }))).toEqual({
      status: 400,
      code: "missing_file",
    });
  });

  test("a JSON body without input_url has no file: 400 missing_file", async () => {
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(JPG),
    };
    expect(await refuse(stack.authorized("/v1/convert", init))).toEqual({
      status: 400,
      code: "missing_file",
    });
  });

  test("an empty file is 400 empty_file", async () => {
    const form = toForm([{ name: "a.png", bytes: new Uint8Array() }], JPG);
    expect(await refuse(submit(stack, form))).toEqual({ status: 400, code: "empty_file" });
  });

  test("100 files are taken, 101 are 400 too_many_files", async () => {
    const files = Array.from({ length: 100 }, (_, index) => ({ name: `${index}.png`, bytes: png }));
    expect((await submit(stack, toForm(files, JPG))).status).toBe(202);
    const form = toForm([...files, ...file()], JPG);
    expect(await refuse(submit(stack, form))).toEqual({ status: 400, code: "too_many_files" });
  });

  test("a wrong magic is 415 unsupported_input_format, whatever the name says", async () => {
    const form = toForm([{ name: "a.png", bytes: Buffer.from("<html>not a picture</html>") }], JPG);
    expect(await refuse(submit(stack, form))).toEqual({
      status: 415,
      code: "unsupported_input_format",
    });
  });

  test("a file shorter than any magic is 415", async () => {
    const form = toForm([{ name: "a.png", bytes: Buffer.from("\x89P", "latin1") }], JPG);
    expect(await refuse(submit(stack, form))).toEqual({
      status: 415,
      code: "unsupported_input_format",
    });
  });

  test("20 MiB pass on the free plan, one byte more is 413 file_too_large", async () => {
    const { key } = await stack.createAccount("free");
    const large = new Uint8Array(20 * MIB + 1);
    large.set(png);
    const whole = toForm([{ name: "a.png", bytes: large.subarray(0, 20 * MIB) }], JPG);
    expect((await submit(stack, whole, {}, key)).status).toBe(202);
    const over = toForm([{ name: "a.png", bytes: large }], JPG);
    expect(await refuse(submit(stack, over, {}, key))).toEqual({
      status: 413,
      code: "file_too_large",
    });
  });

  test("a refused request leaves no files, those before the bad one included", async () => {
    const before = await listObjects();
    const bytes = new Uint8Array(6 * MIB);
    bytes.set(png);
    const files = [
      { name: "a.png", bytes },
      ...file(),
      { name: "b.png", bytes: new Uint8Array(3) },
    ];
    expect(await refuse(submit(stack, toForm(files, JPG)))).toMatchObject({ status: 415 });
    expect(await refuse(submit(stack, toForm(file(), "{")))).toMatchObject({ status: 400 });
    expect(await listObjects()).toEqual(before);
  });

  test("a refusal reaches a client that still has 90 MB to send", async () => {
    const form = toForm([{ name: "a.txt", bytes: Buffer.alloc(90_000_000, "text") }], JPG);
    expect(await refuse(submit(stack, form))).toMatchObject({ status: 415 });
    const again = toForm([{ name: "a.txt", bytes: Buffer.alloc(90_000_000, "text") }], JPG);
    expect(await refuse(submit(stack, again, {}, "no such key"))).toMatchObject({ status: 401 });
  });
});

describe("the body", () => {
  test.each([
    ["malformed JSON", "{oops"],
    ["JSON that is no object", "[1]"],
    ["JSON text", '"jpg"'],
  ])("%s is 400 malformed_request", async (_, request) => {
    expect(await refuse(submit(stack, toForm(file(), request)))).toEqual({
      status: 400,
      code: "malformed_request",
    });
  });

  test.each([
    ["without a boundary", "multipart/form-data", "x"],
    [
      "that breaks off",
      "multipart/form-data; boundary=b",
      '--b\r\nContent-Disposition: form-data; name="files[]"; filename="a.png"\r\n\r\n\x89PNG\r\n\x1a\n1234567890',
    ],
    ["that has nothing", "multipart/form-data; boundary=b", "nothing"],
  ])("multipart %s is 400 malformed_request", async (_, type, body) => {
    const init = {
      method: "POST",
      headers: { "Content-Type": type },
      body: Buffer.from(body, "latin1"),
    };
    expect(await refuse(stack.authorized("/v1/convert", init))).toEqual({
      status: 400,
      code: "malformed_request",
    });
  });
});

describe("members", () => {
  test.each([
    ["quality 0", { output: { output_format: "jpg", quality: 0 } }, "#/output/quality"],
    ["quality 101", { output: { output_format: "jpg", quality: 101 } }, "#/output/quality"],
    ["quality 1.5", { output: { output_format: "jpg", quality: 1.5 } }, "#/output/quality"],
    ['quality "high"', { output: { output_format: "jpg", quality: "high" } }, "#/output/quality"],
    ["width 0", { output: { output_format: "jpg", width: 0 } }, "#/output/width"],
    ["height 16385", { output: { output_format: "jpg", height: 16_385 } }, "#/output/height"],
    ["an unknown fit", { output: { output_format: "jpg", fit: "squeeze" } }, "#/output/fit"],
    ["an unknown gravity", { output: { output_format: "jpg", gravity: "up" } }, "#/output/gravity"],
    [
      "a background of no form",
      { output: { output_format: "jpg", background: "#12345" } },
      "#/output/background",
    ],
    ["lossless JPEG", { output: { output_format: "jpg", lossless: true } }, "#/output"],
    ["colors 1", { output: { output_format: "png", colors: 1 } }, "#/output/colors"],
    ["colors for a jpg", { output: { output_format: "jpg", colors: 16 } }, "#/output"],
    [
      "chroma for a png",
      { output: { output_format: "png", chroma_subsampling: "4:4:4" } },
      "#/output",
    ],
    [
      "chroma of another kind",
      { output: { output_format: "jpg", chroma_subsampling: "4:2:2" } },
      "#/output/chroma_subsampling",
    ],
    ["compression for a png", { output: { output_format: "png", compression: "lzw" } }, "#/output"],
    ["max_bytes 0", { output: { output_format: "jpg", max_bytes: 0 } }, "#/output/max_bytes"],
    ["max_bytes 1.5", { output: { output_format: "jpg", max_bytes: 1.5 } }, "#/output/max_bytes"],
    ["no output format", { output: { quality: 5 } }, "#/output/output_format"],
    [
      "two different output formats",
      { output: { output_format: "jpg" }, output_format: "png" },
      "#/output_format",
    ],
    ["output that is no object", { output: "jpg" }, "#/output"],
    ["ttl_hours 0", { output_format: "jpg", ttl_hours: 0 }, "#/ttl_hours"],
  ])("%s is 422 invalid_parameter and names the member", async (_, request, pointer) => {
    const refusal = await readRefusal(await submit(stack, toForm(file(), request)));
    expect([refusal.status, refusal.code]).toEqual([422, "invalid_parameter"]);
    expect(refusal.body["errors"]).toEqual([{ pointer, detail: expect.any(String) }]);
  });

  test("an unknown output format is 422 unsupported_output_format", async () => {
    const refusal = await readRefusal(
      await submit(stack, toForm(file(), { output_format: "xyz" })),
    );
    expect([refusal.status, refusal.code]).toEqual([422, "unsupported_output_format"]);
    expect(refusal.body["supported"]).toContain("webp");
  });
});

describe("paths and methods", () => {
  test.each([
    ["GET", "/v1/convert", "POST, OPTIONS"],
    ["PUT", "/v1/jobs/job_123", "GET, DELETE, HEAD, OPTIONS"],
    ["GET", "/v1/jobs/job_123/cancel", "POST, OPTIONS"],
    ["DELETE", "/v1/jobs/job_123/download", "GET, HEAD, OPTIONS"],
    ["POST", "/healthz", "GET, HEAD, OPTIONS"],
  ])("%s %s is 405 method_not_allowed with Allow", async (method, path, allow) => {
    const response = await stack.authorized(path, { method });
    expect(response.headers.get("Allow")).toBe(allow);
    expect(await refuse(Promise.resolve(response))).toEqual({
      status: 405,
      code: "method_not_allowed",
    });
  });

  test("an unknown path is 404 not_found, with or without a key", async () => {
    expect(await refuse(stack.authorized("/v1"))).toEqual({ status: 404, code: "not_found" });
    expect(await refuse(stack.fetch("/nothing/here") as unknown as Promise<Response>)).toEqual({
      status: 404,
      code: "not_found",
    });
  });
});
