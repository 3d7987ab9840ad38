/** A job as ImageHQ's clients read it. Pure. */
import type { Job, JobSpec, JobState } from "../../jobs/job.ts";
import { begin } from "../../jobs/lifecycle.ts";
import { currentStage, stagesOf } from "../../jobs/stages.ts";
import type { JobBody, QueuedJob } from "./schemas.ts";

export const toJobPath = (jobId: string): string => `/v1/jobs/${jobId}`;

/** As on the page: seconds, UTC. */
const toTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** The answer to an accepted request: the page's `queued` object. */
export function toQueuedBody(job: JobSpec): QueuedJob {
  return toCommonBody(job, begin(job, job.createdAt).state);
}

/** The answer to a poll: the page's `completed` object, at every status. */
export function toJobBody(job: Job): JobBody {
  const succeeded = job.status === "succeeded";
  return {
    ...toCommonBody(job, job),
    ...(succeeded && { download_url: `${toJobPath(job.id)}/download` }),
    ...(job.status === "failed" && job.error && { error: job.error }),
    inputs: job.inputs.map(({ filename, format, mimeType, sizeBytes }) => ({
      filename,
      format,
      mime_type: mimeType,
      size_bytes: sizeBytes,
    })),
    outputs: (succeeded ? job.outputs : []).map((output) => ({
      filename: output.filename,
      format: output.format,
      id: output.id,
      mime_type: output.mimeType,
      size_bytes: output.sizeBytes,
      width: output.width,
      height: output.height,
      ...(output.page !== null && { page: output.page }),
    })),
    retention_policy: { clamp: true, ttl_hours: job.ttlHours },
    stages: stagesOf(job),
    warnings: job.warnings.map(({ code, message }) => ({ code, message })),
  };
}

function toCommonBody(job: JobSpec, state: JobState): QueuedJob {
  return {
    client_reference_id: job.clientReferenceId,
    created_at: toTime(job.createdAt),
    current_stage: currentStage(state),
    expires_at: toTime(job.expiresAt),
    id: job.id,
    job_id: job.id,
    operation: job.operation,
    poll_url: toJobPath(job.id),
    progress: state.progress,
    // Its jobs never wait for an upload.
    status: state.status === "uploading" ? "queued" : state.status,
    tool_slug: job.toolSlug,
  };
}
