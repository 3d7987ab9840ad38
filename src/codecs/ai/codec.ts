/**
 * Illustrator's files are PDFs since version 9, unless somebody chose otherwise, and are read as such.
 * What comes here is a program in PostScript, which is not run (docs/decisions/0008-no-postscript.md).
 */
import { AppError } from "../../errors.ts";
import type { Codec } from "../codec.ts";

export const AI: Pick<Codec, "open"> = {
  open: () =>
    Promise.reject(
      new AppError(
        "unsupported_feature",
        "The Illustrator file is a PostScript program, which we do not run. Save it with “Create PDF Compatible File”, or as PDF or SVG.",
      ),
    ),
};
