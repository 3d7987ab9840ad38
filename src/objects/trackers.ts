/** From a job's id to its Durable Object. */
import type { JobTracker } from "../jobs/ports.ts";
import type { JobProgress } from "./job-progress.ts";

export type Trackers = (jobId: string) => JobTracker;

/** @param namespace the JOBS binding */
export function trackersOf(namespace: DurableObjectNamespace<JobProgress>): Trackers {
  return (jobId) => namespace.getByName(jobId);
}
