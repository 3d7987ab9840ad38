/** Convertorio's client as its SDKs are: upload URL, PUT, confirmation, polling, download. */
import { expect } from "vitest";
import type { Stack } from "../../support/stack.ts";

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  body: Body;
}

export interface JobView {
  id: string;
  job_id: string;
  status: string;
  file_size: number;
  points_used: number;
  download_url?: string;
  error_message?: string;
  error?: string;
  [member: string]: unknown;
}

export interface UploadTarget {
  job_id: string;
  upload_url: string;
}

export interface Conversion {
  bytes: Uint8Array;
  target: string;
  metadata?: unknown;
  /** Members of the request that replace the usual ones. */
  request?: Record<string, unknown>;
}

/** The members of the page's request. */
export const uploadRequest = (changes: Record<string, unknown> = {}) => ({
  filename: "image.png",
  source_format: "png",
  target_format: "jpg",
  file_size: 1024,
  ...changes,
});

/** A client of one account. */
export function connect(stack: Stack, key = stack.account.key) {
  const ask = async <Body = Record<string, unknown>>(
    path: string,
    init: RequestInit = {},
  ): Promise<Answer<Body>> => {
    const response = await stack.authorized(path, init, key);
    expect(response.headers.get("Content-Type")).toMatch(/^application\/json/);
    return { status: response.status, body: (await response.json()) as Body };
  };
  const post = <Body = Record<string, unknown>>(path: string, body: unknown) =>
    ask<Body>(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  const client = {
    ask,
    post,
    requestUpload: (request: unknown) => post("/v1/convert/upload-url", request),
    confirm: (jobId: unknown) => post("/v1/convert/confirm", { job_id: jobId }),
    job: async (jobId: string) =>
      (await ask<{ success: boolean; job: JobView }>(`/v1/jobs/${jobId}`)).body.job,

    /** An upload URL for a file of any size. */
    async open(changes: Record<string, unknown> = {}): Promise<UploadTarget> {
      const { status, body } = await client.requestUpload(
        uploadRequest({ file_size: undefined, ...changes }),
      );
      expect([status, body]).toEqual([200, expect.objectContaining({ success: true })]);
      return body as unknown as UploadTarget;
    },

    /** An upload that is there and not confirmed. */
    async upload(bytes: Uint8Array, changes: Record<string, unknown> = {}): Promise<string> {
      const { job_id, upload_url } = await client.open(changes);
      expect((await put(upload_url, bytes)).status).toBe(200);
      return job_id;
    },

    /** Polls until the job has ended. The tracker is asked to wait, so that nobody has to sleep. */
    async finish(jobId: string): Promise<JobView> {
      await stack.env.JOBS.getByName(jobId).wait(50_000);
      return client.job(jobId);
    },

    async run({ bytes, target, metadata, request }: Conversion): Promise<JobView> {
      const jobId = await client.upload(bytes, {
        ...{ target_format: target, file_size: bytes.length, ...request },
        ...(metadata !== undefined && { conversion_metadata: metadata }),
      });
      expect((await client.confirm(jobId)).status).toBe(200);
      return client.finish(jobId);
    },

    /** The file that comes out. */
    async convert(conversion: Conversion): Promise<Buffer> {
      const job = await client.run(conversion);
      expect(job).toMatchObject({ status: "completed" });
      const response = await fetch(job.download_url as string);
      expect(response.status).toBe(200);
      return Buffer.from(await response.arrayBuffer());
    },
  };
  return client;
}

export type Client = ReturnType<typeof connect>;

/** Without a key, as the SDKs do. */
export function put(
  url: string,
  bytes: Uint8Array | ReadableStream<Uint8Array>,
  headers: Record<string, string> = { "Content-Type": "image/png" },
): Promise<Response> {
  const streams = bytes instanceof ReadableStream;
  const body = streams ? bytes : (bytes as Uint8Array<ArrayBuffer>);
  return fetch(url, {
    ...{ method: "PUT", headers, body },
    ...(streams && { duplex: "half" }),
  } as RequestInit);
}
