/** The input of a job that a URL names, on its way into the store. */
import { AppError } from "../errors.ts";
import type { InputFile, JobSpec } from "../jobs/job.ts";
import { inputKey, type FileStore } from "../jobs/ports.ts";
import { openRemote } from "../remote/open.ts";
import { dohResolver } from "../remote/resolve.ts";
import { storeUpload } from "../stores/inputs.ts";
import type { ApiEnv } from "../workers/env.ts";

/** Shorter than the half minute that synchronous requests wait: they then learn why it failed. */
const TIMEOUT_MS = 25_000;

/** @throws AppError url_not_allowed, download_failed, file_too_large, empty_file */
export async function fetchInput(
  { id, awaits, limits: { maxFileBytes } }: JobSpec,
  files: FileStore,
  env: ApiEnv,
): Promise<InputFile> {
  if (awaits?.kind !== "url") throw new AppError("internal", "This job fetches nothing.");
  const file = await openRemote(awaits.url, awaits.policy, {
    maxBytes: maxFileBytes,
    timeoutMs: TIMEOUT_MS,
    resolve: dohResolver(env.DOH_URL),
  });
  return await storeUpload(files, inputKey(id, 0), file, maxFileBytes, "keep");
}
