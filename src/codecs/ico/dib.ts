/**
 * The classic picture of an icon: a bitmap without its file header, rows bottom-up, each padded to
 * 32 bits, and behind it a mask of the same size with 1 bit a pixel, set where it is transparent.
 * The header's height counts both.
 */
import { AppError } from "../../errors.ts";
import type { Size } from "../../pipeline/geometry.ts";
import { damaged, MAX_SIDE } from "./directory.ts";

const HEADER_BYTES = 40;
const UNCOMPRESSED = 0;
const BITS = [1, 4, 8, 24, 32];
/** Below this alpha a pixel is transparent to readers that know the mask only. */
const OPAQUE_FROM = 128;

export interface Dib extends Size {
  bits: number;
  /** Entries of the palette; 0 where there is none. */
  colours: number;
  paletteOffset: number;
  pixelsOffset: number;
  /** Null where the picture has none, as some with alpha do. */
  maskOffset: number | null;
  /** The whole of it. */
  bytes: number;
}

const rowBytesOf = (width: number, bits: number): number => 4 * Math.ceil((width * bits) / 32);

/**
 * @param head its first 40 bytes
 * @param entryBytes what the directory says of its length
 * @throws AppError invalid_image, unsupported_feature
 */
export function readDib(head: Uint8Array, entryBytes: number): Dib {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const paletteOffset = view.getUint32(0, true);
  const width = view.getInt32(4, true);
  const height = view.getInt32(8, true) / 2;
  const bits = view.getUint16(14, true);
  if (paletteOffset < HEADER_BYTES || paletteOffset > entryBytes) throw damaged();
  if (!(width > 0 && height > 0 && Number.isInteger(height))) throw damaged();
  if (width > MAX_SIDE || height > MAX_SIDE) throw damaged("The icon's picture is too large.");
  if (!BITS.includes(bits) || view.getUint32(16, true) !== UNCOMPRESSED) {
    throw new AppError("unsupported_feature", "The icon's picture is of an unusual kind.");
  }
  const colours = bits > 8 ? 0 : view.getUint32(32, true) || 1 << bits;
  if (colours > 1 << bits) throw damaged();

  const pixelsOffset = paletteOffset + colours * 4;
  const pixelsEnd = pixelsOffset + rowBytesOf(width, bits) * height;
  const bytes = pixelsEnd + rowBytesOf(width, 1) * height;
  const shape = { width, height, bits, colours, paletteOffset, pixelsOffset };
  if (entryBytes >= bytes) return { ...shape, maskOffset: pixelsEnd, bytes };
  if (bits < 32 || entryBytes < pixelsEnd) throw damaged();
  return { ...shape, maskOffset: null, bytes: pixelsEnd };
}

/**
 * @param file the whole DIB
 * @param rgba filled, rows top-down
 */
export function decodeDib(dib: Dib, file: Uint8Array, rgba: Uint8Array): void {
  const { width, height, bits, maskOffset } = dib;
  const colourAt = createColourReader(dib, file);
  const rowBytes = rowBytesOf(width, bits);
  let hasAlpha = false;
  for (let y = 0, to = 0; y < height; y++) {
    const row = dib.pixelsOffset + (height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++, to += 4) {
      const at = colourAt(row, x);
      rgba[to] = file[at + 2] ?? 0;
      rgba[to + 1] = file[at + 1] ?? 0;
      rgba[to + 2] = file[at] ?? 0;
      rgba[to + 3] = bits === 32 ? (file[at + 3] ?? 0) : 0;
      hasAlpha ||= rgba[to + 3] !== 0;
    }
  }
  // Pictures of 32 bits that are older than alpha have zeros for it, and a mask that counts.
  if (!hasAlpha) applyMask(dib, file, rgba, maskOffset);
}

/** Where in `file` the blue, green and red of a pixel are. */
function createColourReader(
  { bits, paletteOffset, colours }: Dib,
  file: Uint8Array,
): (row: number, x: number) => number {
  if (bits >= 24) return (row, x) => row + x * (bits >> 3);
  const mask = (1 << bits) - 1;
  return (row, x) => {
    const bit = x * bits;
    const index = ((file[row + (bit >> 3)] ?? 0) >> (8 - bits - (bit & 7))) & mask;
    return paletteOffset + Math.min(index, colours - 1) * 4;
  };
}

function applyMask(
  { width, height }: Dib,
  file: Uint8Array,
  rgba: Uint8Array,
  maskOffset: number | null,
): void {
  const rowBytes = rowBytesOf(width, 1);
  for (let y = 0, to = 3; y < height; y++) {
    const row = maskOffset === null ? null : maskOffset + (height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++, to += 4) {
      const byte = row === null ? 0 : (file[row + (x >> 3)] ?? 0);
      rgba[to] = (byte << (x & 7)) & 0x80 ? 0 : 255;
    }
  }
}

/** Length of what `encodeDib` returns. */
export function dibBytes({ width, height }: Size): number {
  return HEADER_BYTES + (rowBytesOf(width, 32) + rowBytesOf(width, 1)) * height;
}

/** @param rgba rows top-down */
export function encodeDib(rgba: Uint8Array, { width, height }: Size): Uint8Array {
  const dib = new Uint8Array(dibBytes({ width, height }));
  const view = new DataView(dib.buffer);
  view.setUint32(0, HEADER_BYTES, true);
  view.setInt32(4, width, true);
  view.setInt32(8, height * 2, true);
  view.setUint16(12, 1, true); // planes
  view.setUint16(14, 32, true);
  view.setUint32(20, dib.length - HEADER_BYTES, true);

  const maskOffset = HEADER_BYTES + width * height * 4;
  const maskRowBytes = rowBytesOf(width, 1);
  for (let y = 0, from = 0; y < height; y++) {
    const line = height - 1 - y;
    let to = HEADER_BYTES + line * width * 4;
    for (let x = 0; x < width; x++, from += 4, to += 4) {
      const alpha = rgba[from + 3] ?? 0;
      dib[to] = rgba[from + 2] ?? 0;
      dib[to + 1] = rgba[from + 1] ?? 0;
      dib[to + 2] = rgba[from] ?? 0;
      dib[to + 3] = alpha;
      const mask = maskOffset + line * maskRowBytes + (x >> 3);
      if (alpha < OPAQUE_FROM) dib[mask] = (dib[mask] ?? 0) | (0x80 >> (x & 7));
    }
  }
  return dib;
}
