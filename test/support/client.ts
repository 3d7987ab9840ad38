/** The native API as a client uses it: one call that waits, then the download. */
import type { Stack } from "./stack.ts";

export interface JobView {
  id: string;
  status: string;
  outputs: { id: string; filename: string; width: number; height: number }[];
  warnings: { code: string; message: string }[];
  error?: { code: string; message: string };
  download_url?: string;
}

/** Either the upload was refused, or there is a job in a final status. */
export type Outcome =
  | { kind: "refused"; status: number; code: string }
  | { kind: "failed"; code: string; message: string }
  | { kind: "succeeded"; job: JobView; file: Buffer };

export async function convertOverHttp(
  stack: Stack,
  input: { bytes: Uint8Array; filename: string },
  output: Record<string, unknown>,
): Promise<Outcome> {
  const form = new FormData();
  form.append("request", JSON.stringify({ output }));
  form.append("files[]", new Blob([input.bytes as Uint8Array<ArrayBuffer>]), input.filename);
  const response = await stack.authorized("/v1/convert", {
    method: "POST",
    headers: { Prefer: "wait=60" },
    body: form,
  });
  if (response.status >= 400) {
    const { code } = (await response.json()) as { code: string };
    return { kind: "refused", status: response.status, code };
  }
  const job = (await response.json()) as JobView;
  if (job.status !== "succeeded") {
    const { code, message } = job.error ?? { code: job.status, message: "" };
    return { kind: "failed", code, message };
  }
  const download = await stack.authorized(job.download_url as string);
  return { kind: "succeeded", job, file: Buffer.from(await download.arrayBuffer()) };
}
