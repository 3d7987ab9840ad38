/** What the header reader and both decoders say of damaged files. */
import { AppError } from "../../errors.ts";

export const truncated = (): AppError =>
  new AppError("truncated_image", "The WebP file ends too early.");

export const damaged = (cause?: unknown): AppError =>
  new AppError("invalid_image", "The WebP file is damaged.", {}, { cause });
