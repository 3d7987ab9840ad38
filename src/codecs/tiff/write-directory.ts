/** A little-endian header and directories, with those that they lead to (TIFF 6.0, section 2). */
import { ENTRY_BYTES, HEADER_BYTES, TYPE_BYTES, TYPES } from "./tags.ts";

export interface NumberField {
  tag: number;
  type: (typeof TYPES)[keyof typeof TYPES];
  /** A rational is its numerator, over 1. */
  values: ArrayLike<number>;
}

/** Of any type, its values as they are to be written. */
export interface RawField {
  tag: number;
  type: number;
  count: number;
  bytes: Uint8Array;
}

/** Leads to a directory of its own. */
export interface DirectoryField {
  tag: number;
  directory: readonly Field[];
}

/** Fields of a directory come by ascending tag. */
export type Field = NumberField | RawField | DirectoryField;

const even = (bytes: number): number => (bytes + 1) & ~1;

function describe(field: Field): { type: number; count: number; bytes: number } {
  if ("directory" in field) return { type: TYPES.long, count: 1, bytes: 4 };
  if ("bytes" in field) return { ...field, bytes: field.bytes.length };
  const { type, values } = field;
  return { type, count: values.length, bytes: values.length * (TYPE_BYTES[type] ?? 0) };
}

/** What does not fit an entry lies behind the directory, on even offsets. */
function outsideBytes(field: Field): number {
  if ("directory" in field) return fieldsBytes(field.directory);
  const { bytes } = describe(field);
  return bytes > 4 ? even(bytes) : 0;
}

function fieldsBytes(fields: readonly Field[]): number {
  const outside = fields.reduce((sum, field) => sum + outsideBytes(field), 0);
  return 2 + fields.length * ENTRY_BYTES + 4 + outside;
}

/** Where a directory lies among others: by default it is the first and only one. */
export interface DirectoryPlace {
  /** Offset in the file, even; at 0 the header is in front. */
  start: number;
  /** Offset of the next one; 0 is none. */
  next: number;
}

const ALONE: DirectoryPlace = { start: 0, next: 0 };

/** Length of what `writeDirectory` returns. */
export const directoryBytes = (fields: readonly Field[], start = 0): number =>
  (start === 0 ? HEADER_BYTES : 0) + fieldsBytes(fields);

export function writeDirectory(
  fields: readonly Field[],
  { start, next }: DirectoryPlace = ALONE,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(directoryBytes(fields, start));
  const at = start === 0 ? HEADER_BYTES : 0;
  if (start === 0) bytes.set([0x49, 0x49, 42, 0, HEADER_BYTES]);
  writeFields(bytes, at, fields, start);
  new DataView(bytes.buffer).setUint32(at + 2 + fields.length * ENTRY_BYTES, next, true);
  return bytes;
}

/** @param origin offset of `target` in the file */
function writeFields(
  target: Uint8Array<ArrayBuffer>,
  start: number,
  fields: readonly Field[],
  origin: number,
): void {
  const view = new DataView(target.buffer);
  view.setUint16(start, fields.length, true);
  let entry = start + 2;
  let outside = entry + fields.length * ENTRY_BYTES + 4;
  for (const field of fields) {
    const { type, count } = describe(field);
    const extra = outsideBytes(field);
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, type, true);
    view.setUint32(entry + 4, count, true);
    if (extra > 0) view.setUint32(entry + 8, origin + outside, true);
    const at = extra > 0 ? outside : entry + 8;
    if ("directory" in field) writeFields(target, at, field.directory, origin);
    else if ("bytes" in field) target.set(field.bytes, at);
    else writeNumbers(target, view, at, field);
    outside += extra;
    entry += ENTRY_BYTES;
  }
}

function writeNumbers(target: Uint8Array, view: DataView, at: number, field: NumberField): void {
  const { type, values } = field;
  if (type === TYPES.byte || type === TYPES.undefined) {
    target.set(values, at);
    return;
  }
  const step = TYPE_BYTES[type] ?? 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (type === TYPES.short) view.setUint16(at + i * step, value, true);
    else view.setUint32(at + i * step, value, true);
    if (type === TYPES.rational) view.setUint32(at + i * step + 4, 1, true);
  }
}
