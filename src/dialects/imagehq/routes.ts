/** ImageHQ's routes, declared once for the router and for the OpenAPI document. */
import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../../http/authenticate.ts";
import type { App } from "../../http/dialect.ts";
import { binary, json, SECURITY } from "../../http/openapi.ts";
import { throttle } from "../../http/throttle.ts";
import { handleConvert } from "./convert.ts";
import { FORMAT_LIST, listFormats } from "./formats.ts";
import { cancelJob, findCallersJob, removeJob, sendEvents, sendOutputs } from "./jobs.ts";
import { toJobBody } from "./response.ts";
import { CONVERT_REQUEST, JOB, PROBLEM, QUEUED_JOB } from "./schemas.ts";

const CONVERTING = [authenticate("convert"), throttle] as const;
const READING = [authenticate("read"), throttle] as const;

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: PROBLEM } },
});

const jobId = z.object({
  id: z
    .string()
    .regex(/^job_[0-9a-z]{1,64}$/)
    .openapi({ param: { name: "id", in: "path" } }),
});
const UNAUTHORIZED = {
  401: problem("The key is missing, unknown or revoked."),
  403: problem("The account is suspended, or the key's scopes exclude the call."),
};
const LIMITED = { 429: problem("Too many requests with this key.") };
const NOT_FOUND = { 404: problem("There is no such job.") };
const COMMON = { ...UNAUTHORIZED, ...NOT_FOUND, ...LIMITED };

const CONVERT = createRoute({
  method: "post",
  path: "/v1/convert",
  operationId: "convert",
  tags: ["Convert"],
  summary: "Convert one or more images",
  description:
    "Multipart with `files[]` and `request`, in any order, one file as the raw body with the request text in the query or in X-Pixmill-Request, or JSON with `input_url`.",
  security: SECURITY,
  request: {
    query: z.object({
      request: z.string().optional().openapi({ description: "For a raw body: ConvertRequest." }),
      filename: z.string().optional().openapi({ description: "For a raw body." }),
    }),
    headers: z.object({
      "Idempotency-Key": z.string().max(255).optional(),
      Prefer: z.string().optional().openapi({ example: "wait=30" }),
      "X-Pixmill-Request": z.string().optional(),
    }),
    body: {
      required: true,
      content: {
        "multipart/form-data": {
          schema: z.object({ "files[]": z.array(binary), request: CONVERT_REQUEST.optional() }),
        },
        "application/json": { schema: CONVERT_REQUEST },
        "application/octet-stream": { schema: binary },
      },
    },
  },
  responses: {
    200: json("The job has ended within the time of `Prefer: wait=N`.", JOB),
    202: json("The job is accepted.", QUEUED_JOB),
    400: problem("malformed_request, missing_file, empty_file or too_many_files."),
    402: problem("The account has no conversions left."),
    409: problem("The first request with this Idempotency-Key is still being read."),
    413: problem("A file is larger than the plan allows."),
    415: problem("A file is in no format that can be read."),
    422: problem("A member is invalid, or the Idempotency-Key belongs to another request."),
    ...UNAUTHORIZED,
    ...LIMITED,
  },
});

const GET_JOB = createRoute({
  method: "get",
  path: "/v1/jobs/{id}",
  operationId: "getJob",
  tags: ["Jobs"],
  summary: "Read a job",
  security: SECURITY,
  middleware: [...READING],
  request: { params: jobId },
  responses: { 200: json("The job as it is now.", JOB), ...COMMON },
});

const DELETE_JOB = createRoute({
  method: "delete",
  path: "/v1/jobs/{id}",
  operationId: "deleteJob",
  tags: ["Jobs"],
  summary: "Delete a job and its files",
  description: "A job that has not ended is canceled first.",
  security: SECURITY,
  middleware: [...CONVERTING],
  request: { params: jobId },
  responses: { 204: { description: "It is gone." }, ...COMMON },
});

const CANCEL_JOB = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/cancel",
  operationId: "cancelJob",
  tags: ["Jobs"],
  summary: "Cancel a job",
  security: SECURITY,
  middleware: [...CONVERTING],
  request: { params: jobId },
  responses: {
    200: json("The job, canceled now or before.", JOB),
    409: problem("The job had already ended."),
    ...COMMON,
  },
});

const DOWNLOAD = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/download",
  operationId: "downloadOutputs",
  tags: ["Jobs"],
  summary: "Download the outputs",
  description: "One output is sent as the file, with ranges; several are sent as a ZIP.",
  security: SECURITY,
  middleware: [...READING],
  request: {
    params: jobId,
    query: z.object({
      output: z
        .string()
        .optional()
        .openapi({
          param: { name: "output", in: "query" },
          description: "The `id` of one output.",
        }),
    }),
  },
  responses: {
    200: {
      description: "The file, or a ZIP of all.",
      content: { "image/*": { schema: binary }, "application/zip": { schema: binary } },
    },
    206: { description: "The range that was asked for." },
    304: { description: "If-None-Match names the file that it is." },
    409: problem("The job is not finished, or was not successful."),
    410: problem("The job has expired."),
    416: problem("The range lies outside of the file."),
    ...COMMON,
  },
});

const EVENTS = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/events",
  operationId: "watchJob",
  tags: ["Jobs"],
  summary: "Watch a job",
  description: "Server-sent events: `progress`, then one named by the final status.",
  security: SECURITY,
  middleware: [...READING],
  request: { params: jobId },
  responses: {
    200: { description: "Events.", content: { "text/event-stream": { schema: z.string() } } },
    410: problem("The job has expired."),
    ...COMMON,
  },
});

const FORMAT_ROUTE = createRoute({
  method: "get",
  path: "/v1/formats",
  operationId: "listFormats",
  tags: ["Service"],
  summary: "List the formats that are read and written",
  description: "With their options and limits. Needs no key.",
  security: [],
  responses: { 200: json("Every format.", FORMAT_LIST) },
});

/** It changes with a deployment only, which nobody needs to know at once. */
const FORMATS_MAX_AGE_S = 300;

export function registerRoutes(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-KEY",
  });
  // Declared by hand: `openapi` would validate the body, and hold it in memory for that.
  app.openAPIRegistry.registerPath(CONVERT);
  app.post(CONVERT.getRoutingPath(), ...CONVERTING, handleConvert);
  app.openapi(FORMAT_ROUTE, (c) => {
    c.header("Cache-Control", `public, max-age=${FORMATS_MAX_AGE_S}`);
    return c.json(listFormats(), 200);
  });
  app.openapi(GET_JOB, async (c) =>
    c.json(toJobBody(await findCallersJob(c, c.req.valid("param").id)), 200),
  );
  app.openapi(DELETE_JOB, (c) => removeJob(c, c.req.valid("param").id));
  app.openapi(CANCEL_JOB, async (c) =>
    c.json(toJobBody(await cancelJob(c, c.req.valid("param").id)), 200),
  );
  app.openapi(DOWNLOAD, (c) =>
    sendOutputs(c, c.req.valid("param").id, c.req.valid("query").output),
  );
  app.openapi(EVENTS, (c) => sendEvents(c, c.req.valid("param").id));
}
