/** GET /v1/jobs. Only the api Worker runs: what becomes of a job is done here, at its tracker. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestStack, type Stack } from "../../support/stack.ts";
import { drawPicture, submit, toForm } from "../imagehq/client.ts";
import { connect, type Client, type JobView } from "./client.ts";

let stack: Stack;
let png: Uint8Array;

beforeAll(async () => {
  stack = await startTestStack({}, { lanes: false });
  png = await drawPicture("png");
});
afterAll(() => stack?.close());

interface List {
  success: boolean;
  jobs: JobView[];
  count: number;
  pagination: { limit: number; offset: number };
}

const list = async (client: Client, query = ""): Promise<List> =>
  (await client.ask<List>(`/v1/jobs${query}`)).body;

const idsOf = async (client: Client, query: string): Promise<string[]> =>
  (await list(client, query)).jobs.map(({ id }) => id);

const connectNewAccount = async () => connect(stack, (await stack.createAccount("unlimited")).key);

const trackerOf = (jobId: string) => stack.env.JOBS.getByName(jobId);

async function queue(client: Client): Promise<string> {
  const jobId = await client.upload(png);
  expect((await client.confirm(jobId)).status).toBe(200);
  return jobId;
}

/** Each made in another millisecond, so that there is a newest. */
async function makeJobs(client: Client, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await client.open()).job_id);
  return ids;
}

describe("a list", () => {
  test("has the page's form, and each job as it is when polled", async () => {
    const client = await connectNewAccount();
    const jobId = await queue(client);
    expect(await list(client)).toEqual({
      success: true,
      jobs: [await client.job(jobId)],
      count: 1,
      pagination: { limit: 50, offset: 0 },
    });
  });

  test("of an account without jobs is empty", async () => {
    const answer = await list(await connectNewAccount());
    expect(answer).toMatchObject({ success: true, jobs: [], count: 0 });
  });

  test("has the newest first, by the page", async () => {
    const client = await connectNewAccount();
    const ids = (await makeJobs(client, 5)).toReversed();
    expect(await idsOf(client, "")).toEqual(ids);
    expect(await idsOf(client, "?limit=2&offset=0")).toEqual(ids.slice(0, 2));
    expect(await idsOf(client, "?limit=2&offset=3")).toEqual(ids.slice(3));
    expect(await idsOf(client, "?limit=2&offset=5")).toEqual([]);
    expect(await list(client, "?limit=2&offset=3")).toMatchObject({
      ...{ count: 2, pagination: { limit: 2, offset: 3 } },
    });
  });

  test.each([
    ["?limit=101", 100],
    ["?limit=100000", 100],
    ["?limit=100", 100],
    ["?limit=", 50],
    ["?limit=0", 50],
  ])("%s has a limit of %i", async (query, limit) => {
    expect((await list(await connectNewAccount(), query)).pagination.limit).toBe(limit);
  });

  test.each(["?limit=-1", "?limit=ten", "?offset=-1", "?offset=1.5", "?status=done"])(
    "%s is 400",
    async (query) => {
      expect(await connect(stack).ask(`/v1/jobs${query}`)).toEqual({
        status: 400,
        body: { success: false, error: expect.stringMatching(/\S/) },
      });
    },
  );

  test("has jobs of this account and this dialect only", async () => {
    const [client, other] = await Promise.all([connectNewAccount(), connectNewAccount()]);
    const jobId = await queue(client);
    await queue(other);
    const form = toForm([{ name: "a.png", bytes: png }], { output_format: "jpg" });
    const native = await submit(stack, form);
    const { id } = (await native.json()) as { id: string };
    expect(await idsOf(client, "")).toEqual([jobId]);
    expect(await idsOf(connect(stack), "")).not.toContain(id);
  });
});

describe("a status filter", () => {
  test("is exact for live jobs, of which the database does not know", async () => {
    const client = await connectNewAccount();
    const uploading = (await client.open()).job_id;
    const [processing, queued, failed] = [
      await queue(client),
      await queue(client),
      await queue(client),
    ];
    await trackerOf(processing).claim();
    const claim = await trackerOf(failed).claim();
    const error = { code: "invalid_image", message: "The picture is broken." } as const;
    if (claim.kind === "granted") await trackerOf(failed).fail(claim.attempt, error, false);

    expect((await list(client)).jobs.map(({ id, status }) => [id, status])).toEqual([
      [failed, "failed"],
      [queued, "queued"],
      [processing, "processing"],
      [uploading, "uploading"],
    ]);
    for (const [status, id] of Object.entries({ uploading, queued, processing, failed })) {
      const { jobs } = await list(client, `?status=${status}`);
      expect(jobs).toEqual([await client.job(id)]);
    }
    expect(await idsOf(client, "?status=completed")).toEqual([]);
    expect(await idsOf(client, "?status=expired")).toEqual([]);
  });

  test("pages what it leaves", async () => {
    const client = await connectNewAccount();
    const [first, second, third] = [await queue(client), await queue(client), await queue(client)];
    await makeJobs(client, 2);
    await trackerOf(second).claim();
    expect(await idsOf(client, "?status=queued")).toEqual([third, first]);
    expect(await idsOf(client, "?status=queued&limit=1")).toEqual([third]);
    expect(await idsOf(client, "?status=queued&limit=1&offset=1")).toEqual([first]);
  });

  test("finds jobs whose time is over as expired, and no more as what they were", async () => {
    const client = await connectNewAccount();
    const [expired, uploading] = (await makeJobs(client, 2)) as [string, string];
    await stack.env.DB.prepare(
      "UPDATE jobs SET expires_at = 1, spec = json_set(spec, '$.expiresAt', 1) WHERE id = ?",
    )
      .bind(expired)
      .run();
    expect(await idsOf(client, "?status=expired")).toEqual([expired]);
    expect(await idsOf(client, "?status=uploading")).toEqual([uploading]);
    expect((await list(client, "?status=expired")).jobs[0]).toMatchObject({ is_expired: true });
  });
});
