/** All of a GIF before its image data (the GIF89a specification, sections 17 to 23). */
import type { PictureInfo } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";

/** Bits that the indices of a palette take, as LZW counts them: 2 to 8. */
export function paletteBits(palette: Uint8Array): number {
  return Math.max(2, Math.ceil(Math.log2(palette.length / 3)));
}

/**
 * @param palette RGB triples, 1 to 256
 * @param transparentIndex index of the pixels that are not painted; null where all are
 */
export function writeHead(
  { width, height }: PictureInfo,
  palette: Uint8Array,
  transparentIndex: number | null,
): Uint8Array {
  const bits = paletteBits(palette);
  const size = [width & 255, width >> 8, height & 255, height >> 8];
  const table = new Uint8Array(3 * 2 ** bits);
  table.set(palette);
  // A palette follows, of 2^bits colours out of 2^24.
  const flags = 0x80 | 0x70 | (bits - 1);
  const signature = Uint8Array.from("GIF89a", (character) => character.charCodeAt(0));
  const screen = Uint8Array.of(...size, flags, 0, 0);
  const control = transparentIndex === null ? [] : [0x21, 0xf9, 4, 1, 0, 0, transparentIndex, 0];
  const descriptor = [0x2c, 0, 0, 0, 0, ...size, 0];
  return concat([signature, screen, table, Uint8Array.of(...control, ...descriptor, bits)]);
}
