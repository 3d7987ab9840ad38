/** An account's jobs as they are now, by the page. */
import { isFinal, type DialectName, type Job, type JobStatus } from "../jobs/job.ts";
import { jobRecords } from "../stores/jobs.ts";
import type { ApiEnv } from "../workers/env.ts";
import { toPresent } from "./lookup.ts";

export interface JobQuery {
  dialect: DialectName;
  /** Null is all. */
  statuses: readonly JobStatus[] | null;
  limit: number;
  offset: number;
}

/** Records of live jobs are older than the jobs: only their trackers know what they are by now. */
const LIVE: readonly JobStatus[] = ["uploading", "queued", "processing"];

/** Live jobs whose trackers one query asks, the newest. */
const MAX_LIVE = 500;

/** The newest first. Exact also where it asks for a status that records do not show. */
export async function listJobs(env: ApiEnv, accountId: string, query: JobQuery): Promise<Job[]> {
  const { dialect, statuses, limit, offset } = query;
  const records = jobRecords(env.DB);
  const present = (jobs: readonly Job[]) => Promise.all(jobs.map((job) => toPresent(env, job)));
  if (!statuses) {
    return present(await records.list(accountId, { dialect, only: null, limit, offset }));
  }
  const live = await records.list(accountId, {
    ...{ dialect, limit: MAX_LIVE, offset: 0 },
    only: { statuses: LIVE, ids: [] },
  });
  const matching = new Map<string, Job>();
  for (const job of await present(live)) {
    if (statuses.includes(job.status)) matching.set(job.id, job);
  }
  const only = { statuses: statuses.filter(isFinal), ids: [...matching.keys()] };
  const page = await records.list(accountId, { dialect, only, limit, offset });
  return Promise.all(page.map((record) => matching.get(record.id) ?? toPresent(env, record)));
}
