/** What is said of JPEG 2000 files that cannot be read. */
import { createFailures } from "../failures.ts";

export const { truncated, damaged, unsupported } = createFailures(
  "The JPEG 2000 file ends before its picture does.",
  "The JPEG 2000 file is damaged.",
);
