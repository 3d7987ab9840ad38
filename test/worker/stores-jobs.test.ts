import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { begin, cancel, expire } from "../../src/jobs/lifecycle.ts";
import { jobRecords } from "../../src/stores/jobs.ts";
import { breakJobsTable, makeSpec, migrate } from "./support.ts";

const records = jobRecords(env.DB);
const NOW = Date.now();

beforeAll(migrate);

const queued = (spec = makeSpec()) => ({ spec, run: begin(spec, NOW) });

describe("finding", () => {
  test("a foreign job is as unknown as one that does not exist", async () => {
    const { spec, run } = queued();
    await records.save(spec, run.state);
    expect(await records.find(spec.accountId, spec.id)).toEqual({ ...spec, ...run.state });
    expect(await records.find("acct_2", spec.id)).toBeNull();
    expect(await records.find(spec.accountId, "job_unknown")).toBeNull();
  });

  test("a database that is away is a retryable error", async () => {
    const repair = await breakJobsTable();
    await expect(records.find("acct_1", "x")).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    await repair();
  });
});

describe("saving", () => {
  test("an ended job changes no more, except to expired", async () => {
    const { spec, run } = queued();
    const canceled = cancel(run, NOW) ?? run;
    await records.save(spec, canceled.state);
    await records.save(spec, run.state);
    expect(await records.load(spec.id)).toMatchObject({ status: "canceled" });
    await records.save(spec, expire(canceled, NOW).state);
    expect(await records.load(spec.id)).toMatchObject({ status: "expired" });
    await records.save(spec, canceled.state);
    expect(await records.load(spec.id)).toMatchObject({ status: "expired" });
  });

  test("the first job of an idempotency key keeps it", async () => {
    const claim = { accountId: "acct_1", key: "k", fingerprint: "f", response: "first" };
    const first = queued();
    const second = queued();
    await records.open(first.spec, first.run.state, claim);
    await records.open(second.spec, second.run.state, { ...claim, response: "second" });
    const row = await env.DB.prepare("SELECT * FROM idempotency_keys WHERE key = 'k'").first();
    expect(row).toMatchObject({ status: "done", job_id: first.spec.id, response: "first" });
  });

  test("a reserved key gets its answer", async () => {
    await env.DB.prepare(
      `INSERT INTO idempotency_keys (account_id, key, status, created_at, expires_at)
       VALUES ('acct_1', 'reserved', 'pending', 0, 0)`,
    ).run();
    const { spec, run } = queued();
    const claim = { accountId: "acct_1", key: "reserved", fingerprint: "f", response: "body" };
    await records.open(spec, run.state, claim);
    const row = await env.DB.prepare(
      "SELECT * FROM idempotency_keys WHERE key = 'reserved'",
    ).first();
    expect(row).toMatchObject({ status: "done", fingerprint: "f", response: "body" });
  });
});

test("the sweep's lists hold what is overdue and what is unfinished", async () => {
  const old = queued(makeSpec({ createdAt: 1000, expiresAt: 2000 }));
  const ended = queued(makeSpec({ createdAt: 1000, expiresAt: 2000 }));
  const gone = queued(makeSpec({ createdAt: 1000, expiresAt: 2000 }));
  await records.save(old.spec, old.run.state);
  await records.save(ended.spec, (cancel(ended.run, NOW) ?? ended.run).state);
  await records.save(gone.spec, expire(gone.run, NOW).state);
  const overdue = await records.listOverdue(2001, 10);
  expect(overdue.toSorted()).toEqual([old.spec.id, ended.spec.id].toSorted());
  expect(await records.listOverdue(2000, 10)).toEqual([]);
  expect(await records.listUnfinished(1001, 10)).toEqual([old.spec.id]);
  await records.remove(old.spec.id);
  expect(await records.listUnfinished(1001, 10)).toEqual([]);
});
