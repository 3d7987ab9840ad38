/** What worker tests share: the schema, sample jobs, a clock to turn, a view into a tracker. */
import {
  applyD1Migrations,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import initial from "../../migrations/0001_initial.sql?raw";
import dialects from "../../migrations/0002_dialects.sql?raw";
import { createJobId } from "../../src/jobs/ids.ts";
import type { JobSpec, OutputFile } from "../../src/jobs/job.ts";
import type { Run } from "../../src/jobs/lifecycle.ts";
import { inputKey, jobPrefix, outputKey } from "../../src/jobs/ports.ts";
import { flatPrice } from "../../src/jobs/price.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import { jobRecords } from "../../src/stores/jobs.ts";

const HOUR_MS = 3_600_000;

/** The schema, and an account "acct_1" that may do everything. */
export async function migrate(): Promise<void> {
  await applyD1Migrations(env.DB, [
    { name: "0001_initial", queries: toQueries(initial) },
    { name: "0002_dialects", queries: toQueries(dialects) },
  ]);
  await env.DB.prepare(
    "INSERT INTO accounts (id, name, plan, created_at) VALUES ('acct_1', 'Test', 'unlimited', 0)",
  ).run();
}

/** Statements end where a line that begins another follows: those of a trigger are indented. */
const toQueries = (sql: string): string[] =>
  sql
    .replaceAll(/--.*$/gm, "")
    .split(/;\s*\n(?=[A-Z]|$)(?!END)/)
    .filter((query) => query.trim());

/** A job of one JPEG that becomes a WebP. */
export function makeSpec(changes: Partial<JobSpec> = {}): JobSpec {
  const id = changes.id ?? createJobId();
  const createdAt = changes.createdAt ?? Date.now();
  return {
    id,
    accountId: "acct_1",
    dialect: "imagehq",
    operation: "convert",
    lane: "images",
    toolSlug: null,
    clientReferenceId: null,
    memo: {},
    awaits: null,
    price: flatPrice(1, null),
    createdAt,
    expiresAt: createdAt + 24 * HOUR_MS,
    ttlHours: 24,
    inputs: [
      {
        filename: "photo.jpg",
        format: "jpg",
        mimeType: "image/jpeg",
        sizeBytes: 3,
        sha256: "00",
        key: inputKey(id, 0),
      },
    ],
    output: OUTPUT_OPTIONS.parse({ format: "webp" }),
    warnings: [],
    limits: {
      maxPixels: 80_000_000,
      maxTotalPixels: 400_000_000,
      maxSide: 16_384,
      maxFileBytes: 100_000_000,
    },
    ...changes,
  };
}

/** Stores an output as the attempt would and describes it. */
export async function storeOutput(jobId: string, attempt: number): Promise<OutputFile> {
  const key = outputKey(jobId, attempt, 0);
  await env.FILES.put(key, "abc");
  return {
    id: "0",
    filename: "photo.webp",
    format: "webp",
    mimeType: "image/webp",
    sizeBytes: 3,
    width: 1,
    height: 1,
    source: { format: "jpg", width: 1, height: 1 },
    page: null,
    key,
  };
}

export async function listFiles(jobId: string): Promise<string[]> {
  const { objects } = await env.FILES.list({ prefix: jobPrefix(jobId) });
  return objects.map(({ key }) => key.slice(jobPrefix(jobId).length));
}

/** Turns the clock that the code under test reads; alarms still run by the real one. */
export function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

export const trackerStub = (jobId: string) => env.JOBS.getByName(jobId);

/** What the tracker has stored. */
export function storedRun(jobId: string): Promise<Run | undefined> {
  return runInDurableObject(trackerStub(jobId), (_, { storage }) => storage.kv.get<Run>("run"));
}

export function storedSpec(jobId: string): Promise<JobSpec | undefined> {
  return runInDurableObject(trackerStub(jobId), (_, { storage }) =>
    storage.kv.get<JobSpec>("spec"),
  );
}

/** The tracker's next alarm, in milliseconds since 1970. */
export function alarmTime(jobId: string): Promise<number | null> {
  return runInDurableObject(trackerStub(jobId), (_, { storage }) => storage.getAlarm());
}

/** As after a crash: only what is stored is left of the tracker. */
export async function forgetMemory(jobId: string): Promise<void> {
  await evictDurableObject(trackerStub(jobId));
}

/** Makes every use of the jobs table fail until the returned function is called. */
export async function breakJobsTable(): Promise<() => Promise<unknown>> {
  await env.DB.prepare("ALTER TABLE jobs RENAME TO jobs_away").run();
  return () => env.DB.prepare("ALTER TABLE jobs_away RENAME TO jobs").run();
}

/** Far ahead, so that no alarm comes by itself. */
export const FAR_NOW = Date.now() + 365 * 24 * HOUR_MS;

/** A job that its tracker has accepted at FAR_NOW, its input stored. */
export async function acceptJob(changes: Partial<JobSpec> = {}) {
  const spec = makeSpec({ createdAt: FAR_NOW, ...changes });
  const tracker = trackerStub(spec.id);
  await env.FILES.put(spec.inputs[0]?.key ?? "", "jpg");
  const refusal = await tracker.accept(spec, null);
  if (refusal) throw new Error(refusal.code);
  return { spec, tracker };
}

/** What the database says of it. */
export const record = ({ accountId, id }: JobSpec) => jobRecords(env.DB).find(accountId, id);

/** One that is tried again. */
export const STORAGE_ERROR = { code: "storage_unavailable", message: "later" } as const;

/** Claims the job; the attempt. */
export async function claimJob(id: string): Promise<number> {
  const claim = await trackerStub(id).claim();
  if (claim.kind !== "granted") throw new Error(`claim: ${claim.kind}`);
  return claim.attempt;
}

/** To the tracker's next alarm, and past it. */
export async function skipToAlarm(id: string): Promise<void> {
  const time = await alarmTime(id);
  if (time === null) throw new Error("no alarm");
  setClock(Math.max(time, Date.now()));
  await runDurableObjectAlarm(trackerStub(id));
}
