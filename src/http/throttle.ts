import { createMiddleware } from "hono/factory";
import { AppError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";

/**
 * The key's rate limit, with the fields of draft-ietf-httpapi-ratelimit-headers: `q` requests a
 * `w`indow of seconds, `r` left, another one in `t` seconds.
 * @throws AppError rate_limited
 */
export const throttle = createMiddleware<HttpEnv>(async (c, next) => {
  const { keyId, plan } = c.get("caller");
  if (plan.requestsPerMinute === null) return next();
  const { allowed, remaining, nextS } = await c.env.RATE_LIMITS.getByName(keyId).take(
    plan.requestsPerMinute,
  );
  c.header("RateLimit-Policy", `"key";q=${plan.requestsPerMinute};w=60`);
  c.header("RateLimit", `"key";r=${remaining};t=${nextS}`);
  if (!allowed) {
    throw new AppError("rate_limited", "Too many requests with this key.", {
      limit_per_minute: plan.requestsPerMinute,
      retry_after_s: nextS,
    });
  }
  await next();
});
