/** Output files by signed URL, for the dialects whose clients download without a key. */
import type { Context } from "hono";
import { AppError } from "../errors.ts";
import type { Job, OutputFile } from "../jobs/job.ts";
import { jobRecords } from "../stores/jobs.ts";
import type { HttpEnv } from "./context.ts";
import type { App } from "./dialect.ts";
import { sendFile } from "./download.ts";
import { signLink, verifyLink } from "./links.ts";
import { toPresent } from "./lookup.ts";

/** Good for as long as the job's files are kept. */
export function signDownload(c: Context<HttpEnv>, job: Job, output: OutputFile): Promise<string> {
  const path = `/files/${job.id}/${output.id}/${encodeURIComponent(output.filename)}`;
  return signLink(c, path, job.expiresAt);
}

export function registerFiles(app: App): void {
  app.get("/files/:job/:output/:filename", async (c) => {
    await verifyLink(c);
    const record = await jobRecords(c.env.DB).load(c.req.param("job"));
    const job = record && (await toPresent(c.env, record));
    const output = job?.outputs.find(({ id }) => id === c.req.param("output"));
    if (!output) throw new AppError("job_expired", "The files of this job are gone.");
    return sendFile(c.req.raw, c.env.FILES, output);
  });
}
