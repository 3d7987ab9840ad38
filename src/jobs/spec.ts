/** How a job is made from what a dialect asks. Pure. */
import { heaviestLane } from "../find-format.ts";
import type { LaneName } from "../format.ts";
import { MAX_SIDE } from "../limits.ts";
import { AUTO, type OutputOptions } from "../pipeline/options.ts";
import type { Plan } from "../plans.ts";
import type { InputFile, JobSpec } from "./job.ts";
import { flatPrice } from "./price.ts";

const HOUR_MS = 3_600_000;

/** What a dialect says of a job; the rest has defaults, or follows from the account's plan. */
export type JobRequest = Pick<JobSpec, "id" | "dialect" | "output"> &
  Partial<Omit<JobSpec, "lane" | "accountId" | "limits" | "expiresAt">> & {
    limits?: Partial<JobSpec["limits"]>;
  };

/** @param request `ttlHours` defaults to the plan's longest */
export function createSpec(
  { accountId, plan }: { accountId: string; plan: Plan },
  request: JobRequest,
): JobSpec {
  const createdAt = request.createdAt ?? Date.now();
  const ttlHours = request.ttlHours ?? plan.maxTtlHours;
  const inputs = request.inputs ?? [];
  return {
    operation: "convert",
    toolSlug: null,
    clientReferenceId: null,
    memo: {},
    awaits: null,
    warnings: [],
    price: flatPrice(Math.max(1, inputs.length), plan.freeConversionsPerDay),
    ...request,
    accountId,
    lane: chooseLane(request.output, inputs),
    createdAt,
    ttlHours,
    expiresAt: createdAt + ttlHours * HOUR_MS,
    inputs,
    limits: {
      maxPixels: plan.maxPixels,
      maxTotalPixels: plan.maxTotalPixels,
      maxSide: MAX_SIDE,
      maxFileBytes: plan.maxFileBytes,
      ...request.limits,
    },
  };
}

/** The same job with inputs that have come since. */
export function withInputs(spec: JobSpec, inputs: readonly InputFile[]): JobSpec {
  const lane = chooseLane(spec.output, inputs);
  return { ...spec, awaits: null, inputs: [...inputs], lane };
}

/** The same job as it may be read later: what opens its files is not kept with them. */
export const withoutSecrets = (spec: JobSpec): JobSpec =>
  spec.output.password ? { ...spec, output: { ...spec.output, password: null } } : spec;

/** The same job, kept for that long from when it was made. */
export const withTtl = (spec: JobSpec, ttlHours: number): JobSpec => ({
  ...spec,
  ttlHours,
  expiresAt: spec.createdAt + ttlHours * HOUR_MS,
});

/** The heaviest lane that the output or one of the inputs needs. */
function chooseLane({ format }: OutputOptions, inputs: readonly InputFile[]): LaneName {
  const named = [format, ...inputs.map((input) => input.format)];
  return heaviestLane(named.filter((name) => name !== null && name !== AUTO));
}
