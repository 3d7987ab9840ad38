/** What the readers of HEIF's container say of damaged files. */
import { AppError } from "../../errors.ts";

export const truncated = (): AppError =>
  new AppError("truncated_image", "The image file ends too early.");

export const damaged = (what = "The image file's container is damaged."): AppError =>
  new AppError("invalid_image", what);

export const unsupported = (feature: string, message: string): AppError =>
  new AppError("unsupported_feature", message, { feature });
