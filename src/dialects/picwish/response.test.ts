import { expect, test } from "vitest";
import { ERRORS, type ErrorCode } from "../../errors.ts";
import type { Job } from "../../jobs/job.ts";
import { begin } from "../../jobs/lifecycle.ts";
import { createSpec } from "../../jobs/spec.ts";
import { OUTPUT_OPTIONS } from "../../pipeline/options.ts";
import { PLANS } from "../../plans.ts";
import { aroundImage, toTask, toTaskBody, WAITED_IN_VAIN } from "./response.ts";

const SPEC = createSpec(
  { accountId: "acct_1", plan: PLANS.unlimited },
  {
    id: "0190b5c6-0000-4000-8000-000000000000",
    dialect: "picwish",
    memo: { returnType: 2 },
    createdAt: 1_700_000_000_900,
    output: OUTPUT_OPTIONS.parse({ format: "auto" }),
  },
);

const job = (changes: Partial<Job> = {}): Job => ({ ...SPEC, ...begin(SPEC, 0).state, ...changes });

test.each([
  ["queued", 0],
  ["uploading", 2],
  ["processing", 4],
  ["succeeded", 1],
  ["canceled", -1],
] as const)("a %s job is in state %i", (status, state) => {
  expect(toTask(job({ status })).state).toBe(state);
});

test("a queued job that still fetches its input is preparing", () => {
  const awaits = {
    kind: "url",
    url: "https://a.example",
    policy: { allowPrivate: false },
  } as const;
  expect(toTask(job({ awaits })).state).toBe(2);
});

test("every error fails with a state below 0 and says what happened", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const task = toTask(job({ status: "failed", error: { code, message: "Why." } }));
    expect([-1, -2, -3, -5, -7, -8]).toContain(task.state);
    expect(task.state_detail).toBe("Why.");
  }
});

test("times are whole seconds, 0 before they have come", () => {
  expect(toTask(job({ startedAt: 1_700_000_001_100 }))).toMatchObject({
    created_at: 1_700_000_000,
    processed_at: 1_700_000_001,
    completed_at: 0,
  });
});

test("who waited in vain sees -8, whatever the job is doing", () => {
  expect(toTask(job({ status: "processing" }), "", WAITED_IN_VAIN).state).toBe(-8);
});

test("the body around an image is the body with it", () => {
  const done = job({ status: "succeeded", progress: 100 });
  const { before, after } = aroundImage(done);
  expect(JSON.parse(`${before}aGk=${after}`)).toEqual(toTaskBody(toTask(done, "aGk=")));
});
