import { createMiddleware } from "hono/factory";
import { AppError } from "../errors.ts";
import { findPlan } from "../plans.ts";
import { findAccountByKey, touchKey } from "../stores/keys.ts";
import type { HttpEnv } from "./context.ts";

/** `last_used_at` is this coarse, so that using a key is not a write each time. */
const TOUCH_MS = 60 * 60 * 1000;

/** The key of a request: `Authorization: Bearer KEY`, else `X-API-KEY: KEY`. */
function readKey(headers: Headers): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get("Authorization") ?? "")?.[1];
  return bearer ?? (headers.get("X-API-KEY")?.trim() || undefined);
}

/** Sets `caller`. @throws AppError unauthorized, forbidden */
export const authenticate = createMiddleware<HttpEnv>(async (c, next) => {
  const key = readKey(c.req.raw.headers);
  if (key === undefined) {
    throw new AppError(
      "unauthorized",
      "Send your API key as `Authorization: Bearer KEY` or `X-API-KEY: KEY`.",
    );
  }
  const owner = await findAccountByKey(c.env.DB, key);
  if (!owner) throw new AppError("unauthorized", "This API key is unknown or revoked.");
  if (owner.suspended) throw new AppError("forbidden", "This account is suspended.");
  const now = Date.now();
  if (owner.lastUsedAt === null || now - owner.lastUsedAt > TOUCH_MS) {
    c.executionCtx.waitUntil(touchKey(c.env.DB, owner.keyId, now));
  }
  c.set("caller", {
    accountId: owner.accountId,
    keyId: owner.keyId,
    plan: findPlan(owner.plan),
  });
  await next();
});
