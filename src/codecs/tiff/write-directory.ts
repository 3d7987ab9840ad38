/** A little-endian header with one directory behind it (TIFF 6.0, section 2). */
import { ENTRY_BYTES, HEADER_BYTES, TYPE_BYTES, TYPES } from "./tags.ts";

export interface Field {
  tag: number;
  type: (typeof TYPES)[keyof typeof TYPES];
  /** A rational is its numerator, over 1. */
  values: ArrayLike<number>;
}

const bytesOf = ({ type, values }: Field): number => values.length * (TYPE_BYTES[type] ?? 0);

/** What does not fit an entry lies behind the directory, on even offsets. */
const outsideBytes = (field: Field): number => (bytesOf(field) > 4 ? (bytesOf(field) + 1) & ~1 : 0);

/** Length of what `writeDirectory` returns. */
export function directoryBytes(fields: readonly Field[]): number {
  const outside = fields.reduce((sum, field) => sum + outsideBytes(field), 0);
  return HEADER_BYTES + 2 + fields.length * ENTRY_BYTES + 4 + outside;
}

/** @param fields by ascending tag */
export function writeDirectory(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(directoryBytes(fields));
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, HEADER_BYTES]);
  view.setUint16(HEADER_BYTES, fields.length, true);
  let entry = HEADER_BYTES + 2;
  let outside = entry + fields.length * ENTRY_BYTES + 4;
  for (const field of fields) {
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, field.type, true);
    view.setUint32(entry + 4, field.values.length, true);
    const isOutside = outsideBytes(field) > 0;
    if (isOutside) view.setUint32(entry + 8, outside, true);
    writeValues(bytes, view, isOutside ? outside : entry + 8, field);
    outside += outsideBytes(field);
    entry += ENTRY_BYTES;
  }
  return bytes;
}

function writeValues(bytes: Uint8Array, view: DataView, at: number, field: Field): void {
  const { type, values } = field;
  if (type === TYPES.byte || type === TYPES.undefined) {
    bytes.set(values, at);
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
