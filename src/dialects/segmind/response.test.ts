import { expect, test } from "vitest";
import type { Job, JobStatus } from "../../jobs/job.ts";
import { begin } from "../../jobs/lifecycle.ts";
import { createSpec } from "../../jobs/spec.ts";
import { OUTPUT_OPTIONS } from "../../pipeline/options.ts";
import { PLANS } from "../../plans.ts";
import { isFailed, toCredits, toFailure, toMetrics, toStatus } from "./response.ts";

const SPEC = createSpec(
  { accountId: "acct_1", plan: PLANS.free },
  {
    id: "id",
    dialect: "segmind",
    output: OUTPUT_OPTIONS.parse({ format: "png" }),
    createdAt: 1000,
  },
);

const jobOf = (status: JobStatus, changes: Partial<Job> = {}): Job => ({
  ...SPEC,
  ...begin(SPEC, 1000).state,
  status,
  ...changes,
});

test.each([
  ["uploading", "QUEUED"],
  ["queued", "QUEUED"],
  ["processing", "PROCESSING"],
  ["succeeded", "COMPLETED"],
] as const)("a job that is %s is %s", (status, expected) => {
  const job = jobOf(status);
  expect(isFailed(job)).toBe(false);
  expect(toStatus(job, "https://a.example", {})).toMatchObject({ status: expected });
});

test.each(["failed", "canceled"] as const)("a job that is %s is FAILED", (status) => {
  const job = jobOf(status);
  expect(isFailed(job)).toBe(true);
  expect(toFailure(job, {})).toMatchObject({ status: "FAILED", error: expect.any(String) });
});

test("metrics are seconds, and empty before the end", () => {
  expect(toMetrics(jobOf("processing", { startedAt: 1250 }), 7)).toEqual({});
  expect(toMetrics(jobOf("succeeded", { startedAt: 1250, finishedAt: 3000 }), 7)).toEqual({
    inference_time: 1.75,
    queue_time: 0.25,
    total_time: 2,
    cost: 1,
    remaining_credits: 7,
  });
});

test("a job that no consumer took up has waited only", () => {
  expect(toMetrics(jobOf("failed", { finishedAt: 3000 }), 7)).toMatchObject({
    inference_time: 0,
    queue_time: 2,
    total_time: 2,
    cost: 0,
  });
});

test("credits are today's free conversions and points, or a large number", () => {
  const account = {
    id: "acct_1",
    name: "",
    email: null,
    plan: "free",
    points: 10,
    totalConversions: 0,
    createdAt: 0,
  };
  expect(toCredits({ ...account, usedToday: 2 }, PLANS.free)).toBe(13);
  // The plan was a larger one this morning.
  expect(toCredits({ ...account, usedToday: 99 }, PLANS.free)).toBe(10);
  expect(toCredits(null, PLANS.free)).toBe(0);
  expect(toCredits({ ...account, usedToday: 99 }, PLANS.unlimited)).toBeGreaterThan(1e6);
});
