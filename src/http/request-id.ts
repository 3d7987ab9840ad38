import { createMiddleware } from "hono/factory";
import type { HttpEnv } from "./context.ts";

/** Names the request in its answer and in the logs. */
export const requestId = createMiddleware<HttpEnv>(async (c, next) => {
  c.set("requestId", crypto.randomUUID());
  await next();
  c.header("X-Request-Id", c.get("requestId"));
});
