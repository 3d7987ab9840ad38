/** Resampling to another size, or a part of it. */
import { createLightTables } from "../colour/light.ts";
import type { FilterName } from "../kernels/filters.ts";
import { findInput, type Part } from "../kernels/resample-layout.ts";
import { resample, resampleBytes, type Resampling } from "../kernels/resampler.ts";
import type { Rect, Size } from "../pipeline/geometry.ts";
import type { PictureInfo } from "../pipeline/picture.ts";
import type { Operation } from "./operation.ts";

/**
 * @param full size that the whole picture takes
 * @param window the part of `full` that is delivered; nothing outside it is computed
 * @param how `linearLight`: whether light is averaged, as lenses do, instead of the values
 * @param extent how much of the whole input is picture, see Resampling
 * @param part which part of it the input is, see Resampling
 */
export function resize(
  input: PictureInfo,
  full: Size,
  window: Rect,
  { filter, linearLight }: { filter: FilterName; linearLight: boolean },
  extent: Size = input,
  part: Part | null = null,
): Operation | null {
  if (isSame(full, extent)) return null;
  const { width, height, channels } = input;
  const size = { width, height };
  // "nearest" averages nothing.
  const light = linearLight && filter !== "nearest" ? createLightTables(input) : null;
  const resampling: Resampling = {
    channels,
    filter,
    input: size,
    part,
    extent,
    full,
    window,
    light,
  };
  return {
    name: "resize",
    output: { ...input, width: window.width, height: window.height },
    memoryBytes: resampleBytes(resampling),
    run: (strips, workspace) => resample(strips, resampling, workspace),
  };
}

/** The part of the picture that the window is made of. */
export function findSource(
  input: PictureInfo,
  full: Size,
  window: Rect,
  filter: FilterName,
  extent: Size,
): Rect {
  if (isSame(full, extent)) return window;
  return findInput({ channels: input.channels, filter, input, extent, full, window });
}

const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;
