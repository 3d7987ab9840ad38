/** The top level of a HEIF file: what it says it is, and where its items are described. */
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import { MIB } from "../../limits.ts";
import { Cursor } from "./boxes.ts";
import { damaged, truncated } from "./failures.ts";
import { readMeta, type Meta } from "./meta.ts";

/** Descriptions of a thousand tiles take 100 KB. */
const MAX_META_BYTES = 2 * MIB;
const MAX_TOP_LEVEL_BOXES = 256;
const WINDOW_BYTES = 4096;

/**
 * Walks the top-level boxes by random access; only the description of items is read whole.
 * @throws AppError invalid_image, truncated_image
 */
export async function readFile(bytes: ByteSource): Promise<Meta> {
  const read = createWindow(bytes, WINDOW_BYTES);
  let offset = 0;
  for (let count = 0; count < MAX_TOP_LEVEL_BOXES && offset + 8 <= bytes.size; count++) {
    const head = new Cursor(await read(offset, Math.min(16, bytes.size - offset)));
    const size = head.u32();
    const type = head.text(4);
    if (count === 0 && type !== "ftyp") throw damaged("The file does not begin as HEIF files do.");
    const whole = size === 1 ? head.u64() : size === 0 ? bytes.size - offset : size;
    if (whole < head.offset) throw damaged();
    if (type === "meta") {
      const length = whole - head.offset;
      if (length > MAX_META_BYTES) throw damaged("The file describes too many images.");
      if (offset + whole > bytes.size) throw truncated();
      return readMeta((await bytes.read(offset + head.offset, length)).slice());
    }
    offset += whole;
  }
  if (offset > bytes.size || offset === 0) throw truncated();
  throw damaged("The file describes no image.");
}
