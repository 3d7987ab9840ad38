/** Accounts pay for what succeeds, once, however much happens at once. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JobSpec, OutputFile } from "../../src/jobs/job.ts";
import { flatPrice } from "../../src/jobs/price.ts";
import { claimJob, makeSpec, migrate, storeOutput, trackerStub } from "./support.ts";

const FREE_PER_DAY = 5;
const ACCOUNT = "acct_paying";

beforeAll(migrate);
beforeEach(async () => {
  await env.DB.batch([
    env.DB.prepare("DELETE FROM accounts WHERE id = ?").bind(ACCOUNT),
    env.DB.prepare(
      "INSERT INTO accounts (id, name, plan, created_at) VALUES (?, 'Paying', 'free', 0)",
    ).bind(ACCOUNT),
  ]);
});

const give = (points: number) =>
  env.DB.prepare("UPDATE accounts SET points = points + ? WHERE id = ?")
    .bind(points, ACCOUNT)
    .run();

const balance = () =>
  env.DB.prepare("SELECT points, daily_used, total_conversions AS total FROM accounts WHERE id = ?")
    .bind(ACCOUNT)
    .first();

const paidJob = (changes: Partial<JobSpec> = {}) =>
  makeSpec({ accountId: ACCOUNT, price: flatPrice(1, FREE_PER_DAY), ...changes });

/** The code of the refusal, or null. */
const accept = async (spec: JobSpec) =>
  (await trackerStub(spec.id).accept(spec, null))?.code ?? null;

async function succeed({ id }: JobSpec, changes: Partial<OutputFile> = {}): Promise<void> {
  const attempt = await claimJob(id);
  const output = { ...(await storeOutput(id, attempt)), ...changes };
  await trackerStub(id).complete(attempt, { outputs: [output], warnings: [] });
}

describe("a job's price", () => {
  test("is held when it is accepted and taken when it succeeds, once", async () => {
    const spec = paidJob();
    expect(await accept(spec)).toBeNull();
    expect(await accept(spec)).toBeNull();
    expect(await balance()).toEqual({ points: 0, daily_used: 1, total: 0 });
    await succeed(spec);
    expect(await balance()).toEqual({ points: 0, daily_used: 1, total: 1 });
    await trackerStub(spec.id).remove();
    expect(await balance()).toEqual({ points: 0, daily_used: 1, total: 1 });
  });

  test.each(["cancel", "fail", "remove"] as const)("is given back on %s", async (end) => {
    await give(3);
    const spec = paidJob({ price: flatPrice(7, FREE_PER_DAY) });
    expect(await accept(spec)).toBeNull();
    expect(await balance()).toEqual({ points: 1, daily_used: 5, total: 0 });
    const tracker = trackerStub(spec.id);
    const error = { code: "invalid_image", message: "bad" } as const;
    if (end === "fail") await tracker.fail(await claimJob(spec.id), error, false);
    else await tracker[end]();
    expect(await balance()).toEqual({ points: 3, daily_used: 0, total: 0 });
    await tracker.remove();
    expect(await balance()).toEqual({ points: 3, daily_used: 0, total: 0 });
  });

  test("comes from the day's free conversions first; yesterday's do not count", async () => {
    await give(10);
    await env.DB.prepare("UPDATE accounts SET daily_used = 5, daily_day = 1 WHERE id = ?")
      .bind(ACCOUNT)
      .run();
    for (let i = 0; i < 7; i++) expect(await accept(paidJob())).toBeNull();
    expect(await balance()).toEqual({ points: 8, daily_used: 5, total: 0 });
  });

  test("has no limit where the plan has none", async () => {
    const spec = paidJob({ price: flatPrice(100, null) });
    expect(await accept(spec)).toBeNull();
    await succeed(spec);
    expect(await balance()).toEqual({ points: 0, daily_used: 100, total: 100 });
  });
});

test("of 100 jobs at once on 50 points exactly 50 are accepted", async () => {
  await give(50);
  const free = Array.from({ length: FREE_PER_DAY }, () => paidJob());
  for (const spec of free) expect(await accept(spec)).toBeNull();
  const specs = Array.from({ length: 100 }, () => paidJob());
  const refusals = await Promise.all(specs.map(accept));
  expect(refusals.filter((code) => code === null)).toHaveLength(50);
  expect(refusals.filter((code) => code === "insufficient_credits")).toHaveLength(50);
  expect(await balance()).toEqual({ points: 0, daily_used: 5, total: 0 });
  const accepted = specs.filter((_, index) => refusals[index] === null);
  await Promise.all(accepted.map((spec) => succeed(spec)));
  expect(await balance()).toEqual({ points: 0, daily_used: 5, total: 50 });
});

describe("a large picture's second point", () => {
  const LARGE = { width: 5000, height: 10 };
  const price = { ...flatPrice(1, 0), extraPointAbovePx: 4096 };

  test.each([
    { points: 5, output: LARGE, left: 3 },
    { points: 5, output: { width: 4096, height: 4096 }, left: 4 },
    { points: 1, output: LARGE, left: 0 },
  ])("$points points, $output.width px: $left left", async ({ points, output, left }) => {
    await give(points);
    const spec = paidJob({ price });
    expect(await accept(spec)).toBeNull();
    await succeed(spec, output);
    expect(await balance()).toMatchObject({ points: left, total: 1 });
  });
});

describe("an upload", () => {
  test("is paid for when it is confirmed, and can be confirmed again", async () => {
    const accepted = paidJob({ awaits: { kind: "upload" }, price: flatPrice(1, 0) });
    expect(await accept(accepted)).toBeNull();
    const tracker = trackerStub(accepted.id);
    const confirm = () => tracker.confirm(accepted.inputs, 168);
    expect(await confirm()).toMatchObject({ code: "insufficient_credits" });
    expect(await tracker.state()).toMatchObject({ status: "uploading" });
    await give(1);
    const answers = await Promise.all([1, 2, 3].map(confirm));
    expect(answers).toEqual([null, null, null]);
    expect(await balance()).toMatchObject({ points: 0 });
    await succeed(accepted);
    expect(await confirm()).toBeNull();
    expect(await balance()).toEqual({ points: 0, daily_used: 0, total: 1 });
  });
});
