/** Upload URLs of R2 itself, and what is then checked at the confirmation. */
import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MIB } from "../../../src/limits.ts";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture } from "../imagehq/client.ts";
import { connect, type Client } from "./client.ts";

const ACCESS_KEY_ID = "0123456789abcdef";
const SECRET_ACCESS_KEY = "secret/with+signs=";

let stack: Stack;
let client: Client;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack({
    R2_ACCOUNT_ID: "account1",
    R2_ACCESS_KEY_ID: ACCESS_KEY_ID,
    R2_SECRET_ACCESS_KEY: SECRET_ACCESS_KEY,
    R2_BUCKET: "pixmill-files",
  });
  client = connect(stack);
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();

/**
 * The signature of a presigned URL that signs `host` alone, as AWS describes it: "Authenticating
 * Requests: Using Query Parameters (AWS Signature Version 4)".
 */
function signPresigned(method: string, url: URL, secret: string): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted();
  const canonical = [
    ...[method, url.pathname, query.join("&"), `host:${url.host}`, "", "host"],
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const [, ...scope] = (url.searchParams.get("X-Amz-Credential") ?? "").split("/");
  const text = [
    ...["AWS4-HMAC-SHA256", url.searchParams.get("X-Amz-Date"), scope.join("/")],
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const key = scope.reduce<string | Buffer>((from, part) => hmac(from, part), `AWS4${secret}`);
  return hmac(key, text).toString("hex");
}

test("the signature is recomputed as in AWS's own example", () => {
  const example = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
  const parameters = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
    "X-Amz-Date": "20130524T000000Z",
    "X-Amz-Expires": "86400",
    "X-Amz-SignedHeaders": "host",
  };
  for (const [name, value] of Object.entries(parameters)) example.searchParams.set(name, value);
  expect(signPresigned("GET", example, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")).toBe(
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

test("with R2's credentials the upload URL is a presigned PUT to the bucket, for ten minutes", async () => {
  const { job_id, upload_url } = await client.open();
  const url = new URL(upload_url);
  expect(url.origin).toBe("https://account1.r2.cloudflarestorage.com");
  expect(url.pathname).toBe(`/pixmill-files/jobs/${job_id}/in/0`);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": expect.stringMatching(/^0123456789abcdef\/\d{8}\/auto\/s3\/aws4_request$/),
    "X-Amz-Date": expect.stringMatching(/^\d{8}T\d{6}Z$/),
    "X-Amz-Expires": "600",
    // Any Content-Type will do: it is not signed.
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": signPresigned("PUT", url, SECRET_ACCESS_KEY),
  });
});

describe("what the client has put there", () => {
  const key = (jobId: string) => `jobs/${jobId}/in/0`;
  const putInto = (jobId: string, bytes: Uint8Array) => stack.env.FILES.put(key(jobId), bytes);

  test("is converted", async () => {
    const { job_id } = await client.open({ target_format: "webp" });
    await putInto(job_id, png);
    expect(await client.confirm(job_id)).toMatchObject({ status: 200, body: { status: "queued" } });
    expect(await client.finish(job_id)).toMatchObject({
      ...{ status: "completed", file_size: png.length },
    });
  });

  test("must be there: else 400", async () => {
    const { job_id } = await client.open();
    expect(await client.confirm(job_id)).toMatchObject({ status: 400, body: { success: false } });
  });

  test.each([
    ["longer than announced", { file_size: 99 }, new Uint8Array(100), 413],
    ["longer than 20 MiB", {}, new Uint8Array(20 * MIB + 1), 413],
    ["empty", {}, new Uint8Array(), 400],
  ])(
    "is removed and refused when it is %s; the job waits on",
    async (_, request, bytes, status) => {
      const { job_id } = await client.open(request);
      await putInto(job_id, bytes);
      expect(await client.confirm(job_id)).toEqual({
        status,
        body: { success: false, error: expect.stringMatching(/\S/) },
      });
      expect(await stack.env.FILES.head(key(job_id))).toBeNull();
      expect(await client.job(job_id)).toMatchObject({ status: "uploading" });
    },
  );

  test("is pinned: the job is of the version that was confirmed", async () => {
    const { job_id } = await client.open();
    await putInto(job_id, new Uint8Array(10));
    const version = await putInto(job_id, png);
    await client.confirm(job_id);
    const row = await stack.env.DB.prepare(
      "SELECT spec ->> '$.inputs[0].etag' FROM jobs WHERE id = ?",
    )
      .bind(job_id)
      .raw();
    expect(row).toEqual([[version?.etag]]);
  });

  test("that is no picture fails as a job", async () => {
    const { job_id } = await client.open();
    await putInto(job_id, Buffer.from("MZ no picture at all"));
    await client.confirm(job_id);
    expect(await client.finish(job_id)).toMatchObject({
      ...{ status: "failed", error_message: expect.stringMatching(/format/) },
    });
  });
});
