/** What the header reader and the decoders say of damaged files. */
import { AppError } from "../../errors.ts";
import * as layout from "../../kernels/assembly/vp8l-layout.ts";

export const truncated = (): AppError =>
  new AppError("truncated_image", "The WebP file ends too early.");

export const damaged = (): AppError => new AppError("invalid_image", "The WebP file is damaged.");

/** @throws AppError for every status of the VP8L decoder but DONE */
export function checkVp8l(status: number): void {
  if (status === layout.TRUNCATED) throw truncated();
  if (status === layout.NO_ROOM) {
    throw new AppError("memory_limit", "The WebP file's code tables need too much memory.", {
      limit: "memory_plan",
    });
  }
  if (status !== layout.DONE) throw damaged();
}
