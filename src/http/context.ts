import type { Plan } from "../plans.ts";
import type { ApiEnv } from "../workers/env.ts";

/** Whose key a request carries. */
export interface Caller {
  accountId: string;
  keyId: string;
  plan: Plan;
  /** The account's balance when the request came. */
  points: number;
}

/** What Hono's context carries through the api Worker. `caller` is set behind `authenticate`. */
export interface HttpEnv {
  Bindings: ApiEnv;
  Variables: { requestId: string; caller: Caller };
}
