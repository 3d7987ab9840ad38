/**
 * What a TIFF says about its picture beside its pixels is spread over its directories. Other formats
 * carry the same fields as EXIF, a TIFF of its own without pixels.
 */
import { fromBytes, type ByteSource } from "../../pipeline/bytes.ts";
import { readDirectory, readFirstDirectory, readNumber, type Directory } from "./directory.ts";
import { TAGS, TYPE_BYTES, TYPES } from "./tags.ts";
import { writeDirectory, type Field, type RawField } from "./write-directory.ts";

/** Description, make, model, software, date, artist, computer, copyright. */
const DESCRIPTIVE = [270, 271, 272, 305, 306, 315, 316, 33_432];

/** Directories behind the first. */
const POINTERS = [TAGS.exif, TAGS.gps];

/** Left out: their values are, or hold, offsets that would lead nowhere. */
const MAKER_NOTE = 37_500;
const INTEROPERABILITY = 40_965;
const LEFT_OUT = new Set([MAKER_NOTE, INTEROPERABILITY]);

/** Of one directory; cameras write some 60. */
const MAX_FIELDS = 500;

/** Those behind are BigTIFF's. */
const LAST_CLASSIC_TYPE = TYPES.directory;

/** Types of two numbers. */
const RATIONALS = [5, 10];

/** A TIFF's own fields as EXIF; null where there are none. Those past `maxBytes` are left out. */
export async function readExif(
  source: ByteSource,
  directory: Directory,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const fields = await collect(source, directory, maxBytes);
  return fields.length > 0 ? writeDirectory(fields) : null;
}

/** EXIF's fields for a TIFF; none where it is damaged. */
export async function toFields(exif: Uint8Array): Promise<Field[]> {
  const source = fromBytes(exif);
  const directory = await readFirstDirectory(source).catch(() => null);
  return directory ? await collect(source, directory, exif.length) : [];
}

/** By ascending tag, in little-endian order. */
async function collect(
  source: ByteSource,
  directory: Directory,
  maxBytes: number,
): Promise<Field[]> {
  const room = { left: maxBytes };
  const fields: Field[] = await readRaw(source, directory, DESCRIPTIVE, room);
  for (const tag of POINTERS) {
    const offset = await readNumber(source, directory, tag, 0).catch(() => 0);
    const inner = await readDirectory(source, offset, directory).catch(() => null);
    const found = inner && (await readRaw(source, inner, [...inner.fields.keys()], room));
    if (found && found.length > 0) fields.push({ tag, directory: found });
  }
  return fields.toSorted((a, b) => a.tag - b.tag);
}

/** Damaged fields are as if they were missing. */
async function readRaw(
  source: ByteSource,
  { fields, littleEndian }: Directory,
  tags: readonly number[],
  room: { left: number },
): Promise<RawField[]> {
  const found: RawField[] = [];
  for (const tag of tags.slice(0, MAX_FIELDS).toSorted((a, b) => a - b)) {
    const place = fields.get(tag);
    const step = TYPE_BYTES[place?.type ?? 0];
    if (!place || !step || place.count === 0 || LEFT_OUT.has(tag)) continue;
    if (place.type > LAST_CLASSIC_TYPE) continue;
    const length = place.count * step;
    if (length > room.left || place.offset + length > source.size) continue;
    room.left -= length;
    const bytes = (await source.read(place.offset, length)).slice();
    if (!littleEndian) swap(bytes, RATIONALS.includes(place.type) ? 4 : step);
    found.push({ tag, type: place.type, count: place.count, bytes });
  }
  return found;
}

/** Turns the order of the bytes in each group of `size`. */
function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
