/** Requests that are submitted, and asked about until they end; what is left to spend. */
import type { Context } from "hono";
import { AppError } from "../../errors.ts";
import type { HttpEnv } from "../../http/context.ts";
import { signDownload } from "../../http/files.ts";
import { publicOrigin } from "../../http/links.ts";
import { findJob } from "../../http/lookup.ts";
import { isFinal, type Job } from "../../jobs/job.ts";
import { findAccount } from "../../stores/accounts.ts";
import {
  isFailed,
  toCredits,
  toFailure,
  toLinks,
  toMetrics,
  toResult,
  toStatus,
} from "./response.ts";
import type { Metrics } from "./schemas.ts";
import { submit } from "./submit.ts";

type Handler = (c: Context<HttpEnv>) => Promise<Response>;

export const handleSubmit: Handler = async (c) => {
  const { id } = await submit(c);
  const links = toLinks(publicOrigin(c), id);
  return c.json({ request_id: id, status: "QUEUED", ...links }, 200);
};

type Show = (c: Context<HttpEnv>, job: Job, metrics: Metrics) => Response | Promise<Response>;

/** One that failed looks the same wherever it is asked for. @throws AppError not_found */
const send =
  (show: Show): Handler =>
  async (c) => {
    const { accountId, plan } = c.get("caller");
    const job = await findJob(c.env, accountId, "segmind", c.req.param("id") ?? "");
    if (job.status === "expired") throw new AppError("job_expired", "This request has expired.");
    const metrics = isFinal(job.status)
      ? toMetrics(job, toCredits(await findAccount(c.env.DB, accountId), plan))
      : {};
    if (isFailed(job)) return c.json(toFailure(job, metrics), 422);
    return await show(c, job, metrics);
  };

const showStatus: Show = (c, job, metrics) => c.json(toStatus(job, publicOrigin(c), metrics), 200);

export const sendStatus = send(showStatus);

export const sendResult = send(async (c, job, metrics) => {
  const [output] = job.outputs;
  if (!output) return await showStatus(c, job, metrics);
  return c.json(toResult(job, output, await signDownload(c, job, output), metrics), 200);
});

export async function sendCredits(c: Context<HttpEnv>) {
  const { accountId, plan } = c.get("caller");
  const account = await findAccount(c.env.DB, accountId);
  const credits = {
    remaining: toCredits(account, plan),
    used: account?.totalConversions ?? 0,
  };
  // The MCP client reads the members of `data`, and others those of the body.
  return c.json({ credits, data: { credits } }, 200);
}
