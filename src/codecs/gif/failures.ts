import { AppError } from "../../errors.ts";

export const damaged = (message = "The GIF's image data are damaged."): AppError =>
  new AppError("invalid_image", message);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The GIF ends before its picture does.");
