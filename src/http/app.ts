/** What every dialect's requests pass, whichever answers them. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { AppError, toAppError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";
import type { App, Dialect } from "./dialect.ts";
import { drainBody } from "./drain-body.ts";
import { missingRoute } from "./method-not-allowed.ts";
import { requestId } from "./request-id.ts";
import { securityHeaders } from "./security-headers.ts";

/** Headers that scripts of other origins may read. */
const EXPOSED = [
  "Content-Disposition",
  "ETag",
  "Idempotency-Replayed",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Cost",
  "X-Credits-Consumed",
  "X-Generation-Time",
  "X-Rate-Limit-Reset-At-UTC",
  "X-Remaining-Credits",
  "X-Request-Id",
];

/** For errors that may go away by themselves. */
const RETRY_AFTER_S = 5;

/**
 * An app with the routes of the dialects. Errors, whatever was thrown, are rendered by the first
 * dialect that owns the request, or else by the last one.
 */
export function createApp(dialects: readonly [...Dialect[], Dialect]): App {
  const app: App = new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw toInvalid(result.target);
    },
  });
  const answer = (c: Context<HttpEnv>, thrown: unknown): Response => {
    const error = toAppError(thrown);
    if (error.traits.report) {
      console.error(`request ${c.get("requestId")}: ${error.code}`, error.cause ?? error);
    }
    setErrorHeaders(c, error);
    const owner = dialects.find(({ owns }) => owns(c.req.method, c.req.path)) ?? dialects.at(-1);
    return (owner as Dialect).renderError(c, error);
  };
  app.use(requestId, securityHeaders, cors({ origin: "*", exposeHeaders: EXPOSED }), drainBody);
  // Hono's onError sees instances of Error only.
  app.use(
    createMiddleware<HttpEnv>(async (c, next) => {
      try {
        await next();
      } catch (thrown) {
        c.res = answer(c, thrown);
      }
    }),
  );
  app.onError((error, c) => answer(c, error));
  const describeMissing = missingRoute(app);
  app.notFound((c) => answer(c, describeMissing(c)));
  for (const dialect of dialects) dialect.register(app);
  return app;
}

/** What HTTP wants beside the body, whatever the dialect. */
function setErrorHeaders(c: Context<HttpEnv>, { traits, details }: AppError): void {
  if (traits.status === 401) c.header("WWW-Authenticate", 'Bearer realm="pixmill"');
  if (traits.status === 416) c.header("Content-Range", `bytes */${details["size_bytes"]}`);
  if (traits.retryable) {
    c.header("Retry-After", String(details["retry_after_s"] ?? RETRY_AFTER_S));
  }
}

/** A path that does not fit its pattern names nothing; other parts of a request are parameters. */
const toInvalid = (target: string): AppError =>
  target === "param"
    ? new AppError("not_found", "There is nothing at this path.")
    : new AppError("invalid_parameter", `The request's ${target} is invalid.`);
