/** What is said of JPEG 2000 files that cannot be read. */
import { AppError } from "../../errors.ts";

export const truncated = (): AppError =>
  new AppError("truncated_image", "The JPEG 2000 file ends before its picture does.");

export const damaged = (what = "The JPEG 2000 file is damaged."): AppError =>
  new AppError("invalid_image", what);

export const unsupported = (feature: string, message: string): AppError =>
  new AppError("unsupported_feature", message, { feature });
