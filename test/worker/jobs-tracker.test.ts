import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { LEASE_MS, maxAttempts, retryDelayMs, SAFETY_NET_MS } from "../../src/jobs/schedule.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import {
  acceptJob,
  alarmTime,
  breakJobsTable,
  claimJob,
  FAR_NOW,
  forgetMemory,
  listFiles,
  makeSpec,
  migrate,
  record,
  setClock,
  skipToAlarm,
  STORAGE_ERROR,
  storedRun,
  storedSpec,
  storeOutput,
  trackerStub,
} from "./support.ts";

const NOW = FAR_NOW;

const findHold = (jobId: string) =>
  env.DB.prepare("SELECT * FROM holds WHERE job_id = ?").bind(jobId).first();

beforeAll(migrate);
beforeEach(() => setClock(NOW));
afterEach(() => void vi.useRealTimers());

describe("accepting", () => {
  test("stores the job, its record and its alarm, and sends one message", async () => {
    const { spec, tracker } = await acceptJob();
    expect(await tracker.state()).toMatchObject({ status: "queued", progress: 0 });
    expect(await record(spec)).toMatchObject({ id: spec.id, status: "queued" });
    expect(await alarmTime(spec.id)).toBe(NOW + SAFETY_NET_MS);
    await claimJob(spec.id);
    expect((await storedRun(spec.id))?.chores).toEqual({
      fetch: null,
      dispatch: null,
      record: null,
      files: null,
    });
  });

  test("a crash right after storing it does not lose the message", async () => {
    const { spec } = await acceptJob();
    await forgetMemory(spec.id);
    await skipToAlarm(spec.id);
    expect((await storedRun(spec.id))?.chores).toMatchObject({
      dispatch: { at: Date.now() + SAFETY_NET_MS, tries: 1 },
      record: null,
    });
  });

  test("without its record there is no job, no idempotency key and no hold", async () => {
    const spec = makeSpec();
    const claim = { accountId: "acct_1", key: "k1", fingerprint: "f", response: "{}" };
    const findKey = () =>
      env.DB.prepare("SELECT status, job_id FROM idempotency_keys WHERE key = 'k1'").first();
    const tracker = trackerStub(spec.id);
    const repair = await breakJobsTable();
    expect(await tracker.accept(spec, claim)).toMatchObject({ code: "storage_unavailable" });
    await repair();
    expect(await tracker.state()).toBeNull();
    expect(await findKey()).toBeNull();
    expect(await record(spec)).toBeNull();
    expect(await findHold(spec.id)).toBeNull();
    expect(await tracker.accept(spec, claim)).toBeNull();
    expect(await findKey()).toEqual({ status: "done", job_id: spec.id });
    expect(await record(spec)).toMatchObject({ status: "queued" });
    expect(await findHold(spec.id)).toMatchObject({ state: "held" });
  });

  test("accepting again changes nothing", async () => {
    const { spec, tracker } = await acceptJob();
    await claimJob(spec.id);
    await tracker.accept(spec, null);
    expect(await tracker.state()).toMatchObject({ status: "processing" });
  });

  test("an unclaimed message is sent again, ever more rarely", async () => {
    const { spec } = await acceptJob();
    const gaps: number[] = [];
    for (let sent = 1; sent <= 4; sent++) {
      const before = Date.now();
      await forgetMemory(spec.id);
      await skipToAlarm(spec.id);
      gaps.push(Date.now() - before);
      expect((await storedRun(spec.id))?.chores.dispatch?.tries).toBe(sent);
    }
    expect(gaps).toEqual([20_000, 20_000, 40_000, 60_000]);
  });
});

describe("a document's password", () => {
  test("is never in the record, and with the tracker only until the job ends", async () => {
    const output = OUTPUT_OPTIONS.parse({ format: "png", password: "secret" });
    const { spec, tracker } = await acceptJob({ output });
    const claim = await tracker.claim();
    if (claim.kind !== "granted") throw new Error(claim.kind);
    expect(claim.job.output.password).toBe("secret");
    expect(JSON.stringify(await record(spec))).not.toContain("secret");
    await tracker.fail(claim.attempt, { code: "wrong_password", message: "no" }, false);
    expect(JSON.stringify(await storedSpec(spec.id))).not.toContain("secret");
    expect(JSON.stringify(await record(spec))).not.toContain("secret");
  });
});

describe("leases", () => {
  test("a second delivery is turned away while the first is at work, and after the end", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    expect(await tracker.claim()).toEqual({ kind: "busy" });
    await tracker.complete(attempt, { outputs: [], warnings: [] });
    expect(await tracker.claim()).toEqual({ kind: "done" });
  });

  test("an unknown job is done", async () => {
    expect(await trackerStub("job_unknown").claim()).toEqual({ kind: "done" });
    expect(await trackerStub("job_unknown").state()).toBeNull();
    expect(await trackerStub("job_unknown").wait(10)).toBeNull();
  });

  test("a silent consumer loses its lease and the message is sent again", async () => {
    const { spec, tracker } = await acceptJob();
    expect(await claimJob(spec.id)).toBe(1);
    expect(await alarmTime(spec.id)).toBe(NOW + LEASE_MS);
    await forgetMemory(spec.id);
    await skipToAlarm(spec.id);
    expect(await tracker.state()).toMatchObject({ status: "queued" });
    expect((await storedRun(spec.id))?.chores.dispatch?.tries).toBe(1);
    expect(await tracker.report(1, 50)).toEqual({ stop: true });
    expect(await claimJob(spec.id)).toBe(2);
  });

  test("reports keep the lease", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    for (let i = 1; i <= 6; i++) {
      setClock(NOW + i * 20_000);
      expect(await tracker.report(attempt, i * 10)).toEqual({ stop: false });
    }
    await runDurableObjectAlarm(tracker);
    expect(await tracker.state()).toMatchObject({ status: "processing", progress: 60 });
    expect(await tracker.claim()).toEqual({ kind: "busy" });
  });

  test("only the holder of the lease completes, and losers' files go", async () => {
    const { spec, tracker } = await acceptJob();
    const first = await claimJob(spec.id);
    const slow = await storeOutput(spec.id, first);
    setClock(NOW + LEASE_MS);
    const second = await claimJob(spec.id);
    expect(second).toBe(first + 1);
    const output = await storeOutput(spec.id, second);
    expect(await tracker.complete(first, { outputs: [slow], warnings: [] })).toBe(false);
    expect(await tracker.complete(second, { outputs: [output], warnings: [] })).toBe(true);
    expect(await tracker.complete(second, { outputs: [output], warnings: [] })).toBe(false);
    expect(await tracker.fail(first, STORAGE_ERROR, true)).toBe(false);
    expect(await listFiles(spec.id)).toEqual(["in/0", "out/2/0"]);
    expect(await record(spec)).toMatchObject({
      status: "succeeded",
      progress: 100,
      outputs: [output],
    });
  });
});

describe("failures", () => {
  test("a retryable one waits ever longer and fails when attempts run out", async () => {
    const { spec, tracker } = await acceptJob();
    for (let failures = 1; failures < maxAttempts(STORAGE_ERROR.code); failures++) {
      const attempt = await claimJob(spec.id);
      expect(attempt).toBe(failures);
      await storeOutput(spec.id, attempt);
      expect(await tracker.fail(attempt, STORAGE_ERROR, true)).toBe(true);
      expect(await tracker.state()).toMatchObject({ status: "queued", error: null });
      expect(await alarmTime(spec.id)).toBe(Date.now() + retryDelayMs(failures));
      await skipToAlarm(spec.id);
    }
    await tracker.fail(await claimJob(spec.id), STORAGE_ERROR, true);
    const failed = { status: "failed", error: STORAGE_ERROR, outputs: [] };
    expect(await tracker.state()).toMatchObject(failed);
    expect(await record(spec)).toMatchObject(failed);
    expect(await listFiles(spec.id)).toEqual(["in/0"]);
  });

  test("a lasting one fails the job at once", async () => {
    const { spec, tracker } = await acceptJob();
    const error = { code: "truncated_image", message: "cut" } as const;
    await tracker.fail(await claimJob(spec.id), error, false);
    expect(await record(spec)).toMatchObject({ status: "failed", error });
  });

  test("a dead letter fails a job that waits, not one that is worked on or has ended", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    await tracker.giveUp();
    expect(await tracker.state()).toMatchObject({ status: "processing" });
    await tracker.complete(attempt, { outputs: [], warnings: [] });
    await tracker.giveUp();
    expect(await tracker.state()).toMatchObject({ status: "succeeded" });

    const waiting = await acceptJob();
    await waiting.tracker.giveUp();
    expect(await record(waiting.spec)).toMatchObject({
      status: "failed",
      error: { code: "internal" },
    });
  });

  test("a database that fails at the end gets the record later", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    const repair = await breakJobsTable();
    expect(await tracker.complete(attempt, { outputs: [], warnings: [] })).toBe(true);
    await repair();
    expect(await tracker.state()).toMatchObject({ status: "succeeded" });
    expect(await record(spec)).toMatchObject({ status: "queued" });
    await forgetMemory(spec.id);
    await skipToAlarm(spec.id);
    expect(await record(spec)).toMatchObject({ status: "succeeded" });
    expect(await alarmTime(spec.id)).toBe(spec.expiresAt);
  });
});
