/**
 * Signed URLs: they need no key, expire, and are good for one path only. The signature is an
 * HMAC-SHA256 over path and expiry, under a secret that the service makes for itself.
 */
import type { Context } from "hono";
import { AppError } from "../errors.ts";
import { findSecret } from "../stores/secrets.ts";
import type { ApiEnv } from "../workers/env.ts";
import type { HttpEnv } from "./context.ts";

const SECRET = "url-signing";
const ALGORITHM = { name: "HMAC", hash: "SHA-256" } as const;
const encoder = new TextEncoder();

/** Where clients reach the service, without a slash at the end. */
export function publicOrigin(c: Context<HttpEnv>): string {
  return c.env.PUBLIC_URL?.replace(/\/+$/, "") ?? new URL(c.req.url).origin;
}

/**
 * @param path of one of the routes that verify; encoded, without a query
 * @param expiresAt milliseconds since 1970; counts in whole seconds
 * @returns an absolute URL
 */
export async function signLink(
  c: Context<HttpEnv>,
  path: string,
  expiresAt: number,
): Promise<string> {
  const expires = String(Math.floor(expiresAt / 1000));
  const key = await signingKey(c.env);
  const signature = await crypto.subtle.sign(ALGORITHM, key, toMessage(path, expires));
  const query = new URLSearchParams({
    expires,
    signature: Buffer.from(signature).toString("base64url"),
  });
  return `${publicOrigin(c)}${path}?${query}`;
}

/** @throws AppError invalid_signature, link_expired */
export async function verifyLink(c: Context<HttpEnv>): Promise<void> {
  const { pathname, searchParams } = new URL(c.req.url);
  const expires = searchParams.get("expires") ?? "";
  const signature = Buffer.from(searchParams.get("signature") ?? "", "base64url");
  const key = await signingKey(c.env);
  if (!(await crypto.subtle.verify(ALGORITHM, key, signature, toMessage(pathname, expires)))) {
    throw new AppError("invalid_signature", "The signature of this URL is wrong.");
  }
  if (Date.now() >= Number(expires) * 1000) {
    throw new AppError("link_expired", "This URL has expired.");
  }
}

const toMessage = (path: string, expires: string): Uint8Array =>
  encoder.encode(`${path}\n${expires}`);

async function signingKey(env: ApiEnv): Promise<CryptoKey> {
  const secret = await findSecret(env.DB, SECRET);
  return await crypto.subtle.importKey("raw", encoder.encode(secret), ALGORITHM, false, [
    "sign",
    "verify",
  ]);
}
