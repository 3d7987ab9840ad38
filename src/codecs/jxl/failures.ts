/** What readers of JPEG XL say of files that they cannot read. */
import { AppError } from "../../errors.ts";

export const truncated = (): AppError =>
  new AppError("truncated_image", "The JPEG XL file ends before its picture does.");

export const damaged = (message = "The JPEG XL file is damaged."): AppError =>
  new AppError("invalid_image", message);

export const unsupported = (feature: string, message: string): AppError =>
  new AppError("unsupported_feature", message, { feature });
