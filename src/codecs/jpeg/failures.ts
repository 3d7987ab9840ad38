/** What the header reader and both decoders say of damaged files. */
import { AppError } from "../../errors.ts";
import type { Warning } from "../../pipeline/picture.ts";

export const invalid = (message = "The JPEG file's data is damaged."): AppError =>
  new AppError("invalid_image", message);

export const truncated = (cause?: unknown): AppError =>
  new AppError("truncated_image", "The JPEG file ends before its picture does.", {}, { cause });

export const DAMAGED: Warning = {
  code: "damaged_input",
  message: "The JPEG file is slightly damaged; its picture seems whole.",
};
