import { describe, expect, test } from "vitest";
import type { Run } from "./lifecycle.ts";
import { nextAlarm, resendDelayMs, retryDelayMs } from "./schedule.ts";

const IDLE: Run = {
  state: {
    status: "queued",
    progress: 0,
    warnings: [],
    outputs: [],
    error: null,
    startedAt: null,
    finishedAt: null,
    charge: null,
  },
  attempt: 0,
  failures: 0,
  leaseUntil: null,
  chores: { fetch: null, dispatch: null, record: null, files: null },
  removed: false,
};
const at = (time: number) => ({ at: time, tries: 0 });
const alarmOf = (changes: Partial<Run>) => nextAlarm({ expiresAt: 1000 }, { ...IDLE, ...changes });

describe("the alarm", () => {
  test("comes at expires_at when nothing else is to be done", () => {
    expect(alarmOf({})).toBe(1000);
  });

  test("comes when the lease runs out", () => {
    expect(alarmOf({ leaseUntil: 300 })).toBe(300);
  });

  test("comes for the chore that is due first", () => {
    const chores = { fetch: null, dispatch: at(500), record: at(200), files: at(700) };
    expect(alarmOf({ leaseUntil: 300, chores })).toBe(200);
  });

  test("comes for an expired job's chores alone", () => {
    const state = { ...IDLE.state, status: "expired" } as const;
    expect(alarmOf({ state, chores: { ...IDLE.chores, files: at(2000) } })).toBe(2000);
  });
});

test("delays grow and stay at their longest", () => {
  expect([1, 2, 3, 4, 5, 99].map(retryDelayMs)).toEqual([
    1000, 5000, 25_000, 60_000, 60_000, 60_000,
  ]);
  expect([1, 2, 3, 4, 99].map(resendDelayMs)).toEqual([20_000, 40_000, 60_000, 60_000, 60_000]);
});
