/** ImageHQ's client, as its page shows it: multipart with `files[]` and `request`. */
import sharp from "sharp";
import type { Stack } from "../../support/stack.ts";

export interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

/** The request of the page, to the letter. */
export const PAGE_REQUEST = {
  client_reference_id: "example-123",
  input_format: "png",
  output: {
    background: "#ffffff",
    output_format: "jpg",
    quality: 90,
    strip_metadata: true,
  },
  output_format: "jpg",
  tool_slug: "png-to-jpg",
};

/** A picture of one colour, or of noise where its size in bytes matters. */
export async function drawPicture(
  format: "png" | "jpeg" | "webp",
  { width = 64, height = 48, noise = false } = {},
): Promise<Uint8Array> {
  const picture = sharp({
    create: {
      width,
      height,
      channels: 3,
      background: { r: 200, g: 30, b: 60 },
      ...(noise && { noise: { type: "gaussian", mean: 128, sigma: 60 } }),
    },
  });
  return new Uint8Array(await picture.toFormat(format).toBuffer());
}

export function toForm(files: readonly NamedFile[], request?: unknown): FormData {
  const form = new FormData();
  for (const { name, bytes } of files) {
    form.append("files[]", new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
  }
  if (request !== undefined) {
    form.append("request", typeof request === "string" ? request : JSON.stringify(request));
  }
  return form;
}

export function submit(
  stack: Stack,
  body: FormData,
  headers: Record<string, string> = {},
  key = stack.account.key,
): Promise<Response> {
  return stack.authorized("/v1/convert", { method: "POST", body, headers }, key);
}

/** Submits and waits for the end. */
export async function convert(stack: Stack, body: FormData): Promise<JobBody> {
  const response = await submit(stack, body, { Prefer: "wait=50" });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as JobBody;
}

export interface JobBody {
  id: string;
  job_id: string;
  status: string;
  progress: number;
  download_url?: string;
  poll_url: string;
  error?: { code: string; message: string };
  outputs: {
    id: string;
    filename: string;
    format: string;
    mime_type: string;
    size_bytes: number;
    width: number;
    height: number;
  }[];
  inputs: unknown[];
  stages: { name: string; status: string; progress: number }[];
  warnings: { code: string; message: string }[];
  [member: string]: unknown;
}

export interface Refusal {
  status: number;
  code: string;
  contentType: string | null;
  body: Record<string, unknown>;
}

/** A refusal as problem details. */
export async function readRefusal(response: Response): Promise<Refusal> {
  const body = (await response.json()) as Record<string, unknown>;
  return {
    status: response.status,
    code: String(body["code"]),
    contentType: response.headers.get("Content-Type"),
    body,
  };
}
