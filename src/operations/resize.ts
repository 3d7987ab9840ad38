/** Resampling to another size, or a part of it. */
import type { FilterName } from "../kernels/filters.ts";
import { resample, resampleBytes, type Resampling } from "../kernels/resampler.ts";
import type { Rect, Size } from "../pipeline/geometry.ts";
import type { PictureInfo } from "../pipeline/picture.ts";
import type { Operation } from "./operation.ts";

/**
 * @param full size that the whole picture takes
 * @param extent how much of the input is picture, see Resampling
 * @param window the part of `full` that is delivered; nothing outside it is computed
 */
export function resize(
  input: PictureInfo,
  full: Size,
  window: Rect,
  filter: FilterName,
  extent: Size = input,
): Operation | null {
  if (full.width === extent.width && full.height === extent.height) return null;
  const { width, height, channels } = input;
  const size = { width, height };
  const resampling: Resampling = { channels, filter, input: size, extent, full, window };
  return {
    name: "resize",
    output: { ...input, width: window.width, height: window.height },
    memoryBytes: resampleBytes(resampling),
    run: (strips, workspace) => resample(strips, resampling, workspace),
  };
}
