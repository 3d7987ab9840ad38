/** One frame of an animation as a picture of its own. */
import { AppError } from "../errors.ts";
import type { Animation, Source, Strip } from "./picture.ts";

/**
 * @param frame from 1 on
 * @returns a source without movement; what is still has one frame
 * @throws AppError invalid_parameter where there is no such frame, unsupported_feature where it
 *   cannot be read
 */
export function pickFrame(source: Source, frame: number): Source {
  const { animation, frames, regions: _regions, ...still } = source;
  if (frame > frames) {
    const count = frames === 1 ? "one frame" : `${frames} frames`;
    throw new AppError(
      "invalid_parameter",
      `There is no frame ${frame}: the picture has ${count}.`,
      { frames },
    );
  }
  if (!animation && frame > 1) {
    throw new AppError(
      "unsupported_feature",
      `Only the first frame of this ${source.format} file can be read.`,
    );
  }
  if (!animation) return { ...still, frames: 1 };
  const { width, height, icc } = still;
  const info = { width, height, channels: 4, icc } as const;
  return {
    ...still,
    ...info,
    frames: 1,
    scales: [1],
    memory: (plan) => animation.memory(plan),
    picture: (plan, workspace) =>
      Promise.resolve({
        ...info,
        strips: stripsOfFrame(animation.frames(plan, workspace), frame),
      }),
  };
}

/**
 * Frames build on those before them, which are decoded for that.
 * @param wanted from 1 on
 * @throws AppError invalid_image where it never comes
 */
export async function* stripsOfFrame(
  frames: ReturnType<Animation["frames"]>,
  wanted: number,
): AsyncGenerator<Strip, void, undefined> {
  let number = 0;
  for await (const { strips } of frames) {
    number++;
    if (number === wanted) return yield* strips;
  }
  throw new AppError("invalid_image", "The animation has lost frames.");
}
