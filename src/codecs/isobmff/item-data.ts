/** The bytes of an item, wherever they lie. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { damaged, truncated } from "./failures.ts";
import type { Extent, Meta } from "./meta.ts";

interface Stored {
  extents: readonly Extent[];
  inMeta: boolean;
}

const endOf = (file: ByteSource, { data }: Meta, inMeta: boolean): number =>
  inMeta ? data.length : file.size;

/** How many there are. @throws AppError truncated_image */
export function itemBytes(file: ByteSource, meta: Meta, { extents, inMeta }: Stored): number {
  const end = endOf(file, meta, inMeta);
  let bytes = 0;
  for (const { offset, length } of extents) {
    if (offset > end || (length !== Infinity && offset + length > end)) throw truncated();
    bytes += Math.min(length, end - offset);
  }
  return bytes;
}

/** @throws AppError invalid_image where there are more than `limit`, or none; truncated_image */
export async function readItem(
  file: ByteSource,
  meta: Meta,
  item: Stored,
  limit: number,
): Promise<Uint8Array> {
  const bytes = itemBytes(file, meta, item);
  if (bytes === 0 || bytes > limit) throw damaged();
  const whole = new Uint8Array(bytes);
  await readItemInto(file, meta, item, whole);
  return whole;
}

/** @param target as long as the item */
export async function readItemInto(
  file: ByteSource,
  meta: Meta,
  { extents, inMeta }: Stored,
  target: Uint8Array,
): Promise<void> {
  const end = endOf(file, meta, inMeta);
  let at = 0;
  for (const { offset, length } of extents) {
    const size = Math.min(length, end - offset);
    const part = inMeta ? meta.data.subarray(offset, offset + size) : await file.read(offset, size);
    if (part.length !== size) throw truncated();
    target.set(part, at);
    at += size;
  }
}
