/** What jobs cost. */
import type { Charge, JobSpec, JobState, OutputFile, Price } from "./job.ts";

/** One conversion an input. */
export const flatPrice = (conversions: number, freePerDay: number | null): Price => ({
  conversions,
  freePerDay,
  extraPointAbovePx: null,
});

const longestSide = ({ width, height, source }: OutputFile): number =>
  Math.max(width, height, source.width, source.height);

/** Points that a job takes when it succeeds. One that a free conversion pays for takes none. */
export function pointsTaken({ price }: JobSpec, { charge, outputs }: JobState): number {
  const { points }: Charge = charge ?? { free: 0, points: 0 };
  const { extraPointAbovePx } = price;
  if (points === 0 || extraPointAbovePx === null) return points;
  return points + outputs.filter((output) => longestSide(output) > extraPointAbovePx).length;
}
