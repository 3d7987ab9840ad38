/** The one EXIF field that changes how a picture looks. Layout: TIFF 6.0, section 2. */
import type { Orientation } from "../pipeline/picture.ts";

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const LONG = 4;
const ENTRY_BYTES = 12;

interface OrientationField {
  /** Where its value lies in the TIFF structure. */
  offset: number;
  bytes: 2 | 4;
  littleEndian: boolean;
}

/**
 * @param exif TIFF structure without the "Exif\0\0" prefix; may be anything
 * @returns 1 where the field is missing, damaged or out of range
 */
export function readOrientation(exif: Uint8Array): Orientation {
  const field = findOrientation(exif);
  if (!field) return 1;
  const view = viewOf(exif);
  const value =
    field.bytes === 2
      ? view.getUint16(field.offset, field.littleEndian)
      : view.getUint32(field.offset, field.littleEndian);
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}

/**
 * A copy whose first directory says `orientation`, for pixels that have been turned. A thumbnail's
 * own directory stays as it is; nothing is added where the field is missing, since 1 is its default.
 */
export function withOrientation(exif: Uint8Array, orientation: 1): Uint8Array {
  const copy = exif.slice();
  const field = findOrientation(copy);
  if (field?.bytes === 2) viewOf(copy).setUint16(field.offset, orientation, field.littleEndian);
  if (field?.bytes === 4) viewOf(copy).setUint32(field.offset, orientation, field.littleEndian);
  return copy;
}

function findOrientation(exif: Uint8Array): OrientationField | undefined {
  if (exif.length < 14) return undefined;
  const view = viewOf(exif);
  const mark = view.getUint32(0);
  const littleEndian = mark === 0x49492a00; // "II", 42
  if (!littleEndian && mark !== 0x4d4d002a) return undefined; // "MM", 42
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > exif.length) return undefined;
  const count = view.getUint16(directory, littleEndian);
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > exif.length) return undefined;
    if (view.getUint16(entry, littleEndian) !== ORIENTATION_TAG) continue;
    const type = view.getUint16(entry + 2, littleEndian);
    if (type !== SHORT && type !== LONG) return undefined;
    return { offset: entry + 8, bytes: type === SHORT ? 2 : 4, littleEndian };
  }
  return undefined;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
