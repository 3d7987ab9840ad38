/** PicWish's routes. They are declared by hand: `openapi` would hold the body in memory. */
import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../../http/authenticate.ts";
import type { App } from "../../http/dialect.ts";
import { json, SECURITY } from "../../http/openapi.ts";
import { throttle, throttleBy } from "../../http/throttle.ts";
import { ERROR_BODY, FILE_REQUEST, TASK_BODY, URL_REQUEST } from "./schemas.ts";
import { createTask, queryTask } from "./tasks.ts";

const TASKS = "/api/tasks/visual/imgcompress";

/** PicWish's own limit of new tasks; the plan's limit is for all other requests. */
const throttleCreation = throttleBy("picwish-create", ({ requestsPerMinute }) =>
  requestsPerMinute === null ? null : { capacity: 2, perSecond: 2 },
);

const error = (description: string) => json(description, ERROR_BODY);

const COMMON = {
  200: json("The task. Whether it succeeded is told by `data.state`.", TASK_BODY),
  401: error("The key is missing, unknown or revoked."),
  403: error("The account is suspended, or the key's scopes exclude the call."),
  429: error("Too many requests with this key."),
  500: error("Something went wrong on our side."),
};

const CREATE = createRoute({
  method: "post",
  path: TASKS,
  operationId: "createCompressTask",
  tags: ["PicWish"],
  summary: "Compress an image",
  security: SECURITY,
  request: {
    body: {
      required: true,
      content: {
        "multipart/form-data": { schema: FILE_REQUEST },
        "application/x-www-form-urlencoded": { schema: URL_REQUEST },
        "application/json": { schema: URL_REQUEST },
      },
    },
  },
  responses: {
    ...COMMON,
    400: error("A parameter is invalid, or there is not exactly one image."),
    402: error("The account has no credits left."),
    413: error("The file is larger than 20 MiB."),
  },
});

const QUERY = createRoute({
  method: "get",
  path: `${TASKS}/{task_id}`,
  operationId: "getCompressTask",
  tags: ["PicWish"],
  summary: "Query a task",
  security: SECURITY,
  request: { params: z.object({ task_id: z.uuid() }) },
  responses: { ...COMMON, 404: error("There is no such task, or it has expired.") },
});

export function registerRoutes(app: App): void {
  app.openAPIRegistry.registerPath(CREATE);
  app.post(CREATE.getRoutingPath(), authenticate("convert"), throttleCreation, createTask);
  app.openAPIRegistry.registerPath(QUERY);
  app.get(`${TASKS}/:task_id`, authenticate("read"), throttle, (c) =>
    queryTask(c, c.req.param("task_id")),
  );
}
