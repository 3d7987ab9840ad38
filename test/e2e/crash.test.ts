/** Accepted jobs survive the death of everything. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { getPlatformProxy } from "wrangler";
import { followJob, submitFile, type RemoteJob } from "../../src/cli/client.ts";
import { offlineWranglerEnv } from "../../src/cli/project.ts";
import { findFreePort, makeFolder, startService, type Service } from "../support/process.ts";

const JOBS = 50;
/** How many must have ended before the kill. */
const ENDED_BEFORE = 10;
const RECOVERY_MS = 120_000;

const state = makeFolder();
const pictures = makeFolder();
const key = `crash-${randomUUID()}`;
const services: Service[] = [];

afterAll(async () => {
  for (const service of services) await service.killGroup("SIGKILL").catch(() => undefined);
  state.remove();
  pictures.remove();
});

test("50 jobs all succeed, once each, though everything is killed in the middle", async () => {
  const env = { PORT: await findFreePort(), STATE_DIR: state.path, API_KEY: key };
  const first = await start(env);
  const files = await Promise.all(Array.from({ length: JOBS }, (_, index) => makePicture(index)));
  const jobs = await Promise.all(files.map((file) => submit(first, file)));
  await waitUntilEnded(first, jobs, ENDED_BEFORE);
  await first.killGroup("SIGKILL");

  const second = await start(env);
  const ready = performance.now();
  const statuses = await Promise.all(jobs.map(({ id }) => statusOf(second, id)));
  const left = statuses.filter((status) => status !== "succeeded").length;
  expect(left).toBeGreaterThan(JOBS / 5);
  const recovered = await Promise.all(jobs.map(({ id }) => followToEnd(second, id)));
  const recoveryMs = performance.now() - ready;
  expect(recovered.map(({ status }) => status)).toEqual(jobs.map(() => "succeeded"));
  expect(recoveryMs).toBeLessThan(RECOVERY_MS);
  console.log(`${left} of ${JOBS} jobs recovered in ${(recoveryMs / 1000).toFixed(1)} s`);

  for (const [index, job] of recovered.entries()) await expectPicture(second, job, index);
  await second.stop();
  expect(await listOutputs()).toEqual(jobs.map(({ id }) => `${id} 1`).toSorted());
}, 300_000);

async function start(env: Record<string, string>): Promise<Service> {
  const service = await startService(env);
  services.push(service);
  return service;
}

const connect = (service: Service) => ({
  url: service.url,
  key,
  signal: AbortSignal.timeout(RECOVERY_MS),
});

const submit = (service: Service, file: string) =>
  submitFile(connect(service), file, { output_format: "webp", quality: 80 }, () => undefined);

const followToEnd = (service: Service, id: string) =>
  followJob(connect(service), id, () => undefined);

async function statusOf(service: Service, id: string): Promise<string> {
  const response = await fetch(new URL(`/v1/jobs/${id}`, service.url), {
    headers: { Authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as RemoteJob).status;
}

/** Until `count` of the jobs have ended; what comes after is of no interest. */
async function waitUntilEnded(service: Service, jobs: RemoteJob[], count: number): Promise<void> {
  let ended = 0;
  await new Promise<void>((resolve, reject) => {
    for (const { id } of jobs) {
      followToEnd(service, id).then(() => {
        if (++ended === count) resolve();
      }, reject);
    }
  });
}

/** Noise, which takes its time, about a brightness that tells the pictures apart. */
const brightness = (index: number) => 30 + 4 * index;

async function makePicture(index: number): Promise<string> {
  const file = join(pictures.path, `${index}.jpg`);
  const noise = { type: "gaussian", mean: brightness(index), sigma: 12 } as const;
  const picture = sharp({
    create: { width: 1600, height: 1000, channels: 3, background: "black", noise },
  });
  writeFileSync(file, await picture.jpeg({ quality: 80 }).toBuffer());
  return file;
}

async function expectPicture(service: Service, job: RemoteJob, index: number): Promise<void> {
  const response = await fetch(new URL(job.download_url ?? "", service.url), {
    headers: { Authorization: `Bearer ${key}` },
  });
  const picture = sharp(Buffer.from(await response.arrayBuffer()));
  const { format, width, height } = await picture.metadata();
  expect({ format, width, height }).toEqual({ format: "webp", width: 1600, height: 1000 });
  const { channels } = await picture.stats();
  expect(Math.abs((channels[1]?.mean ?? 0) - brightness(index))).toBeLessThan(2);
}

/** "job, number of output sets" of each job in the file store. */
async function listOutputs(): Promise<string[]> {
  Object.assign(process.env, offlineWranglerEnv(state.path));
  const config = join(state.path, "files.json");
  const bucket = { binding: "FILES", bucket_name: "pixmill-files" };
  writeFileSync(
    config,
    JSON.stringify({ name: "files", compatibility_date: "2026-11-01", r2_buckets: [bucket] }),
  );
  const proxy = await getPlatformProxy<{ FILES: R2Bucket }>({
    configPath: config,
    persist: { path: join(state.path, "v3") },
    remoteBindings: false,
  });
  try {
    const sets = new Map<string, Set<string>>();
    const { objects, truncated } = await proxy.env.FILES.list({ prefix: "jobs/" });
    expect(truncated).toBe(false);
    for (const object of objects) {
      const [, job = "", kind, attempt = ""] = object.key.split("/");
      if (kind === "out") sets.set(job, (sets.get(job) ?? new Set()).add(attempt));
    }
    return [...sets].map(([job, attempts]) => `${job} ${attempts.size}`).toSorted();
  } finally {
    await proxy.dispose();
  }
}
