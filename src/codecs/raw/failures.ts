import { AppError } from "../../errors.ts";

export const unsupported = (what: string): AppError =>
  new AppError("unsupported_feature", `Raw data with ${what} cannot be developed.`);
