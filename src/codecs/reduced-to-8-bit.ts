import type { Warning } from "../pipeline/picture.ts";

/** For pictures of 16 bits a sample. */
export const REDUCED_TO_8_BIT: Warning = {
  code: "reduced_to_8_bit",
  message: "The picture has 16 bits a sample and was reduced to 8.",
};
