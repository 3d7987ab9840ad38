import { createMiddleware } from "hono/factory";
import { MIB } from "../limits.ts";
import { readChunks } from "./body-window.ts";
import type { HttpEnv } from "./context.ts";

/** More than any request that is meant well still has to send. */
const DRAIN_BYTES = 128 * MIB;
const DRAIN_MS = 10_000;

/**
 * Reads what a refused request still sends: a client that is cut off while it sends sees a broken
 * connection and not the answer.
 */
export const drainBody = createMiddleware<HttpEnv>(async (c, next) => {
  await next();
  const { body } = c.req.raw;
  if (c.res.status >= 400 && body && !body.locked) await drain(body);
});

async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  const deadline = Date.now() + DRAIN_MS;
  let seen = 0;
  try {
    for await (const chunk of readChunks(body)) {
      seen += chunk.length;
      if (seen > DRAIN_BYTES || Date.now() > deadline) break;
    }
    await body.cancel();
  } catch {
    // The client has gone; there is nobody left to answer.
  }
}
