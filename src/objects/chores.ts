/** What the chores of a job do outside its object, by the name of each. All can be done twice. */
import type { JobSpec } from "../jobs/job.ts";
import type { Chore, Run } from "../jobs/lifecycle.ts";
import { attemptPrefix, jobPrefix, outputsPrefix } from "../jobs/ports.ts";
import { fileStore } from "../stores/files.ts";
import { jobRecords } from "../stores/jobs.ts";
import { LANE_QUEUES, type ApiEnv } from "../workers/env.ts";

type Work = (env: ApiEnv, spec: JobSpec, run: Run) => Promise<void>;

/** All but `fetch`, which changes the job. */
export const CHORE_WORK: Record<Exclude<Chore, "fetch">, Work> = {
  async dispatch(env, { id, lane }) {
    await env[LANE_QUEUES[lane]].send({ jobId: id });
  },
  async record(env, spec, run) {
    const records = jobRecords(env.DB);
    await (run.removed ? records.remove(spec.id) : records.save(spec, run.state));
  },
  async files(env, spec, run) {
    const files = fileStore(env.FILES);
    for (const prefix of doomedPrefixes(spec, run)) await files.removeAll(prefix);
  },
};

/** What nobody may see any more: everything, or the outputs, or those of attempts that lost. */
function doomedPrefixes({ id }: JobSpec, { removed, state, attempt }: Run): string[] {
  if (removed || state.status === "expired") return [jobPrefix(id)];
  if (state.status !== "succeeded") return [outputsPrefix(id)];
  return Array.from({ length: attempt - 1 }, (_, index) => attemptPrefix(id, index + 1));
}
