/** One frame of an animation as a picture of its own. */
import { AppError } from "../errors.ts";
import type { Workspace } from "./memory.ts";
import type { Animation, DecodePlan, Picture, Source, Strip } from "./picture.ts";

/**
 * Plays up to the frame, which lasts until its strips end.
 * @param index from 0 on
 * @throws what the animation throws; AppError invalid_image where it has fewer frames
 */
export async function playTo(
  animation: Animation,
  index: number,
  plan: DecodePlan,
  workspace: Workspace,
): Promise<Picture> {
  const frames = animation.frames(plan, workspace)[Symbol.asyncIterator]();
  for (let skipped = 0; ; skipped++) {
    const { value: frame } = await frames.next();
    if (!frame) throw new AppError("invalid_image", "The animation has lost frames.");
    if (skipped < index) continue;
    const { width, height, channels, icc } = frame;
    return { ...{ width, height, channels, icc }, strips: endWith(frame.strips, frames) };
  }
}

async function* endWith(
  strips: AsyncIterable<Strip>,
  frames: AsyncIterator<unknown>,
): AsyncGenerator<Strip, void, undefined> {
  try {
    yield* strips;
  } finally {
    await frames.return?.();
  }
}

/** The source as if it were that frame, and no animation. @param index from 0 to `frames` - 1 */
export function frameOf({ animation, ...source }: Source, index: number): Source {
  if (!animation) return source;
  const still = { ...source, frames: 1, scales: [1] };
  if (index === 0) return still;
  return {
    ...still,
    channels: 4,
    memory: (plan) => animation.memory(plan),
    picture: (_index, plan, workspace) => playTo(animation, index, plan, workspace),
  };
}
