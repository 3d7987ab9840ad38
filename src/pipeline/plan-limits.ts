/** What a plan may not pass, whatever memory there is. */
import { AppError } from "../errors.ts";
import { MAX_FRAMES } from "../limits.ts";
import type { Size } from "./geometry.ts";
import type { Source } from "./picture.ts";

export interface PlanLimits {
  maxPixels: number;
  /** Of all frames together, each as large as the canvas. */
  maxTotalPixels: number;
  maxSide: number;
  /** What saves memory at the price of time is done only where there is not as much. */
  memoryBytes: number;
}

/** @throws AppError too_many_pixels */
export function checkSize(what: string, { width, height }: Size, limits: PlanLimits): void {
  const { maxSide, maxPixels } = limits;
  const size = { width, height };
  if (width > maxSide || height > maxSide) {
    throw new AppError(
      "too_many_pixels",
      `${what} is ${width}×${height} pixels; a side may have up to ${maxSide}.`,
      { limit: "max_side", limit_pixels: maxSide, ...size },
    );
  }
  if (width * height > maxPixels) {
    throw new AppError(
      "too_many_pixels",
      `${what} is ${width}×${height} pixels; up to ${maxPixels} are allowed.`,
      { limit: "max_pixels", limit_pixels: maxPixels, ...size },
    );
  }
}

/** @throws AppError too_many_pixels */
export function checkFrames(
  { frames }: Source,
  { maxTotalPixels }: PlanLimits,
  ...sizes: readonly Size[]
): void {
  if (frames > MAX_FRAMES) {
    throw new AppError(
      "too_many_pixels",
      `The animation has ${frames} frames; up to ${MAX_FRAMES} are allowed.`,
      { limit: "max_frames", limit_frames: MAX_FRAMES, frames },
    );
  }
  const pixels = frames * Math.max(...sizes.map(({ width, height }) => width * height));
  if (pixels > maxTotalPixels) {
    throw new AppError(
      "too_many_pixels",
      `The animation's ${frames} frames have ${pixels} pixels together; up to ${maxTotalPixels} are allowed.`,
      { limit: "max_total_pixels", limit_pixels: maxTotalPixels, frames, pixels },
    );
  }
}
