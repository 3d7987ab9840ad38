/** Files of one picture that is no grid, as encoders make them, taken apart in memory. */
import { Cursor, listBoxes } from "./boxes.ts";
import { damaged } from "./failures.ts";
import { readMeta } from "./meta.ts";

export interface Coded {
  data: Uint8Array;
  configuration: Uint8Array;
}

/** The primary picture's coded data, in the file's memory. @throws AppError invalid_image */
export function readCoded(file: Uint8Array): Coded {
  const box = listBoxes(file).find(({ type }) => type === "meta");
  if (!box) throw damaged();
  const meta = readMeta(new Cursor(file, box.start, box.end).rest());
  const item = meta.items.get(meta.primary);
  const [extent] = item?.extents ?? [];
  const configuration = item?.properties.find((one) => one.kind === "configuration");
  if (!item || !extent || configuration?.kind !== "configuration") throw damaged();
  const source = item.inMeta ? meta.data : file;
  const data = source.subarray(extent.offset, extent.offset + extent.length);
  return { data, configuration: configuration.bytes };
}
