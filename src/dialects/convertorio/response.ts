/** Jobs and accounts as Convertorio's clients read them. Pure. */
import type { Job, OutputFile } from "../../jobs/job.ts";
import { findPlan } from "../../plans.ts";
import type { Account } from "../../stores/accounts.ts";
import { IMAGES, SHOWN_STATUSES, type UploadRequest } from "./request.ts";
import type { AccountBody, JobBody } from "./schemas.ts";

/** What a job remembers of its request, to show it again. */
export const toMemo = ({ filename, sourceFormat, targetFormat, fileSizeBytes }: UploadRequest) => ({
  filename,
  sourceFormat,
  targetFormat,
  fileSizeBytes,
});

/** As on the page: seconds, UTC. */
const toTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** @param downloadUrls of the job's outputs, as far as they are to be shown */
export function toJobBody(job: Job, downloadUrls: readonly string[]): JobBody {
  const [downloadUrl] = downloadUrls;
  const { memo, inputs, startedAt, finishedAt } = job;
  const [input] = inputs;
  const status = SHOWN_STATUSES[job.status];
  const message = job.error?.message ?? "The conversion failed.";
  return {
    id: job.id,
    job_id: job.id,
    user_id: job.accountId,
    status,
    original_filename: String(memo["filename"]),
    source_format: String(memo["sourceFormat"] || (input?.format ?? "")),
    target_format: String(memo["targetFormat"]),
    file_size: input?.sizeBytes ?? Number(memo["fileSizeBytes"] ?? 0),
    points_cost: job.price.conversions,
    points_used: pointsUsed(job),
    tokens_used: 0,
    ...(startedAt !== null &&
      finishedAt !== null && { processing_time_ms: Math.max(0, finishedAt - startedAt) }),
    created_at: toTime(job.createdAt),
    updated_at: toTime(finishedAt ?? startedAt ?? job.createdAt),
    ...(finishedAt !== null && { completed_at: toTime(finishedAt) }),
    expires_at: toTime(job.expiresAt),
    ...(downloadUrl !== undefined && { download_url: downloadUrl }),
    ...(memo["targetFormat"] === IMAGES &&
      downloadUrls.length === job.outputs.length && {
        download_urls: describePages(job.outputs, downloadUrls),
      }),
    can_download: downloadUrl !== undefined,
    is_expired: status === "expired",
    ...(status === "failed" && { error_message: message, error: message }),
  };
}

const describePages = (
  outputs: readonly OutputFile[],
  urls: readonly string[],
): NonNullable<JobBody["download_urls"]> =>
  urls.flatMap((download_url, index) => {
    const output = outputs[index];
    if (!output) return [];
    const { filename, page, width, height, sizeBytes } = output;
    return [
      { filename, download_url, page_number: page ?? 1, width, height, file_size: sizeBytes },
    ];
  });

/** One that ends without a result gets its point back. */
function pointsUsed({ status, progress, charge }: Job): number {
  const ended = status === "failed" || status === "canceled" || status === "expired";
  // 100 is for those that have succeeded, also when they have expired since.
  return ended && progress < 100 ? 0 : (charge?.points ?? 0);
}

/** Clients read numbers, and no null: what has no limit has this many. Fits 32 bits, with room. */
const UNLIMITED = 1_000_000_000;

export function toAccountBody(account: Account): AccountBody {
  const { freeConversionsPerDay } = findPlan(account.plan);
  const points = freeConversionsPerDay === null ? UNLIMITED : account.points;
  const limit = freeConversionsPerDay ?? UNLIMITED;
  return {
    id: account.id,
    user_id: account.id,
    email: account.email ?? "",
    name: account.name,
    plan: account.plan,
    points,
    points_balance: points,
    daily_conversions_remaining: Math.max(0, limit - account.usedToday),
    daily_conversions_used: account.usedToday,
    daily_conversions_limit: limit,
    total_conversions: account.totalConversions,
    created_at: toTime(account.createdAt),
  };
}
