/** What readers of a format say of files that they cannot read. */
import { AppError } from "../errors.ts";

/**
 * @param ended what is said of a file that ends too early
 * @param broken what is said of a damaged one, where nothing more is known
 */
export const createFailures = (ended: string, broken: string) => ({
  truncated: (): AppError => new AppError("truncated_image", ended),
  damaged: (message = broken): AppError => new AppError("invalid_image", message),
  unsupported: (feature: string, message: string): AppError =>
    new AppError("unsupported_feature", message, { feature }),
});
