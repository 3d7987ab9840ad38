/** Pixels of 16 and 32 bits, whose channels are runs of bits that the header names by masks. */
import { damaged } from "./failures.ts";

/** Red, green, blue and alpha, as in the header; a mask of 0 is a channel that is not there. */
export type Masks = readonly [red: number, green: number, blue: number, alpha: number];

/** What BI_RGB means: 5 bits a channel in 16, 8 bits in 32. The bits left over mean nothing. */
export const DEFAULT_MASKS: Readonly<Record<16 | 32, Masks>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  32: [0xff0000, 0xff00, 0xff, 0],
};

/** One channel of a pixel: `table[(pixel >>> shift) & (table.length - 1)]` is its byte. */
export interface Field {
  shift: number;
  bits: number;
  table: Uint8Array;
}

/** Of longer fields the highest bits decide: a byte needs no more. */
const MAX_TABLE_BITS = 12;

/** @throws AppError invalid_image where a mask has gaps or is wider than the pixel */
export function describeField(mask: number, pixelBits: 16 | 32): Field {
  if (mask === 0) return { shift: 0, bits: 0, table: new Uint8Array(1) };
  const low = 31 - Math.clz32(mask & -mask);
  const bits = 32 - Math.clz32(mask) - low;
  const isRun = mask >>> low === 2 ** bits - 1;
  if (!isRun || low + bits > pixelBits) throw damaged("The BMP's colour masks are invalid.");
  const tableBits = Math.min(bits, MAX_TABLE_BITS);
  const max = 2 ** tableBits - 1;
  const table = Uint8Array.from({ length: max + 1 }, (_, i) => Math.round((i * 255) / max));
  return { shift: low + bits - tableBits, bits, table };
}
