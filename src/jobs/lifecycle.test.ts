import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../errors.ts";
import { OUTPUT_OPTIONS } from "../pipeline/options.ts";
import { isFinal, type JobSpec } from "./job.ts";
import {
  begin,
  cancel,
  claim,
  complete,
  confirm,
  expire,
  fail,
  fetched,
  finishChore,
  giveUp,
  isForgettable,
  lapse,
  postponeChore,
  remove,
  report,
  type Run,
} from "./lifecycle.ts";
import { flatPrice } from "./price.ts";
import { LEASE_MS, maxAttempts, nextAlarm } from "./schedule.ts";
import { stagesOf } from "./stages.ts";

const SPEC: JobSpec = {
  id: "job_1",
  accountId: "acct_1",
  dialect: "imagehq",
  operation: "convert",
  lane: "images",
  toolSlug: null,
  clientReferenceId: null,
  memo: {},
  awaits: null,
  price: flatPrice(1, null),
  createdAt: 0,
  expiresAt: 86_400_000,
  ttlHours: 24,
  inputs: [],
  output: OUTPUT_OPTIONS.parse({ format: "png" }),
  warnings: [{ code: "unknown_member", message: "known when accepted" }],
  limits: { maxPixels: 1, maxTotalPixels: 1, maxSide: 1, maxFileBytes: 1 },
};
const NO_OUTPUTS = { outputs: [], warnings: [] };
const LATER = { code: "storage_unavailable", message: "later" } as const;

function must(run: Run | null): Run {
  if (!run) throw new Error("the event did not apply");
  return run;
}

const QUEUED = begin(SPEC, 0);
const PROCESSING = must(claim(QUEUED, 1000));
const RETRYING = must(fail(PROCESSING, 1, LATER, true, 2000));
const SUCCEEDED = must(complete(PROCESSING, 1, NO_OUTPUTS, 2000));
const FAILED = must(fail(PROCESSING, 1, LATER, false, 2000));
const CANCELED = must(cancel(PROCESSING, 2000));
const EXPIRED = expire(SUCCEEDED, SPEC.expiresAt);

const ENDED = { SUCCEEDED, FAILED, CANCELED, EXPIRED };
const LIVE = { QUEUED, PROCESSING, RETRYING };

describe("an ended job", () => {
  test.each(Object.entries(ENDED))("that is %s changes no more", (_, run) => {
    expect(isFinal(run.state.status)).toBe(true);
    expect(claim(run, 9000)).toBeNull();
    expect(report(run, 1, 50, 9000)).toBeNull();
    expect(complete(run, 1, NO_OUTPUTS, 9000)).toBeNull();
    expect(fail(run, 1, LATER, true, 9000)).toBeNull();
    expect(fail(run, 1, LATER, false, 9000)).toBeNull();
    expect(cancel(run, 9000)).toBeNull();
    expect(giveUp(run, LATER, 9000)).toBeNull();
    expect(lapse(run, 9e9)).toBe(run);
    expect(run.chores.dispatch).toBeNull();
    expect(run.leaseUntil).toBeNull();
  });

  test.each(Object.entries({ ...ENDED, ...LIVE }))("or a live one, %s, expires", (_, run) => {
    const { state, chores } = expire(run, SPEC.expiresAt);
    expect(state).toMatchObject({ status: "expired", outputs: [] });
    if (run !== EXPIRED) expect(chores).toMatchObject({ record: {}, files: {} });
  });
});

describe("a live job", () => {
  test.each(Object.entries(LIVE))("that is %s can be canceled and removed", (_, run) => {
    expect(cancel(run, 3000)?.state).toMatchObject({ status: "canceled", finishedAt: 3000 });
    expect(remove(run, 3000)).toMatchObject({ removed: true, state: { status: "canceled" } });
  });

  test.each(Object.entries(LIVE))("that is %s always has an alarm before its end", (_, run) => {
    expect(nextAlarm(SPEC, run)).toBeLessThan(SPEC.expiresAt);
  });

  test("keeps the warnings it was accepted with", () => {
    const warning = { code: "frames_dropped", message: "found on the way" };
    const done = must(complete(PROCESSING, 1, { outputs: [], warnings: [warning] }, 2000));
    expect(done.state.warnings).toEqual([...SPEC.warnings, warning]);
  });
});

describe("progress", () => {
  test("never falls, and reaches 100 only at the end", () => {
    const at60 = must(report(PROCESSING, 1, 60.9, 1500));
    expect(at60.state.progress).toBe(60);
    expect(must(report(at60, 1, 30, 1600)).state.progress).toBe(60);
    expect(must(report(at60, 1, 100, 1600)).state.progress).toBe(99);
    expect(SUCCEEDED.state.progress).toBe(100);
  });

  test("renews the lease", () => {
    expect(must(report(PROCESSING, 1, 0, 30_000)).leaseUntil).toBe(30_000 + LEASE_MS);
  });
});

describe("retries", () => {
  /** Runs attempts that all fail with the code; how many it took until the job failed. */
  function countAttempts(code: ErrorCode): number {
    let run = QUEUED;
    while (!isFinal(run.state.status)) {
      run = must(claim(run, 0));
      run = must(fail(run, run.attempt, { code, message: "" }, true, 0));
    }
    expect(run.state.error?.code).toBe(code);
    return run.attempt;
  }

  test("end after a number of attempts that depends on the error", () => {
    expect(countAttempts("storage_unavailable")).toBe(5);
    expect(countAttempts("internal")).toBe(3);
    expect(countAttempts("busy")).toBe(30);
  });

  test("a consumer that dies every time ends the job, too", () => {
    let run = QUEUED;
    for (let now = 0; !isFinal(run.state.status); now += LEASE_MS) {
      run = lapse(must(claim(run, now)), now + LEASE_MS);
    }
    expect(run).toMatchObject({
      attempt: maxAttempts("timed_out"),
      state: { error: { code: "timed_out" } },
    });
  });

  test("a lease that has not run out does not lapse", () => {
    expect(lapse(PROCESSING, 1000 + LEASE_MS - 1)).toBe(PROCESSING);
    expect(lapse(PROCESSING, 1000 + LEASE_MS).state.status).toBe("queued");
  });

  test("a lease that ran out unnoticed still completes", () => {
    expect(complete(PROCESSING, 1, NO_OUTPUTS, 1000 + 2 * LEASE_MS)).not.toBeNull();
  });
});

describe("a job that waits for its input", () => {
  const UPLOADING = begin({ ...SPEC, awaits: { kind: "upload" } }, 0);
  const policy = { allowPrivate: false };
  const FETCHING = begin({ ...SPEC, awaits: { kind: "url", url: "https://a.b/", policy } }, 0);

  test.each(Object.entries({ UPLOADING, FETCHING }))("%s is not claimed", (_, run) => {
    expect(run.chores.dispatch).toBeNull();
    expect(claim(run, 1)).toBeNull();
  });

  test("is queued once its upload is confirmed, and only once", () => {
    expect(UPLOADING.state.status).toBe("uploading");
    const confirmed = must(confirm(UPLOADING, { free: 1, points: 0 }, 5));
    expect(confirmed.state).toMatchObject({ status: "queued", charge: { free: 1, points: 0 } });
    expect(confirmed.chores.dispatch).not.toBeNull();
    expect(confirm(confirmed, null, 6)).toBeNull();
    expect(confirm(expire(UPLOADING, 5), null, 6)).toBeNull();
    expect(must(claim(confirmed, 7)).attempt).toBe(1);
  });

  test("is dispatched once its URL is fetched, unless it has ended", () => {
    const ready = must(fetched(FETCHING, 5));
    expect(ready.chores).toMatchObject({ fetch: null, dispatch: {}, record: {} });
    expect(must(claim(ready, 7)).attempt).toBe(1);
    expect(fetched(must(cancel(FETCHING, 5)), 6)).toBeNull();
  });
});

describe("chores", () => {
  test("one that came up again while it was done stays", () => {
    const due = CANCELED.chores.record;
    const next = expire(CANCELED, 5000);
    expect(due && finishChore(next, "record", due, 10)).toBe(next);
    expect(due && postponeChore(next, "record", due, 10)).toBe(next);
  });

  test("a job is forgotten only when nothing is left to do", () => {
    let run = EXPIRED;
    for (const chore of ["record", "files"] as const) {
      expect(isForgettable(run)).toBe(false);
      const due = run.chores[chore];
      if (due) run = finishChore(run, chore, due, 0);
    }
    expect(isForgettable(run)).toBe(true);
    expect(isForgettable(SUCCEEDED)).toBe(false);
  });
});

test("stages tell where the job is and how it ended", () => {
  const fates = (run: Run) => stagesOf(run.state).map(({ status, progress }) => [status, progress]);
  expect(fates(QUEUED)).toEqual([
    ["processing", 0],
    ["pending", 0],
  ]);
  expect(fates(must(report(PROCESSING, 1, 40, 1500)))).toEqual([
    ["succeeded", 100],
    ["processing", 40],
  ]);
  const ofEnded = [SUCCEEDED, FAILED, CANCELED].map((run) => fates(run)[1]?.[0]);
  expect(ofEnded).toEqual(["succeeded", "failed", "canceled"]);
  expect(fates(must(cancel(QUEUED, 5)))).toEqual([
    ["canceled", 0],
    ["pending", 0],
  ]);
});
