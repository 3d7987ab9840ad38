import { expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { streamOf } from "../../test/support/byte-stream.ts";
import { findBoundary, readMultipart } from "./multipart.ts";

async function collect(bytes: Uint8Array, boundary: string, pieces = [64 * 1024]) {
  const parts: { name: string; filename: string | undefined; body: Buffer }[] = [];
  for await (const part of readMultipart(streamOf(bytes, pieces), boundary)) {
    const chunks: Buffer[] = [];
    for await (const chunk of part.body) chunks.push(Buffer.from(chunk));
    parts.push({ name: part.name, filename: part.filename, body: Buffer.concat(chunks) });
  }
  return parts;
}

const text = (value: string) => Buffer.from(value, "utf8");

/** What the platform's own encoder makes of a form. */
async function encode(form: FormData) {
  const response = new Response(form);
  const boundary = findBoundary(response.headers.get("Content-Type")) ?? "";
  return { bytes: new Uint8Array(await response.arrayBuffer()), boundary };
}

test("parts come out as they went in, however the body is cut and whatever they hold", async () => {
  const nasty = text("\r\n--\r\n--X\r\n\r\n--X-\r\r\n--".repeat(50));
  const large = Buffer.alloc(700_001, "\r\n--");
  const form = new FormData();
  form.append("request", '{"a":1}');
  form.append("files[]", new File([nasty], "naïve 日本.png"));
  form.append("files[]", new File([large], "large.bin"));
  form.append("files[]", new File([], "empty.png"));
  const { bytes, boundary } = await encode(form);
  for (const pieces of [[100, 7, 1], [1000, 1], [262_144], [262_143, 1, 5]]) {
    const parts = await collect(bytes, boundary, pieces);
    expect(parts.map(({ name, filename }) => [name, filename])).toEqual([
      ["request", undefined],
      ["files[]", "naïve 日本.png"],
      ["files[]", "large.bin"],
      ["files[]", "empty.png"],
    ]);
    expect(parts[1]?.body.equals(nasty)).toBe(true);
    expect(parts[2]?.body.equals(large)).toBe(true);
    expect(parts[3]?.body.length).toBe(0);
  }
}, 30_000);

test("a part's end is found wherever the window's edge falls", async () => {
  const boundary = "edge";
  for (let size = 262_144 - 200; size < 262_144 + 20; size++) {
    const bytes = Buffer.concat([
      text('--edge\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'),
      Buffer.alloc(size, 0x2d),
      text('\r\n--edge\r\nContent-Disposition: form-data; name="b"\r\n\r\nb\r\n--edge--\r\n'),
    ]);
    const [a, b] = await collect(bytes, boundary, [100_000]);
    expect([a?.body.length, b?.body.toString()]).toEqual([size, "b"]);
  }
});

test("unread parts are skipped", async () => {
  const form = new FormData();
  form.append("skipped", new File([Buffer.alloc(600_000)], "a"));
  form.append("half", new File([Buffer.alloc(600_000)], "b"));
  form.append("last", "yes");
  const { bytes, boundary } = await encode(form);
  const names: string[] = [];
  for await (const part of readMultipart(streamOf(bytes, [50_000]), boundary)) {
    names.push(part.name);
    if (part.name === "half") for await (const _ of part.body) break;
  }
  expect(names).toEqual(["skipped", "half", "last"]);
});

test("a preamble, an epilogue and padding after the boundary are allowed", async () => {
  const bytes = text(
    "hello\r\n--b  \r\ncontent-disposition: FORM-DATA; name=x\r\n\r\n1\r\n--b--\r\nbye",
  );
  expect(await collect(bytes, "b")).toEqual([{ name: "x", filename: undefined, body: text("1") }]);
});

test.each([
  ["an empty body", ""],
  ["a body without its boundary", "nothing here"],
  ["a part that never ends", '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n123'],
  ["a header that never ends", "--b\r\nContent-Disposition: form-data"],
  ["a part without a name", "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"],
  ["a header that is too long", `--b\r\nX: ${"x".repeat(20_000)}\r\n\r\n1\r\n--b--`],
  ["a header longer than the window", `--b\r\nX: ${"x".repeat(600_000)}\r\n\r\n1\r\n--b--`],
])("%s is refused as malformed", async (_, body) => {
  const error = await collect(text(body), "b").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe("malformed_request");
});

test("the boundary is read quoted and bare, and other types have none", () => {
  expect(findBoundary('multipart/form-data; boundary="a b"')).toBe("a b");
  expect(findBoundary("Multipart/Form-Data; charset=utf-8; boundary=--x")).toBe("--x");
  expect(findBoundary("image/png")).toBeNull();
  expect(() => findBoundary("multipart/form-data")).toThrow(AppError);
});
