import { DurableObject } from "cloudflare:workers";
import type { ApiEnv } from "../workers/env.ts";
import { takeToken, type Taken } from "./token-bucket.ts";

/** How old the stored bucket may get: what a restart can forget. */
const PERSIST_MS = 1000;

/** One key's token bucket. It lives in memory and is stored now and then, so that it is cheap. */
export class RateLimit extends DurableObject<ApiEnv> {
  #fullAt = this.ctx.storage.kv.get<number>("fullAt") ?? 0;
  #persistedAt = 0;

  take(perMinute: number): Taken {
    const now = Date.now();
    const { fullAt, taken } = takeToken(this.#fullAt, perMinute, now);
    this.#fullAt = fullAt;
    if (now - this.#persistedAt >= PERSIST_MS) {
      this.#persistedAt = now;
      this.ctx.storage.kv.put("fullAt", fullAt);
    }
    return taken;
  }
}
