/** Directories of fields (TIFF 6.0, section 2). All counts and offsets are checked before use. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { damaged, truncated } from "./failures.ts";
import { BIG_HEADER_BYTES, ENTRY_BYTES, HEADER_BYTES, TAGS, TYPE_BYTES, TYPES } from "./tags.ts";

const MAGIC = 42;
const BIG_TIFF_MAGIC = 43;
/** Directories that are followed to find pages. */
const MAX_DIRECTORIES = 1000;
/** Bit of NewSubfileType: a smaller version of another picture. */
export const REDUCED = 1;
/** Of one directory; a count of 16 bits allows no more. */
const MAX_FIELDS = 65_535;
const BIG_OFFSET_BYTES = 8;

/** Lengths of a directory's parts. */
const SIZES = { countBytes: 2, entryBytes: ENTRY_BYTES, valueBytes: 4, offsetBytes: 4 };
const BIG_SIZES = { countBytes: 8, entryBytes: 20, valueBytes: 8, offsetBytes: BIG_OFFSET_BYTES };

/** Where a field's values are. */
export interface FieldPlace {
  type: number;
  count: number;
  offset: number;
}

/** How numbers are written. */
export interface Notation {
  littleEndian: boolean;
  /** Whether it is a BigTIFF, whose counts and offsets have 64 bits. */
  isBig: boolean;
}

export interface Directory extends Notation {
  fields: ReadonlyMap<number, FieldPlace>;
  /** Where the next directory is; 0 after the last. */
  next: number;
}

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readFirstDirectory(source: ByteSource): Promise<Directory> {
  const head = viewOf(await source.read(0, BIG_HEADER_BYTES));
  if (head.byteLength < HEADER_BYTES) throw truncated();
  const littleEndian = head.getUint16(0) === 0x4949;
  const magic = head.getUint16(2, littleEndian);
  if (magic === MAGIC) {
    const notation = { littleEndian, isBig: false };
    return await readDirectory(source, head.getUint32(4, littleEndian), notation);
  }
  if (magic !== BIG_TIFF_MAGIC) throw damaged("This is no TIFF.");
  if (head.byteLength < BIG_HEADER_BYTES) throw truncated();
  if (head.getUint16(4, littleEndian) !== BIG_OFFSET_BYTES) throw damaged();
  const notation = { littleEndian, isBig: true };
  return await readDirectory(source, readLong(head, 8, littleEndian), notation);
}

/**
 * Where the directories of pages behind the first are, small versions of others left out. Damage
 * there is nobody's concern who does not ask for it.
 * @throws AppError invalid_image when directories go round in a circle
 */
export async function findPages(source: ByteSource, first: Directory): Promise<number[]> {
  const seen = new Set<number>();
  const pages: number[] = [];
  for (let { next } = first; next !== 0 && seen.size < MAX_DIRECTORIES;) {
    if (seen.has(next)) throw damaged("The TIFF's directories go round in a circle.");
    seen.add(next);
    const directory = await readDirectory(source, next, first).catch(() => null);
    if (!directory) break;
    const type = await readNumber(source, directory, TAGS.newSubfileType, 0);
    if ((type & REDUCED) === 0) pages.push(next);
    next = directory.next;
  }
  return pages;
}

/** @throws AppError invalid_image, truncated_image */
export async function readDirectory(
  source: ByteSource,
  offset: number,
  { littleEndian, isBig }: Notation,
): Promise<Directory> {
  const { countBytes, entryBytes, valueBytes, offsetBytes } = isBig ? BIG_SIZES : SIZES;
  const readOffset = (view: DataView, at: number) =>
    isBig ? readLong(view, at, littleEndian) : view.getUint32(at, littleEndian);
  if (offset < HEADER_BYTES) throw damaged("The TIFF has no directory.");
  const start = viewOf(await source.read(offset, countBytes));
  if (start.byteLength < countBytes) throw truncated();
  const count = isBig ? readLong(start, 0, littleEndian) : start.getUint16(0, littleEndian);
  if (count === 0) throw damaged("The TIFF's directory is empty.");
  if (count > MAX_FIELDS) throw damaged("The TIFF's directory is too long.");
  const bytes = count * entryBytes;
  const view = viewOf(await source.read(offset + countBytes, bytes + offsetBytes));
  if (view.byteLength < bytes) throw truncated();
  const fields = new Map<number, FieldPlace>();
  for (let at = 0; at < bytes; at += entryBytes) {
    const tag = view.getUint16(at, littleEndian);
    const type = view.getUint16(at + 2, littleEndian);
    const valueCount = readOffset(view, at + 4);
    const valueAt = at + entryBytes - valueBytes;
    const isInside = valueCount * (TYPE_BYTES[type] ?? 0) <= valueBytes;
    const place = isInside ? offset + countBytes + valueAt : readOffset(view, valueAt);
    if (!fields.has(tag)) fields.set(tag, { type, count: valueCount, offset: place });
  }
  // Some writers leave the last bytes out at a file's end.
  const next = view.byteLength < bytes + offsetBytes ? 0 : readOffset(view, bytes);
  return { littleEndian, isBig, fields, next };
}

/** Exact up to 2^53, more than any file has. */
function readLong(view: DataView, at: number, littleEndian: boolean): number {
  const [low, high] = littleEndian ? [at, at + 4] : [at + 4, at];
  return view.getUint32(high, littleEndian) * 2 ** 32 + view.getUint32(low, littleEndian);
}

/** Whether a field's values are unsigned integers. */
const isInteger = ({ type }: FieldPlace): boolean => INTEGERS.has(type);

const INTEGERS: ReadonlySet<number> = new Set([
  ...[TYPES.byte, TYPES.short, TYPES.long, TYPES.directory, TYPES.long8, TYPES.directory8],
]);

/**
 * A place of at least `wantedCount` integers, all in the file; null where the field is missing.
 * @throws AppError invalid_image, truncated_image
 */
export function findIntegers(
  source: ByteSource,
  { fields }: Directory,
  tag: number,
  wantedCount: number,
): FieldPlace | null {
  const place = fields.get(tag);
  if (!place) return null;
  if (!isInteger(place) || place.count < wantedCount) throw damaged();
  if (place.offset + wantedCount * (TYPE_BYTES[place.type] ?? 0) > source.size) throw truncated();
  return place;
}

/**
 * Fills `target`. The place is one of `findIntegers`.
 * @throws AppError truncated_image where a value, which may be an offset, is past what a file can have
 */
export async function readIntegers(
  source: ByteSource,
  { littleEndian }: Directory,
  { type, offset }: FieldPlace,
  target: Uint32Array,
): Promise<void> {
  const step = TYPE_BYTES[type] ?? 1;
  for (let done = 0; done < target.length;) {
    const count = Math.min(target.length - done, INTEGERS_AT_ONCE);
    const view = viewOf(await source.read(offset + done * step, count * step));
    if (view.byteLength < count * step) throw truncated();
    for (let i = 0; i < count; i++, done++) {
      const value = readInteger(view, type, i * step, littleEndian);
      if (value >= 2 ** 32) throw truncated();
      target[done] = value;
    }
  }
}

function readInteger(view: DataView, type: number, at: number, littleEndian: boolean): number {
  if (type === TYPES.byte) return view.getUint8(at);
  if (type === TYPES.short) return view.getUint16(at, littleEndian);
  if (type === TYPES.long || type === TYPES.directory) return view.getUint32(at, littleEndian);
  return readLong(view, at, littleEndian);
}

const INTEGERS_AT_ONCE = 16 * 1024;

/** The first value, or `otherwise` where the field is missing. */
export async function readNumber(
  source: ByteSource,
  directory: Directory,
  tag: number,
  otherwise: number,
): Promise<number> {
  const [value] = (await readNumbers(source, directory, tag, 1)) ?? [];
  return value ?? otherwise;
}

/** The first `count` values; null where the field is missing. @throws see findIntegers */
export async function readNumbers(
  source: ByteSource,
  directory: Directory,
  tag: number,
  count: number,
): Promise<Uint32Array | null> {
  const place = findIntegers(source, directory, tag, count);
  if (!place) return null;
  const values = new Uint32Array(count);
  await readIntegers(source, directory, place, values);
  return values;
}

/** Bytes of a field that pixels can do without: null where it is missing, damaged or too long. */
export async function readBlob(
  source: ByteSource,
  { fields }: Directory,
  tag: number,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const place = fields.get(tag);
  if (!place || TYPE_BYTES[place.type] !== 1 || place.count === 0) return null;
  if (place.count > maxBytes || place.offset + place.count > source.size) return null;
  return (await source.read(place.offset, place.count)).slice();
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
