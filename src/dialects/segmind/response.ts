/** Jobs as Segmind's requests. Pure. */
import { isFinal, type Job, type JobStatus, type OutputFile } from "../../jobs/job.ts";
import type { Plan } from "../../plans.ts";
import type { Account } from "../../stores/accounts.ts";
import type { FailedRequest, Links, Metrics, RequestResult, RequestStatus } from "./schemas.ts";

/** Of every conversion, whether a free one or a point pays for it. */
export const COST_CREDITS = 1;

/** What an account without limits is said to have. */
const UNLIMITED_CREDITS = 1_000_000_000;

/** How many conversions the account can still make today. */
export function toCredits(account: Account | null, { freeConversionsPerDay }: Plan): number {
  if (freeConversionsPerDay === null) return UNLIMITED_CREDITS;
  const { points, usedToday } = account ?? { points: 0, usedToday: freeConversionsPerDay };
  return points + Math.max(0, freeConversionsPerDay - usedToday);
}

const STATUSES = {
  uploading: "QUEUED",
  queued: "QUEUED",
  processing: "PROCESSING",
  succeeded: "COMPLETED",
  failed: "FAILED",
  canceled: "FAILED",
  // It is unknown by then.
  expired: "FAILED",
} as const satisfies Record<JobStatus, RequestStatus["status"]>;

export function toLinks(origin: string, id: string): Links {
  return {
    poll_url: `${origin}/v1/requests/${id}`,
    status_url: `${origin}/v2/requests/${id}/status`,
    response_url: `${origin}/v2/requests/${id}`,
  };
}

/** In seconds. */
const seconds = (ms: number): number => Math.max(0, ms) / 1000;

/** What a consumer worked on it, in seconds; 0 where none did. */
export function generationTimeOf({ startedAt, finishedAt }: Job): number {
  return startedAt === null || finishedAt === null ? 0 : seconds(finishedAt - startedAt);
}

/** @param credits what the account has left */
export function toMetrics(job: Job, credits: number): Metrics {
  const { status, createdAt, startedAt, finishedAt } = job;
  if (!isFinal(status) || finishedAt === null) return {};
  return {
    inference_time: generationTimeOf(job),
    queue_time: seconds((startedAt ?? finishedAt) - createdAt),
    total_time: seconds(finishedAt - createdAt),
    cost: status === "succeeded" ? COST_CREDITS : 0,
    remaining_credits: credits,
  };
}

/** At every status but FAILED; the result is not in it. */
export function toStatus(job: Job, origin: string, metrics: Metrics): RequestStatus {
  return {
    status: STATUSES[job.status],
    request_id: job.id,
    ...toLinks(origin, job.id),
    metrics,
  };
}

export const isFailed = ({ status }: Job): boolean => STATUSES[status] === "FAILED";

export function toFailure(job: Job, metrics: Metrics): FailedRequest {
  return {
    status: "FAILED",
    error: job.error?.message ?? "The request was canceled.",
    metrics,
    request_id: job.id,
  };
}

/** @param url where the output is downloaded without a key */
export function toResult(
  job: Job,
  output: OutputFile,
  url: string,
  metrics: Metrics,
): RequestResult {
  return {
    status: "COMPLETED",
    request_id: job.id,
    output: url,
    images: [
      {
        url,
        content_type: output.mimeType,
        file_name: output.filename,
        file_size: String(output.sizeBytes),
      },
    ],
    error: null,
    metrics,
  };
}
