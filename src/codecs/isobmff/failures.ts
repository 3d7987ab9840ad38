/** What the readers of HEIF's container say of damaged files. */
import { createFailures } from "../failures.ts";

export const { truncated, damaged, unsupported } = createFailures(
  "The image file ends too early.",
  "The image file's container is damaged.",
);
