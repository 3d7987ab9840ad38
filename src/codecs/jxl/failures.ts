/** What readers of JPEG XL say of files that they cannot read. */
import { createFailures } from "../failures.ts";

export const { truncated, damaged, unsupported } = createFailures(
  "The JPEG XL file ends before its picture does.",
  "The JPEG XL file is damaged.",
);
