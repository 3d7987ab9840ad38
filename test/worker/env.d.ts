/// <reference types="@cloudflare/vitest-plugin/types" />
import type { ApiEnv } from "../../src/workers/env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends ApiEnv {}
  }
}
