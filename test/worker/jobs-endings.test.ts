import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  acceptJob,
  alarmTime,
  breakJobsTable,
  claimJob,
  FAR_NOW,
  forgetMemory,
  listFiles,
  migrate,
  record,
  setClock,
  skipToAlarm,
  STORAGE_ERROR,
  storedRun,
  storeOutput,
} from "./support.ts";

const NOW = FAR_NOW;

beforeAll(migrate);
beforeEach(() => setClock(NOW));
afterEach(() => void vi.useRealTimers());

describe("canceling", () => {
  test("a queued job never starts", async () => {
    const { spec, tracker } = await acceptJob();
    expect(await tracker.cancel()).toBe(true);
    expect(await tracker.claim()).toEqual({ kind: "done" });
    expect(await record(spec)).toMatchObject({ status: "canceled" });
  });

  test("a running job is told to stop and its files go", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    const output = await storeOutput(spec.id, attempt);
    expect(await tracker.cancel()).toBe(true);
    expect(await tracker.report(attempt, 50)).toEqual({ stop: true });
    expect(await tracker.complete(attempt, { outputs: [output], warnings: [] })).toBe(false);
    expect(await tracker.fail(attempt, STORAGE_ERROR, true)).toBe(false);
    expect(await tracker.state()).toMatchObject({ status: "canceled", outputs: [] });
    expect(await listFiles(spec.id)).toEqual(["in/0"]);
  });

  test("a job that waits for its next attempt is not tried again", async () => {
    const { spec, tracker } = await acceptJob();
    await tracker.fail(await claimJob(spec.id), STORAGE_ERROR, true);
    expect(await tracker.cancel()).toBe(true);
    expect(await alarmTime(spec.id)).toBe(spec.expiresAt);
  });

  test("an ended job stays as it is", async () => {
    const { spec, tracker } = await acceptJob();
    await tracker.complete(await claimJob(spec.id), { outputs: [], warnings: [] });
    expect(await tracker.cancel()).toBe(false);
    expect(await tracker.state()).toMatchObject({ status: "succeeded" });
  });
});

describe("the end of a job's time", () => {
  test("at expires_at the files go and the record says so", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    const output = await storeOutput(spec.id, attempt);
    await tracker.complete(attempt, { outputs: [output], warnings: [] });
    expect(await alarmTime(spec.id)).toBe(spec.expiresAt);
    await forgetMemory(spec.id);
    await skipToAlarm(spec.id);
    expect(await listFiles(spec.id)).toEqual([]);
    expect(await record(spec)).toMatchObject({ status: "expired", outputs: [] });
    expect(await tracker.state()).toBeNull();
    expect(await storedRun(spec.id)).toBeUndefined();
    expect(await alarmTime(spec.id)).toBeNull();
  });

  test("a read after expires_at sees it even before the alarm", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    setClock(spec.expiresAt);
    expect(await tracker.state()).toMatchObject({ status: "expired" });
    expect(await tracker.report(attempt, 10)).toEqual({ stop: true });
  });

  test("removing deletes files, record and memory, and ends a live job", async () => {
    const { spec, tracker } = await acceptJob();
    const attempt = await claimJob(spec.id);
    await storeOutput(spec.id, attempt);
    const waiting = tracker.wait(5000);
    await tracker.remove();
    expect(await waiting).toMatchObject({ status: "canceled" });
    expect(await tracker.report(attempt, 10)).toEqual({ stop: true });
    expect(await tracker.state()).toBeNull();
    expect(await record(spec)).toBeNull();
    expect(await listFiles(spec.id)).toEqual([]);
    expect(await storedRun(spec.id)).toBeUndefined();
  });

  test("removing a job that was forgotten removes its record", async () => {
    const { spec, tracker } = await acceptJob();
    await skipToAlarm(spec.id);
    setClock(spec.expiresAt);
    await tracker.checkUp();
    expect(await record(spec)).toMatchObject({ status: "expired" });
    await tracker.remove();
    expect(await record(spec)).toBeNull();
  });

  test("a removal that the database refuses is finished by the alarm", async () => {
    const { spec, tracker } = await acceptJob();
    const repair = await breakJobsTable();
    await tracker.remove();
    await repair();
    expect(await tracker.state()).toBeNull();
    await skipToAlarm(spec.id);
    expect(await record(spec)).toBeNull();
    expect(await storedRun(spec.id)).toBeUndefined();
  });
});

describe("waiting and watching", () => {
  test("all who wait get the final state as it comes", async () => {
    const { spec, tracker } = await acceptJob();
    const waiting = Promise.all([tracker.wait(5000), tracker.wait(5000), tracker.wait(5000)]);
    await tracker.complete(await claimJob(spec.id), { outputs: [], warnings: [] });
    for (const state of await waiting) expect(state).toMatchObject({ status: "succeeded" });
    expect(await tracker.wait(5000)).toMatchObject({ status: "succeeded" });
  });

  test("a wait that ends first gets the state so far", async () => {
    const { spec, tracker } = await acceptJob();
    await claimJob(spec.id);
    expect(await tracker.wait(5)).toMatchObject({ status: "processing" });
  });

  test("events tell the state at once, each change in order, and end with the job", async () => {
    const { spec, tracker } = await acceptJob();
    const text = new Response(await tracker.events()).text();
    const attempt = await claimJob(spec.id);
    await tracker.report(attempt, 40);
    await tracker.complete(attempt, { outputs: [], warnings: [] });
    const events = (await text).trim().split("\n\n").map(parseEvent);
    expect(events.map(({ event, status, progress }) => [event, status, progress])).toEqual([
      ["progress", "queued", 0],
      ["progress", "processing", 0],
      ["progress", "processing", 40],
      ["succeeded", "succeeded", 100],
    ]);
    expect(events[2]?.stages).toEqual([
      { name: "queued", status: "succeeded", progress: 100 },
      { name: "processing", status: "processing", progress: 40 },
    ]);
    const late = await new Response(await tracker.events()).text();
    expect(parseEvent(late.trim())).toMatchObject({ event: "succeeded" });
  });

  test("a listener that leaves does not disturb the job", async () => {
    const { spec, tracker } = await acceptJob();
    const stream = await tracker.events();
    await stream.cancel();
    expect(await tracker.complete(await claimJob(spec.id), { outputs: [], warnings: [] })).toBe(
      true,
    );
  });
});

function parseEvent(block: string): { event: string } & Record<string, unknown> {
  const [event = "", data = ""] = block.split("\n");
  return { event: event.replace("event: ", ""), ...JSON.parse(data.replace("data: ", "")) };
}
