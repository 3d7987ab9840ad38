/** Drawings whose size nobody asked for are as large as there is memory for. Pure. */
import type { ResolvedOptions } from "./options.ts";
import type { Source } from "./picture.ts";
import type { Plan } from "./plan.ts";

/** What is left of each side from one attempt to the next. */
const STEP = 0.9;
/** Below this it is not the drawing's size that takes the memory. */
const LEAST_REDUCTION = 0.1;

/**
 * @param plan makes it with so much of each side
 * @returns the first that needs no more than `memoryBytes`, or the one of `reduction`
 */
export function fitDrawing(
  source: Source,
  { width, height, dpi }: ResolvedOptions,
  memoryBytes: number,
  plan: (reduction: number) => Plan,
  reduction: number,
): Plan {
  const asked = plan(reduction);
  if (!source.isDrawing || (width ?? height ?? dpi) !== null) return asked;
  let fitting = asked;
  for (let left = reduction; fitting.memoryBytes > memoryBytes; fitting = plan(left)) {
    left *= STEP;
    if (left < LEAST_REDUCTION) return asked;
  }
  if (fitting === asked) return asked;
  const size = ({ output }: Plan) => `${output.width}×${output.height}`;
  const message = `The drawing was made ${size(fitting)} pixels instead of ${size(asked)}, the most there is memory for.`;
  return { ...fitting, warnings: [...fitting.warnings, { code: "drawn_smaller", message }] };
}
