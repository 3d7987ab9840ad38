import { AppError } from "../../errors.ts";

export const damaged = (message: string): AppError => new AppError("invalid_image", message);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The BMP ends before its picture does.");

export const unsupported = (message: string): AppError =>
  new AppError("unsupported_feature", message);
