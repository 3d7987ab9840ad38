/** Segmind's routes. */
import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../../http/authenticate.ts";
import type { App } from "../../http/dialect.ts";
import { binary, json, SECURITY } from "../../http/openapi.ts";
import { throttle } from "../../http/throttle.ts";
import { handleConvert } from "./convert.ts";
import { handleSubmit, sendCredits, sendResult, sendStatus } from "./requests.ts";
import {
  CONVERTED,
  CREDITS,
  CONVERTER_REQUEST,
  ERROR,
  FAILED,
  RESULT,
  STATUS,
  SUBMITTED,
} from "./schemas.ts";

const TAG = "Segmind";
const CONVERTING = [authenticate("convert"), throttle] as const;
const READING = [authenticate("read"), throttle] as const;

const error = (description: string) => json(description, ERROR);

const BODY = { required: true, content: { "application/json": { schema: CONVERTER_REQUEST } } };
const COMMON = {
  401: error("The key is missing, unknown or revoked."),
  403: error("The account is suspended, or the key's scopes exclude the call."),
  429: error("Too many requests; `x-rate-limit-reset-at-utc` says until when."),
  500: error("Internal error."),
  502: error("Temporarily unavailable."),
};
const REFUSALS = {
  400: error("A member is missing or invalid, or the image cannot be converted."),
  406: error("No credits are left, or the body is not JSON."),
  ...COMMON,
};

const CONVERT = createRoute({
  method: "post",
  path: "/v1/image-converter",
  operationId: "segmindConvert",
  tags: [TAG],
  summary: "Convert an image in one call",
  security: SECURITY,
  request: { body: BODY },
  responses: {
    200: {
      description: "The image, or JSON where `Accept` prefers that.",
      content: {
        "image/*": { schema: binary },
        "application/json": { schema: CONVERTED },
      },
    },
    504: error("It took longer than 60 seconds."),
    ...REFUSALS,
  },
});

const SUBMIT = createRoute({
  method: "post",
  path: "/v2/image-converter",
  operationId: "segmindSubmit",
  tags: [TAG],
  summary: "Submit an image",
  security: SECURITY,
  request: { body: BODY },
  responses: { 200: json("It is accepted.", SUBMITTED), ...REFUSALS },
});

const POLLED = {
  security: SECURITY,
  tags: [TAG],
  request: {
    params: z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) }),
  },
};
const POLL_REFUSALS = {
  404: error("There is no such request, or it has expired."),
  422: json("The request has failed.", FAILED),
  ...COMMON,
};

const GET_STATUS = createRoute({
  method: "get",
  path: "/v2/requests/{id}/status",
  operationId: "segmindStatus",
  summary: "Read the status of a request",
  ...POLLED,
  responses: { 200: json("Where it stands.", STATUS), ...POLL_REFUSALS },
});

const getResult = (path: string, operationId: string) =>
  createRoute({
    method: "get",
    path,
    operationId,
    summary: "Read the result of a request",
    ...POLLED,
    responses: {
      200: json("The result, or its status until there is one.", z.union([RESULT, STATUS])),
      ...POLL_REFUSALS,
    },
  });

const GET_CREDITS = createRoute({
  method: "get",
  path: "/v1/credits",
  operationId: "segmindCredits",
  tags: [TAG],
  summary: "Read what is left to spend",
  security: SECURITY,
  middleware: [...READING],
  responses: { 200: json("Credits, and conversions that succeeded so far.", CREDITS), ...COMMON },
});

const GET_HEALTH = createRoute({
  method: "get",
  path: "/v1/health",
  operationId: "segmindHealth",
  tags: [TAG],
  summary: "Tell whether the service answers",
  security: [],
  responses: { 200: json("It does.", z.object({ status: z.literal("ok") })) },
});

export function registerRoutes(app: App): void {
  // Declared by hand: `openapi` would validate the body, and hold it in memory for that.
  app.openAPIRegistry.registerPath(CONVERT);
  app.post(CONVERT.getRoutingPath(), ...CONVERTING, handleConvert);
  app.openAPIRegistry.registerPath(SUBMIT);
  app.post(SUBMIT.getRoutingPath(), ...CONVERTING, handleSubmit);

  app.openAPIRegistry.registerPath(GET_STATUS);
  app.get(GET_STATUS.getRoutingPath(), ...READING, sendStatus);
  for (const route of [
    getResult("/v2/requests/{id}", "segmindResult"),
    getResult("/v1/requests/{id}", "segmindPoll"),
  ]) {
    app.openAPIRegistry.registerPath(route);
    app.get(route.getRoutingPath(), ...READING, sendResult);
  }

  app.openapi(GET_CREDITS, sendCredits);
  app.openapi(GET_HEALTH, (c) => c.json({ status: "ok" } as const, 200));
}
