/** The container: a directory of pictures (Microsoft's ICONDIR and ICONDIRENTRY). */
import { AppError } from "../../errors.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Size } from "../../pipeline/geometry.ts";

export const MAX_SIDE = 256;

const HEAD_BYTES = 6;
const ENTRY_BYTES = 16;
const ICON = 1;
const CURSOR = 2;
/** A DIB's header; no picture is shorter. */
const MIN_PICTURE_BYTES = 40;

export interface Entry extends Size {
  /** Bits a pixel; 0 where the directory does not say. */
  bits: number;
  offset: number;
  bytes: number;
}

export const damaged = (message = "The icon is damaged."): AppError =>
  new AppError("invalid_image", message);

const truncated = (): AppError =>
  new AppError("truncated_image", "The icon ends before its picture does.");

/**
 * All pictures, the largest first, and of those as large the one with the most colours.
 * @throws AppError invalid_image, truncated_image
 */
export async function listEntries(source: ByteSource): Promise<Entry[]> {
  const head = viewOf(await source.read(0, HEAD_BYTES));
  if (head.byteLength < HEAD_BYTES) throw truncated();
  const type = head.getUint16(2, true);
  const count = head.getUint16(4, true);
  if (head.getUint16(0, true) !== 0 || (type !== ICON && type !== CURSOR)) {
    throw damaged("This is no icon.");
  }
  if (count === 0) throw damaged("The icon holds no picture.");
  const directory = viewOf(await source.read(HEAD_BYTES, count * ENTRY_BYTES));
  if (directory.byteLength < count * ENTRY_BYTES) throw truncated();
  const entries = Array.from({ length: count }, (_, index) =>
    readEntry(directory, index * ENTRY_BYTES, type),
  );
  const area = ({ width, height }: Entry) => width * height;
  return entries.toSorted((a, b) => area(b) - area(a) || b.bits - a.bits || b.bytes - a.bytes);
}

/**
 * Whether a picture is where the directory says; damage is the concern of those who ask for it.
 * @throws AppError invalid_image, truncated_image
 */
export function checkEntry({ offset, bytes }: Entry, count: number, source: ByteSource): void {
  if (offset < HEAD_BYTES + count * ENTRY_BYTES || bytes < MIN_PICTURE_BYTES) throw damaged();
  if (offset + bytes > source.size) throw truncated();
}

function readEntry(directory: DataView, at: number, type: number): Entry {
  return {
    width: directory.getUint8(at) || MAX_SIDE,
    height: directory.getUint8(at + 1) || MAX_SIDE,
    // A cursor has the place it points with instead.
    bits: type === ICON ? directory.getUint16(at + 6, true) : 0,
    bytes: directory.getUint32(at + 8, true),
    offset: directory.getUint32(at + 12, true),
  };
}

/** The directory of an icon whose pictures, all of 32 bits, follow it in this order. */
export function writeDirectory(pictures: readonly (Size & { bytes: number })[]): Uint8Array {
  const directory = new Uint8Array(HEAD_BYTES + pictures.length * ENTRY_BYTES);
  const view = viewOf(directory);
  view.setUint16(2, ICON, true);
  view.setUint16(4, pictures.length, true);
  let at = HEAD_BYTES;
  let offset = directory.length;
  for (const { width, height, bytes } of pictures) {
    // 256 is written as 0.
    view.setUint8(at, width % MAX_SIDE);
    view.setUint8(at + 1, height % MAX_SIDE);
    view.setUint16(at + 4, 1, true); // planes
    view.setUint16(at + 6, 32, true);
    view.setUint32(at + 8, bytes, true);
    view.setUint32(at + 12, offset, true);
    at += ENTRY_BYTES;
    offset += bytes;
  }
  return directory;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
