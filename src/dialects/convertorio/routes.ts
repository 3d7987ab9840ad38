/** Convertorio's routes. They are declared by hand: `openapi` would hold the body in memory. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { AppError } from "../../errors.ts";
import { authenticate } from "../../http/authenticate.ts";
import type { HttpEnv } from "../../http/context.ts";
import type { App } from "../../http/dialect.ts";
import { signDownload } from "../../http/files.ts";
import { listJobs } from "../../http/list-jobs.ts";
import { json, SECURITY } from "../../http/openapi.ts";
import { throttle } from "../../http/throttle.ts";
import type { Job } from "../../jobs/job.ts";
import { MAX_OUTPUTS } from "../../limits.ts";
import { findAccount } from "../../stores/accounts.ts";
import { confirmUpload, findCallersJob, requestUpload } from "./conversions.ts";
import { readListRequest } from "./request.ts";
import { toAccountBody, toJobBody } from "./response.ts";
import {
  ACCOUNT_ANSWER,
  CONFIRM_REQUEST,
  CONFIRMED,
  ERROR_BODY,
  JOB_LIST,
  STATUSES,
  UPLOAD_REQUEST,
  UPLOAD_URL,
  type JobBody,
} from "./schemas.ts";

/**
 * The page's paid tier, that of an account with points, has no rate limit. Its free tier has one,
 * but as many conversions at once as one likes: confirming and polling them counts for nothing.
 */
const throttleFree = createMiddleware<HttpEnv>((c, next) =>
  c.get("caller").points > 0 ? next().then(() => undefined) : throttle(c, next),
);

const TAGS = ["Convertorio"];

const error = (description: string) => json(description, ERROR_BODY);

const COMMON = {
  400: error("The request is invalid."),
  401: error("The key is missing, unknown or revoked."),
  403: error("The account is suspended, or the key's scopes exclude the call."),
  429: error("Too many requests with this key."),
  500: error("Something went wrong on our side."),
};

const body = (schema: z.ZodType) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

const UPLOAD = createRoute({
  method: "post",
  path: "/v1/convert/upload-url",
  operationId: "requestUploadUrl",
  tags: TAGS,
  summary: "Request a URL to upload a file to",
  security: SECURITY,
  request: body(UPLOAD_REQUEST),
  responses: { 200: json("Where to PUT the file, within ten minutes.", UPLOAD_URL), ...COMMON },
});

const CONFIRM = createRoute({
  method: "post",
  path: "/v1/convert/confirm",
  operationId: "confirmUpload",
  tags: TAGS,
  summary: "Queue the conversion of an uploaded file",
  security: SECURITY,
  request: body(CONFIRM_REQUEST),
  responses: {
    200: json("It is queued, or was before.", CONFIRMED),
    ...COMMON,
    402: error("The account has no conversions left."),
    404: error("There is no such job."),
    413: error("The file is larger than announced, or than 20 MiB. It has been removed."),
  },
});

const LIST = createRoute({
  method: "get",
  path: "/v1/jobs",
  operationId: "listJobs",
  tags: TAGS,
  summary: "List Convertorio jobs, the newest first",
  security: SECURITY,
  request: {
    query: z.object({
      limit: z.int().min(0).default(50).openapi({ description: "100 at most." }).optional(),
      offset: z.int().min(0).optional(),
      status: z.enum(STATUSES).optional(),
    }),
  },
  responses: { 200: json("A page of jobs as they are now.", JOB_LIST), ...COMMON },
});

const GET_ACCOUNT = createRoute({
  method: "get",
  path: "/v1/account",
  operationId: "getAccount",
  tags: TAGS,
  summary: "Read the account and its balance",
  security: SECURITY,
  responses: { 200: json("The account.", ACCOUNT_ANSWER), ...COMMON },
});

/** In OpenAPI this is the native API's /v1/jobs/{id}: one path is described once. */
const JOB_PATH = "/v1/jobs/:id{[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}}";

export function registerRoutes(app: App): void {
  for (const route of [UPLOAD, CONFIRM, LIST, GET_ACCOUNT]) app.openAPIRegistry.registerPath(route);
  app.post(UPLOAD.path, authenticate("convert"), throttleFree, requestUpload);
  app.post(CONFIRM.path, authenticate("convert"), confirmUpload);
  app.get(LIST.path, authenticate("read"), throttleFree, (c) => sendJobs(c));
  app.get(JOB_PATH, authenticate("read"), (c) => sendJob(c, c.req.param("id")));
  // Others would be the native API's, for other ids.
  app.all(JOB_PATH, (c) => {
    c.header("Allow", "GET, HEAD, OPTIONS");
    throw new AppError("method_not_allowed", `This path does not take ${c.req.method}.`);
  });
  app.get(GET_ACCOUNT.path, authenticate("read"), throttleFree, (c) => sendAccount(c));
}

async function sendJob(c: Context<HttpEnv>, jobId: string): Promise<Response> {
  const job = await findCallersJob(c, jobId);
  return c.json({ success: true, job: await showJob(c, job, MAX_OUTPUTS) });
}

/** @param maxLinks how many of its outputs get a URL */
async function showJob(c: Context<HttpEnv>, job: Job, maxLinks: number): Promise<JobBody> {
  const outputs = job.status === "succeeded" ? job.outputs.slice(0, maxLinks) : [];
  return toJobBody(job, await Promise.all(outputs.map((output) => signDownload(c, job, output))));
}

async function sendJobs(c: Context<HttpEnv>): Promise<Response> {
  const { limit, offset, statuses } = readListRequest(c.req.query());
  const query = { dialect: "convertorio", statuses, limit, offset } as const;
  const found = await listJobs(c.env, c.get("caller").accountId, query);
  const jobs = await Promise.all(found.map((job) => showJob(c, job, 1)));
  return c.json({ success: true, jobs, count: jobs.length, pagination: { limit, offset } });
}

async function sendAccount(c: Context<HttpEnv>): Promise<Response> {
  const account = await findAccount(c.env.DB, c.get("caller").accountId);
  if (!account) throw new AppError("not_found", "There is no such account.");
  const shown = toAccountBody(account);
  return c.json({ success: true, ...shown, account: shown });
}
