/** A job as PicWish's clients read it. Pure. */
import type { Job, JobStatus } from "../../jobs/job.ts";
import { ERROR_ANSWERS } from "./errors.ts";
import type { Task, TaskBody } from "./schemas.ts";
import { STATES } from "./states.ts";

interface Shown {
  state: number;
  state_detail: string;
}

const PREPARING: Shown = { state: STATES.preparing, state_detail: "Preparing" };
const QUEUED: Shown = { state: STATES.queued, state_detail: "Queued" };

const SHOWN: Readonly<Record<Exclude<JobStatus, "failed">, Shown>> = {
  uploading: PREPARING,
  queued: QUEUED,
  processing: { state: STATES.processing, state_detail: "Processing" },
  succeeded: { state: STATES.done, state_detail: "Complete" },
  canceled: { state: STATES.failed, state_detail: "The task was canceled." },
  expired: { state: STATES.failed, state_detail: "The task has expired." },
};

/** What the one who waited for it is told; those who ask later see how the task got on. */
export const WAITED_IN_VAIN: Shown = {
  state: STATES.timedOut,
  state_detail: "The task takes longer than 30 seconds. It goes on: query it by its task_id.",
};

function show({ status, error, awaits }: Job): Shown {
  if (status === "failed") {
    const { code, message } = error ?? { code: "internal", message: "The task failed." };
    return { state: ERROR_ANSWERS[code].state, state_detail: message };
  }
  return status === "queued" && awaits ? PREPARING : SHOWN[status];
}

/** Unix time; 0 where it has not come. */
const toSeconds = (ms: number | null): number => Math.floor((ms ?? 0) / 1000);

/**
 * @param image URL or base64 of the result, "" where there is none; comes last, so that a long one
 * can be written as a stream
 */
export function toTask(job: Job, image = "", shown: Shown = show(job)): Task {
  return {
    task_id: job.id,
    created_at: toSeconds(job.createdAt),
    processed_at: toSeconds(job.startedAt),
    completed_at: toSeconds(job.finishedAt),
    return_type: returnTypeOf(job),
    progress: job.progress,
    ...shown,
    warnings: job.warnings,
    image,
  };
}

export const toTaskBody = (data: Task): TaskBody => ({ status: 200, message: "success", data });

export const returnTypeOf = ({ memo }: Job): 1 | 2 => (memo["returnType"] === 2 ? 2 : 1);

/** The body around the image, which is its last member. */
export function aroundImage(job: Job): { before: string; after: string } {
  const after = '"}}';
  const text = JSON.stringify(toTaskBody(toTask(job)));
  return { before: text.slice(0, -after.length), after };
}
