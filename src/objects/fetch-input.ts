/** The input of a job that a URL names, on its way into the store. */
import { AppError } from "../errors.ts";
import type { InputFile, JobSpec } from "../jobs/job.ts";
import type { FileStore } from "../jobs/ports.ts";
import type { ApiEnv } from "../workers/env.ts";

export async function fetchInput(
  _spec: JobSpec,
  _files: FileStore,
  _env: ApiEnv,
): Promise<InputFile> {
  throw new AppError("unsupported_feature", "URLs are not fetched yet.");
}
