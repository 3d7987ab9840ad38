/** What every file is converted to, as the table of formats has it. */
import { writableFormats } from "../../src/find-format.ts";
import { FORMATS, type WritableFormat } from "../../src/formats.ts";

export interface Target {
  /** In the table of results. */
  name: string;
  format: WritableFormat;
  quality: number;
  lossless: boolean;
}

const QUALITY = 95;

/** Formats that can be lossless both ways; the judge of EPS reads JPEGs alone. */
export const TARGETS: readonly Target[] = writableFormats().flatMap((format) => {
  const lossy = { name: format, format, quality: QUALITY, lossless: false };
  const exact = { ...lossy, name: `${format} exact`, lossless: true };
  return FORMATS[format].lossless === "optional" && format !== "eps" ? [lossy, exact] : [lossy];
});
