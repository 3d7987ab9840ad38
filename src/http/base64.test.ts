import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decodeBase64 } from "./base64.ts";

/** Decodes a text that comes in pieces; the first has at least `head` characters. */
async function decode(text: string, pieceLength = text.length, head = 0): Promise<Buffer> {
  async function* pieces() {
    yield Buffer.from(text.slice(0, head + pieceLength));
    for (let at = head + pieceLength; at < text.length; at += pieceLength) {
      yield Buffer.from(text.slice(at, at + pieceLength));
    }
  }
  const decoded: Buffer[] = [];
  for await (const chunk of decodeBase64(pieces())) decoded.push(Buffer.from(chunk));
  return Buffer.concat(decoded);
}

const BYTES = randomBytes(3001);

test("every length comes out as it went in, however it is cut", async () => {
  for (let length = 0; length < 40; length++) {
    const bytes = BYTES.subarray(0, length);
    for (const pieceLength of [1, 2, 3, 4, 5, 7, 64]) {
      expect(await decode(bytes.toString("base64"), pieceLength)).toEqual(bytes);
    }
  }
});

test.each([
  ["URL-safe", BYTES.toString("base64url")],
  ["without padding", BYTES.toString("base64").replace(/=+$/, "")],
  ["in lines", BYTES.toString("base64").replace(/.{76}/g, "$&\r\n")],
  ["with spaces and tabs around it", `\t ${BYTES.toString("base64")} \n`],
  ["a data URI", `data:image/jpeg;base64,${BYTES.toString("base64")}`],
  ["one with parameters", `DATA:image/png;name="a.png";Base64,${BYTES.toString("base64")}`],
  ["one without a type", `data:;base64,${BYTES.toString("base64")}`],
])("%s is taken", async (_, text) => {
  expect(await decode(text)).toEqual(BYTES);
  expect(await decode(text, 13, 64)).toEqual(BYTES);
});

describe("what is refused", () => {
  test.each([
    ["another character", "QUJD!UJD"],
    ["a dot", "example.com"],
    ["bytes that are no ASCII", "QUJDé"],
    ["data behind the padding", "QUI=QUJD"],
    ["three =", "QQ==="],
    ["a lone character", "QUJDQ"],
    ["a data URI that is not in base64", "data:text/plain,hello"],
    ["a data URI without a comma", "data:image/png;base64"],
  ])("%s is invalid_parameter", async (_, text) => {
    await expect(decode(text)).rejects.toMatchObject({ code: "invalid_parameter" });
  });
});
