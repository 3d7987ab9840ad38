import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { AppError } from "../errors.ts";
import { findPlan } from "../plans.ts";
import type { Scope } from "../scopes.ts";
import { findAccountByKey, touchKey } from "../stores/keys.ts";
import type { Caller, HttpEnv } from "./context.ts";

/** `last_used_at` is this coarse, so that using a key is not a write each time. */
const TOUCH_MS = 60 * 60 * 1000;

/** The key of a request: `Authorization: Bearer KEY`, else `X-API-KEY: KEY`. */
function readKey(headers: Headers): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get("Authorization") ?? "")?.[1];
  return bearer ?? (headers.get("X-API-KEY")?.trim() || undefined);
}

/**
 * Sets `caller`.
 * @param scope what the route needs a key for
 * @throws AppError unauthorized, whose details tell a missing key from an unknown one; forbidden
 */
export const authenticate = (scope: Scope) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    c.set("caller", await findCaller(c, scope));
    await next();
  });

async function findCaller(c: Context<HttpEnv>, scope: Scope): Promise<Caller> {
  const key = readKey(c.req.raw.headers);
  if (key === undefined) {
    throw new AppError(
      "unauthorized",
      "Send your API key as `Authorization: Bearer KEY` or `X-API-KEY: KEY`.",
      { reason: "missing_key" },
    );
  }
  const owner = await findAccountByKey(c.env.DB, key);
  if (!owner) {
    throw new AppError("unauthorized", "This API key is unknown or revoked.", {
      reason: "unknown_key",
    });
  }
  if (owner.suspended) throw new AppError("forbidden", "This account is suspended.");
  if (owner.scopes && !owner.scopes.includes(scope)) {
    throw new AppError("forbidden", `This API key is not allowed to ${scope}.`, { scope });
  }
  const now = Date.now();
  if (owner.lastUsedAt === null || now - owner.lastUsedAt > TOUCH_MS) {
    c.executionCtx.waitUntil(touchKey(c.env.DB, owner.keyId, now));
  }
  const { accountId, keyId, plan, points } = owner;
  return { accountId, keyId, plan: findPlan(plan), points };
}
