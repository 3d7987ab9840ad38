/** Workers in one local runtime, as tests start them. */
import { tmpdir } from "node:os";
import { createTestHarness, type TestHarnessOptions } from "wrangler";
import { offlineWranglerEnv } from "../../src/cli/project.ts";

export const LAB_WORKER = { configPath: new URL("./wrangler.lab.toml", import.meta.url) };

/** @returns the harness, listening, and where. The first of the Workers answers requests. */
export async function startHarness(workers: TestHarnessOptions["workers"]) {
  // As with `npm start`: traces of every call would take time, and stay in memory.
  Object.assign(process.env, offlineWranglerEnv(tmpdir()));
  const harness = createTestHarness({ workers });
  const { url } = await harness.listen();
  return { harness, url };
}
