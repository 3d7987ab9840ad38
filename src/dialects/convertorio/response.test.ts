import { describe, expect, test } from "vitest";
import type { Job } from "../../jobs/job.ts";
import { createSpec } from "../../jobs/spec.ts";
import { OUTPUT_OPTIONS } from "../../pipeline/options.ts";
import { PLANS } from "../../plans.ts";
import { readUploadRequest } from "./request.ts";
import { toAccountBody, toJobBody, toMemo } from "./response.ts";

const REQUEST = { filename: "a.png", source_format: "PNG", target_format: "JPEG", file_size: 9 };

function makeJob(changes: Partial<Job>, request: object = {}): Job {
  const spec = createSpec(
    { accountId: "acct_1", plan: PLANS.free },
    {
      id: "550e8400-e29b-41d4-a716-446655440000",
      dialect: "convertorio",
      memo: toMemo(readUploadRequest({ ...REQUEST, ...request })),
      output: OUTPUT_OPTIONS.parse({ format: "jpg" }),
      createdAt: 0,
    },
  );
  const state = { status: "queued", progress: 0, warnings: [], outputs: [], error: null } as const;
  const times = { startedAt: null, finishedAt: null, charge: null };
  return { ...spec, ...state, ...times, ...changes } as Job;
}

const PAID = { free: 0, points: 1 };
const FREE = { free: 1, points: 0 };

describe("points_used", () => {
  test.each([
    ["nothing was held", { status: "uploading", charge: null }, 0],
    ["a free conversion pays", { status: "succeeded", progress: 100, charge: FREE }, 0],
    ["a point is held", { status: "processing", progress: 40, charge: PAID }, 1],
    ["a point was taken", { status: "succeeded", progress: 100, charge: PAID }, 1],
    ["it was given back", { status: "failed", progress: 40, charge: PAID }, 0],
    ["it was taken before the job expired", { status: "expired", progress: 100, charge: PAID }, 1],
    [
      "it was given back when the job expired",
      { status: "expired", progress: 99, charge: PAID },
      0,
    ],
  ] as const)("where %s", (_, changes, points) => {
    expect(toJobBody(makeJob(changes), []).points_used).toBe(points);
  });
});

describe("a job", () => {
  test("is shown as it was asked for, in lower case, before its file is there", () => {
    expect(toJobBody(makeJob({}), [])).toMatchObject({
      ...{ original_filename: "a.png", source_format: "png", target_format: "jpeg", file_size: 9 },
    });
  });

  test("of an unnamed source has the format of its file, and its size", () => {
    const file = { format: "webp", sizeBytes: 7 } as Job["inputs"][number];
    const request = { source_format: "", file_size: "28 kB" };
    expect(toJobBody(makeJob({ inputs: [file] }, request), [])).toMatchObject({
      ...{ source_format: "webp", file_size: 7 },
    });
  });

  test("that was canceled has failed, with a message", () => {
    const body = toJobBody(makeJob({ status: "canceled" }), []);
    expect(body).toMatchObject({ status: "failed", error: expect.stringMatching(/\S/) });
  });

  test.each(["uploading", "queued", "processing", "failed", "expired"] as const)(
    "has no null while %s",
    (status) => {
      expect(Object.values(toJobBody(makeJob({ status }), []))).not.toContain(null);
    },
  );
});

test("an account of a plan that is no longer known counts as free", () => {
  const account = {
    ...{ id: "acct_1", name: "A", email: null, plan: "gold", points: 3 },
    ...{ usedToday: 7, totalConversions: 7, createdAt: 0 },
  };
  expect(toAccountBody(account)).toMatchObject({
    ...{ email: "", points: 3, daily_conversions_limit: 5, daily_conversions_remaining: 0 },
  });
});
