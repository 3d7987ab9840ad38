/** Fields of numbers that need not be whole: fractions and floating-point numbers (TIFF 6.0, section 2). */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Directory } from "./directory.ts";
import { damaged, truncated } from "./failures.ts";
import { TYPE_BYTES } from "./tags.ts";

type Read = (view: DataView, at: number, littleEndian: boolean) => number;

/** By type. */
const READS: Readonly<Record<number, Read>> = {
  1: (view, at) => view.getUint8(at),
  3: (view, at, littleEndian) => view.getUint16(at, littleEndian),
  4: (view, at, littleEndian) => view.getUint32(at, littleEndian),
  5: (view, at, littleEndian) =>
    view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian),
  6: (view, at) => view.getInt8(at),
  8: (view, at, littleEndian) => view.getInt16(at, littleEndian),
  9: (view, at, littleEndian) => view.getInt32(at, littleEndian),
  10: (view, at, littleEndian) =>
    view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian),
  11: (view, at, littleEndian) => view.getFloat32(at, littleEndian),
  12: (view, at, littleEndian) => view.getFloat64(at, littleEndian),
};

/**
 * All values of a field; null where it is missing.
 * @throws AppError invalid_image where there are more than `maxCount`, or one is no finite number;
 *   truncated_image
 */
export async function readReals(
  source: ByteSource,
  { fields, littleEndian }: Directory,
  tag: number,
  maxCount: number,
): Promise<Float64Array | null> {
  const place = fields.get(tag);
  if (!place) return null;
  const { type, count, offset } = place;
  const read = READS[type];
  const step = TYPE_BYTES[type];
  if (!read || step === undefined || count === 0 || count > maxCount) throw damaged();
  const bytes = await source.read(offset, count * step);
  if (bytes.length < count * step) throw truncated();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = Float64Array.from({ length: count }, (_, i) => read(view, i * step, littleEndian));
  if (!values.every(Number.isFinite)) throw damaged();
  return values;
}
