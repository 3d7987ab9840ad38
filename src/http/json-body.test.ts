import { describe, expect, test } from "vitest";
import { MIB } from "../limits.ts";
import { streamOf } from "../../test/support/byte-stream.ts";
import { readJsonBody } from "./json-body.ts";

/** Reads a body whose member `image` may be long, as text. */
async function read(body: string | Uint8Array, { pieces = [65_536], maxBytes = 4 * MIB } = {}) {
  const chunkSizes: number[] = [];
  const { members, taken } = await readJsonBody(streamOf(Buffer.from(body), pieces), {
    maxBytes,
    member: "image",
    take: async (chunks) => {
      let text = "";
      for await (const chunk of chunks) {
        chunkSizes.push(chunk.length);
        text += Buffer.from(chunk).toString("latin1");
        // Consumers may decode in place.
        chunk.fill(0);
      }
      return text;
    },
  });
  return { members, taken, chunkSizes };
}

const LONG = "QUJD/+".repeat(200_000);

test.each([[[65_536]], [[1000, 1]], [[262_144]], [[262_143, 1, 5]], [[8191, 1]]])(
  "a long string streams whole, in pieces of %j, and the members around it are read",
  async (pieces) => {
    const body = JSON.stringify({ before: 'a"ü\\', image: LONG, after: [1, { image: "x" }] });
    const { members, taken, chunkSizes } = await read(body, { pieces });
    expect(members).toEqual({ before: 'a"ü\\', after: [1, { image: "x" }] });
    expect(taken === LONG).toBe(true);
    expect(Math.max(...chunkSizes)).toBeLessThanOrEqual(256 * 1024);
    expect(chunkSizes[0]).toBeGreaterThanOrEqual(1024);
  },
);

test("a string is the same whether it is held or streamed: 8 KiB is where that changes", async () => {
  for (let length = 8180; length < 8200; length++) {
    const text = "x".repeat(length);
    const { members, taken } = await read(JSON.stringify({ image: text, other: "y" }));
    expect(taken ?? members["image"]).toBe(text);
    expect(members["other"]).toBe("y");
  }
  expect((await read(JSON.stringify({ image: "x".repeat(8190) }))).taken).toBeNull();
  expect((await read(JSON.stringify({ image: "x".repeat(8200) }))).taken).not.toBeNull();
});

describe("escapes of a long string", () => {
  test.each([
    ["\\/", "/"],
    ["\\u002B", "+"],
    ["\\u002f", "/"],
    ["\\n", "\n"],
    ["\\r\\n", "\r\n"],
    ['\\"', '"'],
    ["\\\\", "\\"],
  ])("%s is resolved, wherever it is cut", async (escaped, character) => {
    for (let shift = 0; shift < 7; shift++) {
      const body = `{"image":"${"A".repeat(shift)}${`QUJD${escaped}`.repeat(40_000)}"}`;
      const { taken } = await read(body, { pieces: [100_003] });
      expect(taken === "A".repeat(shift) + `QUJD${character}`.repeat(40_000)).toBe(true);
    }
  });

  test.each(["\\u00e9", "\\ud83d\\ude00", "\\x41", "\\u00", "\\ "])(
    "%s is refused",
    async (text) => {
      const body = `{"image":"${"A".repeat(10_000)}${text}AAAAAAAA"}`;
      await expect(read(body)).rejects.toMatchObject({ code: "malformed_request" });
    },
  );
});

describe("where the long string stands", () => {
  const long = "A".repeat(20_000);

  test.each([
    ["nested", { other: { image: long } }, { other: { image: "" } }],
    ["in a list", { image: [long] }, { image: [""] }],
    ["as another member", { prompt: long, n: 1 }, { prompt: "", n: 1 }],
    ["as a name", { [long]: 1 }, { "": 1 }],
    [
      "behind a text that looks like the member",
      { a: '"image":', b: long },
      { a: '"image":', b: "" },
    ],
  ])("%s it is skipped", async (_, body, expected) => {
    const { members, taken } = await read(JSON.stringify(body));
    expect(members).toEqual(expected);
    expect(taken).toBeNull();
  });

  test("the member's name may be written with escapes and spaces", async () => {
    const { members, taken } = await read(`{ "im\\u0061ge" :\n "${long}" , "n" : 1 }`);
    expect(members).toEqual({ n: 1 });
    expect(taken).toBe(long);
  });

  test("of a member that is there twice the second counts", async () => {
    const short = await read(`{"image":"${long}","image":"short"}`);
    expect(short).toMatchObject({ members: { image: "short" }, taken: null });
    const second = await read(`{"image":"short","image":"${long}"}`);
    expect(second).toMatchObject({ members: {}, taken: long });
  });
});

describe("what is refused", () => {
  test.each([
    ["no JSON", "hello"],
    ["an array", `["${"A".repeat(20_000)}"]`],
    ["a string", '"image"'],
    ["an object that never ends", '{"image":"a"'],
    ["a short string that never ends", '{"image":"abc'],
    ["a long string that never ends", `{"image":"${"A".repeat(20_000)}`],
    ["one that ends within an escape", `{"image":"${"A".repeat(20_000)}\\`],
    ["more behind the object", `{"image":"${"A".repeat(20_000)}"} {}`],
    ["text without end around it", `{"a":[${"1,".repeat(40_000)}1]}`],
    ["many short strings", JSON.stringify({ a: Array(20_000).fill("abc") })],
    ["no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])("%s is malformed_request", async (_, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: "malformed_request" });
  });

  test("a body over the limit is file_too_large, wherever its bytes are", async () => {
    for (const name of ["image", "other"]) {
      const body = JSON.stringify({ [name]: "A".repeat(2 * MIB) });
      await expect(read(body, { maxBytes: MIB })).rejects.toMatchObject({ code: "file_too_large" });
    }
  });

  test("no body, and an empty one, are an object without members", async () => {
    expect((await read("")).members).toEqual({});
    const take = () => Promise.reject(new Error("there is no string"));
    const options = { maxBytes: MIB, member: "image", take };
    expect((await readJsonBody(null, options)).members).toEqual({});
  });
});

test("what `take` throws is thrown", async () => {
  const options = {
    maxBytes: MIB,
    member: "image",
    take: () => Promise.reject(new Error("not wanted")),
  };
  const body = streamOf(Buffer.from(JSON.stringify({ image: LONG })), [65_536]);
  await expect(readJsonBody(body, options)).rejects.toThrow("not wanted");
});
