/** What is said of OpenEXR files that cannot be read. */
import { AppError } from "../../errors.ts";

export const damaged = (what = "The EXR file's data are damaged."): AppError =>
  new AppError("invalid_image", what);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The EXR file ends before its picture does.");

export const unsupported = (feature: string, message: string): AppError =>
  new AppError("unsupported_feature", message, { feature });
