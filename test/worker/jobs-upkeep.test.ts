import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { giveUpJobs } from "../../src/jobs/dead-letters.ts";
import { begin, claim, complete } from "../../src/jobs/lifecycle.ts";
import { sweepFiles, sweepJobs } from "../../src/jobs/sweep.ts";
import { trackersOf } from "../../src/objects/trackers.ts";
import { fileStore } from "../../src/stores/files.ts";
import { jobRecords } from "../../src/stores/jobs.ts";
import { forgetMemory, listFiles, makeSpec, migrate, setClock, trackerStub } from "./support.ts";

const HOUR_MS = 3_600_000;
const NOW = Date.now();
const files = fileStore(env.FILES);
const records = jobRecords(env.DB);
const trackerOf = trackersOf(env.JOBS);
const sweep = (now: number) => sweepJobs({ records, files, trackerOf }, now);

beforeAll(migrate);
afterEach(() => void vi.useRealTimers());

async function acceptJob() {
  const spec = makeSpec({ createdAt: NOW });
  await env.FILES.put(spec.inputs[0]?.key ?? "", "jpg");
  await trackerOf(spec.id).accept(spec, null);
  return spec;
}

/** As if the platform had lost the object: no storage, no alarm. */
async function loseTracker(id: string): Promise<void> {
  await runInDurableObject(trackerStub(id), (_, { storage }) => storage.deleteAll());
  await forgetMemory(id);
}

describe("the sweep", () => {
  test("expires a job whose alarm did not come", async () => {
    const { id } = await acceptJob();
    setClock(NOW + 25 * HOUR_MS);
    await sweep(Date.now());
    expect(await records.load(id)).toMatchObject({ status: "expired" });
    expect(await listFiles(id)).toEqual([]);
  });

  test("expires a job whose tracker is gone", async () => {
    const { id } = await acceptJob();
    await loseTracker(id);
    await sweep(NOW + 25 * HOUR_MS);
    expect(await records.load(id)).toMatchObject({ status: "expired" });
    expect(await listFiles(id)).toEqual([]);
  });

  test("starts a job again whose tracker is gone", async () => {
    const { id } = await acceptJob();
    await loseTracker(id);
    expect(await trackerOf(id).state()).toBeNull();
    await sweep(NOW + HOUR_MS);
    expect(await trackerOf(id).claim()).toMatchObject({ kind: "granted", job: { id } });
  });

  test("brings a record in line with its tracker", async () => {
    const spec = await acceptJob();
    const queued = begin(spec, NOW);
    const processing = claim(queued, NOW);
    const run = processing && complete(processing, 1, { outputs: [], warnings: [] }, NOW);
    const inLine = { ...run, chores: { dispatch: null, record: null, files: null } };
    await runInDurableObject(trackerStub(spec.id), (_, { storage }) =>
      storage.kv.put("run", inLine),
    );
    await forgetMemory(spec.id);
    await sweep(NOW + HOUR_MS);
    expect(await records.load(spec.id)).toMatchObject({ status: "succeeded" });
  });

  test("leaves young jobs alone and old keys out", async () => {
    const { id } = await acceptJob();
    await env.DB.prepare(
      `INSERT INTO idempotency_keys (account_id, key, status, created_at, expires_at)
       VALUES ('a', 'old', 'done', 0, ?1), ('a', 'new', 'done', 0, ?2)`,
    )
      .bind(NOW - 1, NOW + 1)
      .run();
    await loseTracker(id);
    await sweep(NOW);
    expect(await trackerOf(id).state()).toBeNull();
    const { results } = await env.DB.prepare("SELECT key FROM idempotency_keys").all();
    expect(results).toEqual([{ key: "new" }]);
  });

  test("of files removes those older than any job", async () => {
    await env.FILES.put("jobs/job_orphan/in/0", "x");
    await sweepFiles(files, Date.now() + 168 * HOUR_MS);
    expect(await listFiles("job_orphan")).toEqual(["in/0"]);
    await sweepFiles(files, Date.now() + 170 * HOUR_MS);
    expect(await listFiles("job_orphan")).toEqual([]);
  });
});

test("a dead letter fails its job; one whose tracker cannot be reached comes again", async () => {
  const { id } = await acceptJob();
  const done: string[] = [];
  const letter = (jobId: string) => ({
    body: { jobId },
    ack: () => void done.push(`ack ${jobId}`),
    retry: () => void done.push(`retry ${jobId}`),
  });
  const unreachable = (jobId: string) => {
    if (jobId === "job_far") throw new Error("unreachable");
    return trackerOf(jobId);
  };
  await giveUpJobs([letter("job_far"), letter(id), letter("job_unknown")], unreachable);
  expect(done.toSorted()).toEqual(["ack job_unknown", `ack ${id}`, "retry job_far"].toSorted());
  expect(await records.load(id)).toMatchObject({ status: "failed" });
});
