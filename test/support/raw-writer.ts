/** Camera raw files for tests: previews in directories, without what a sensor saw. */
import { long, short, writeFields, type Field } from "./tiff-writer.ts";

/**
 * A DNG whose small preview is in the first directory and whose `jpeg` is in one below.
 * @param fields more of the first directory's
 */
export function wrapJpeg(jpeg: Buffer, fields: Record<number, Field> = {}): Buffer {
  const head = Buffer.from("II*\0\x08\0\0\0", "latin1");
  const main = (child: number) =>
    writeFields(
      { 254: long(1), 256: long(16), 257: long(16), 330: long(child), 50_706: long(1), ...fields },
      head.length,
    );
  const child = head.length + main(0).length;
  const below = (at: number) =>
    writeFields(
      {
        ...{ 254: long(1), 259: short(7), 262: short(6) },
        ...{ 273: long(at), 279: long(jpeg.length) },
      },
      child,
    );
  return Buffer.concat([head, main(child), below(child + below(0).length), jpeg]);
}
