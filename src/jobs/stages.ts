/** The stages of a job as clients see them, derived from its state. */
import { STAGES, type JobState, type JobStatus, type StageName } from "./job.ts";

export interface Stage {
  name: StageName;
  status: "pending" | "processing" | "succeeded" | "failed" | "canceled";
  /** 0 to 100. */
  progress: number;
}

type Fate = Pick<Stage, "status" | "progress">;

const PENDING: Fate = { status: "pending", progress: 0 };
const DONE: Fate = { status: "succeeded", progress: 100 };

export function stagesOf(state: JobState): Stage[] {
  const current = currentStage(state);
  const reached = STAGES.indexOf(current);
  return STAGES.map((name, index) => {
    if (index > reached) return { name, ...PENDING };
    return { name, ...(index < reached ? DONE : FATES[state.status](state)) };
  });
}

/** The stage the job is in, or ended in. */
export function currentStage(state: JobState): StageName {
  return state.status === "queued" || state.startedAt === null ? "queued" : "processing";
}

/** What a status makes of the current stage. */
const FATES: Record<JobStatus, (state: JobState) => Fate> = {
  uploading: () => PENDING,
  queued: () => ({ status: "processing", progress: 0 }),
  processing: ({ progress }) => ({ status: "processing", progress }),
  succeeded: () => DONE,
  failed: ({ progress }) => ({ status: "failed", progress }),
  canceled: ({ progress }) => ({ status: "canceled", progress }),
  // It had ended before, or never began.
  expired: ({ error, progress }) =>
    error ? { status: "failed", progress } : progress === 100 ? DONE : { ...PENDING, progress },
};
