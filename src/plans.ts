/** What each plan allows. A plan is a word in the accounts table; an unknown word is the free plan. */
import { MAX_PIXELS, MIB } from "./limits.ts";

export interface Plan {
  /** Of one input file. */
  maxFileBytes: number;
  /** Of one frame or page. */
  maxPixels: number;
  /** Of all pages or frames together that are taken of one file. */
  maxTotalPixels: number;
  /** Requests a key may make, at once and then each minute; null is no limit. */
  requestsPerMinute: number | null;
  /** Longest time that files are kept. */
  maxTtlHours: number;
  /** Conversions a day (UTC) that cost no points; null is no limit. */
  freeConversionsPerDay: number | null;
}

export const PLANS = {
  free: {
    maxFileBytes: 20 * MIB,
    maxPixels: MAX_PIXELS,
    maxTotalPixels: 5 * MAX_PIXELS,
    requestsPerMinute: 60,
    maxTtlHours: 24,
    freeConversionsPerDay: 5,
  },
  pro: {
    maxFileBytes: 100 * MIB,
    maxPixels: MAX_PIXELS,
    maxTotalPixels: 25 * MAX_PIXELS,
    requestsPerMinute: 600,
    maxTtlHours: 24,
    freeConversionsPerDay: 1000,
  },
  unlimited: {
    maxFileBytes: 100 * MIB,
    maxPixels: MAX_PIXELS,
    maxTotalPixels: 25 * MAX_PIXELS,
    requestsPerMinute: null,
    maxTtlHours: 24,
    freeConversionsPerDay: null,
  },
} as const satisfies Record<string, Plan>;

export type PlanName = keyof typeof PLANS;

export function findPlan(name: string): Plan {
  return Object.hasOwn(PLANS, name) ? PLANS[name as PlanName] : PLANS.free;
}
