/** Fonts in R2, beside the files of jobs: `<prefix><family>/<file>`. */
import { AppError } from "../errors.ts";
import type { FontLibrary, StoredFont } from "../pipeline/fonts.ts";
import { fileStore } from "./files.ts";

/** What R2 lists at once; more are not looked at. */
const MAX_LISTED = 1000;

/** @param prefix of their keys, with the slash at its end */
export function fontLibrary(bucket: R2Bucket, prefix: string): FontLibrary {
  const files = fileStore(bucket);
  return {
    async list() {
      const { objects } = await bucket.list({ prefix, limit: MAX_LISTED }).catch((cause) => {
        throw new AppError("storage_unavailable", "The fonts cannot be listed.", {}, { cause });
      });
      return objects.flatMap(({ key, etag, size }): StoredFont[] => {
        const [family = "", filename = "", ...deeper] = key.slice(prefix.length).split("/");
        if (family === "" || filename === "" || deeper.length > 0) return [];
        const open = () => files.open(key, etag);
        return [{ family, filename, id: `${key} ${etag}`, sizeBytes: size, open }];
      });
    },
  };
}
