import { AppError } from "../../errors.ts";

export const damaged = (message = "The TIFF's data are damaged.", cause?: unknown): AppError =>
  new AppError("invalid_image", message, {}, { cause });

export const truncated = (): AppError =>
  new AppError("truncated_image", "The TIFF ends before its picture does.");

export const unsupported = (what: string): AppError =>
  new AppError("unsupported_feature", `TIFF: ${what} cannot be read.`);
