/** Starts labs in the runner's own process, for `startLab` in its workers: global set-up of a project. */
import type { TestProject } from "vitest/node";
import { LAB_WORKER, startHarness } from "./harness.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** One for each of the runner's workers. */
    labUrls: string[];
  }
}

/**
 * A start takes as long as the tests of many a file. Files of one worker follow each other, so that
 * each has a lab to itself while it runs.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { maxWorkers } = project.config;
  const labs = await Promise.all(
    Array.from({ length: maxWorkers }, () => startHarness([LAB_WORKER])),
  );
  project.provide(
    "labUrls",
    labs.map(({ url }) => url.href),
  );
  return async () => {
    await Promise.all(labs.map(({ harness }) => harness.close()));
  };
}
