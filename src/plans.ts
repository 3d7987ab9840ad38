/** What each plan allows. A plan is a word in the accounts table; an unknown word is the free plan. */
import { MAX_PIXELS, MIB } from "./limits.ts";

export interface Plan {
  /** Of one input file. */
  maxFileBytes: number;
  /** Of one frame or page. */
  maxPixels: number;
  /** Requests a key may make, at once and then each minute; null is no limit. */
  requestsPerMinute: number | null;
  /** Longest time that files are kept. */
  maxTtlHours: number;
}

export const PLANS = {
  free: { maxFileBytes: 20 * MIB, maxPixels: MAX_PIXELS, requestsPerMinute: 60, maxTtlHours: 24 },
  pro: { maxFileBytes: 100 * MIB, maxPixels: MAX_PIXELS, requestsPerMinute: 600, maxTtlHours: 24 },
  unlimited: {
    maxFileBytes: 100 * MIB,
    maxPixels: MAX_PIXELS,
    requestsPerMinute: null,
    maxTtlHours: 24,
  },
} as const satisfies Record<string, Plan>;

export type PlanName = keyof typeof PLANS;

export function findPlan(name: string): Plan {
  return Object.hasOwn(PLANS, name) ? PLANS[name as PlanName] : PLANS.free;
}
