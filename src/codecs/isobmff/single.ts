/** Files of one picture that is no grid, as encoders make them, taken apart in memory. */
import { concat } from "../concat.ts";
import { Cursor, listBoxes } from "./boxes.ts";
import { damaged } from "./failures.ts";
import { readMeta } from "./meta.ts";

export interface Coded {
  data: Uint8Array;
  configuration: Uint8Array;
}

/** One of the file's pictures: coded data in memory of its own. @throws AppError invalid_image */
export function readCoded(file: Uint8Array, which: "primary" | "alpha" = "primary"): Coded {
  const box = listBoxes(file).find(({ type }) => type === "meta");
  if (!box) throw damaged();
  const meta = readMeta(new Cursor(file, box.start, box.end).rest());
  const alpha = [...meta.items.values()].find((other) => other.references.has("auxl"));
  const item = which === "alpha" ? alpha : meta.items.get(meta.primary);
  const configuration = item?.properties.find((one) => one.kind === "configuration");
  if (!item || configuration?.kind !== "configuration") throw damaged();
  const source = item.inMeta ? meta.data : file;
  const parts = item.extents.map(({ offset, length }) => source.subarray(offset, offset + length));
  return { data: concat(parts), configuration: configuration.bytes.slice() };
}
