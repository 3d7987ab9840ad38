/** What is said of OpenEXR files that cannot be read. */
import { createFailures } from "../failures.ts";

export const { truncated, damaged, unsupported } = createFailures(
  "The EXR file ends before its picture does.",
  "The EXR file's data are damaged.",
);
