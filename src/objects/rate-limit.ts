import { DurableObject } from "cloudflare:workers";
import type { ApiEnv } from "../workers/env.ts";
import { takeToken, type Rate, type Taken } from "./token-bucket.ts";

/** How old the stored bucket may get: what a restart can forget. */
const PERSIST_MS = 1000;

/** One token bucket. It lives in memory and is stored now and then, so that it is cheap. */
export class RateLimit extends DurableObject<ApiEnv> {
  #fullAt = this.ctx.storage.kv.get<number>("fullAt") ?? 0;
  #persistedAt = 0;

  take(rate: Rate): Taken {
    const now = Date.now();
    const { fullAt, taken } = takeToken(this.#fullAt, rate, now);
    this.#fullAt = fullAt;
    if (now - this.#persistedAt >= PERSIST_MS) {
      this.#persistedAt = now;
      this.ctx.storage.kv.put("fullAt", fullAt);
    }
    return taken;
  }
}
