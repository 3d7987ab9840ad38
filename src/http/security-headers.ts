import { createMiddleware } from "hono/factory";
import type { HttpEnv } from "./context.ts";

/** Answers are data: never sniffed, framed, scripted or kept by shared caches. */
export const securityHeaders = createMiddleware<HttpEnv>(async (c, next) => {
  await next();
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  c.header("Referrer-Policy", "no-referrer");
  if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
});
