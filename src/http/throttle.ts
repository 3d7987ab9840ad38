import { createMiddleware } from "hono/factory";
import { AppError } from "../errors.ts";
import type { Rate } from "../objects/token-bucket.ts";
import type { Plan } from "../plans.ts";
import type { HttpEnv } from "./context.ts";

/**
 * A rate limit of each key, with the fields of draft-ietf-httpapi-ratelimit-headers: `q` requests
 * a `w`indow of seconds, `r` left, another one in `t` seconds.
 * @param name tells a key's limits apart
 * @param rateOf null is no limit
 * @throws AppError rate_limited
 */
export const throttleBy = (name: string, rateOf: (plan: Plan) => Rate | null) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    const { keyId, plan } = c.get("caller");
    const rate = rateOf(plan);
    if (rate === null) return next();
    const bucket = c.env.RATE_LIMITS.getByName(name === KEY ? keyId : `${keyId}/${name}`);
    const { allowed, remaining, nextS } = await bucket.take(rate);
    const windowS = Math.round(rate.capacity / rate.perSecond);
    c.header("RateLimit-Policy", `"${name}";q=${rate.capacity};w=${windowS}`);
    c.header("RateLimit", `"${name}";r=${remaining};t=${nextS}`);
    if (!allowed) {
      throw new AppError("rate_limited", "Too many requests with this key.", {
        limit: rate.capacity,
        window_s: windowS,
        retry_after_s: nextS,
      });
    }
    await next();
  });

const KEY = "key";

/** The plan's limit of all requests. */
export const throttle = throttleBy(KEY, ({ requestsPerMinute }) =>
  requestsPerMinute === null
    ? null
    : { capacity: requestsPerMinute, perSecond: requestsPerMinute / 60 },
);
