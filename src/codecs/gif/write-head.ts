/** All of a GIF but its image data (the GIF89a specification, sections 17 to 26). */
import type { Rect, Size } from "../../pipeline/geometry.ts";
import { concat } from "../concat.ts";

export const TRAILER = 0x3b;

/** What comes before a frame's pixels. */
export interface FrameHead {
  rect: Rect;
  /** RGB triples of a palette of its own, 1 to 256; null where it has the file's. */
  palette: Uint8Array | null;
  /** Index of the pixels that are not painted; null where all are. */
  transparentIndex: number | null;
  /** In hundredths of a second. */
  delay: number;
  /** Whether its area is cleared before the next frame. */
  clears: boolean;
}

/** Bits that the indices of a palette take, as LZW counts them: 2 to 8. */
export function paletteBits(palette: Uint8Array): number {
  return Math.max(2, Math.ceil(Math.log2(palette.length / 3)));
}

/** @param palette RGB triples, 1 to 256 */
export function writeScreen({ width, height }: Size, palette: Uint8Array): Uint8Array {
  const signature = Uint8Array.from("GIF89a", (character) => character.charCodeAt(0));
  // A palette follows, of 2^bits colours out of 2^24.
  const flags = 0x80 | 0x70 | (paletteBits(palette) - 1);
  const screen = Uint8Array.of(...uint16(width), ...uint16(height), flags, 0, 0);
  return concat([signature, screen, padPalette(palette)]);
}

/** @param plays at least 2, or 0 for ever; once is what files without this mean */
export function writeLoop(plays: number): Uint8Array {
  const name = Uint8Array.from("NETSCAPE2.0", (character) => character.charCodeAt(0));
  const repeats = plays === 0 ? 0 : Math.min(plays - 1, 0xffff);
  const head = Uint8Array.of(0x21, 0xff, name.length);
  return concat([head, name, Uint8Array.of(3, 1, ...uint16(repeats), 0)]);
}

/** Up to the first sub-block. @param bits of the indices */
export function writeFrameHead(frame: FrameHead, bits: number): Uint8Array {
  const { rect, palette, transparentIndex, delay, clears } = frame;
  const plain = transparentIndex === null && delay === 0 && !clears;
  const flags = ((clears ? 2 : 1) << 2) | (transparentIndex === null ? 0 : 1);
  const control = [0x21, 0xf9, 4, flags, ...uint16(delay), transparentIndex ?? 0, 0];
  const place = [rect.x, rect.y, rect.width, rect.height].flatMap(uint16);
  const local = palette ? 0x80 | (paletteBits(palette) - 1) : 0;
  return concat([
    Uint8Array.from([...(plain ? [] : control), 0x2c, ...place, local]),
    ...(palette ? [padPalette(palette)] : []),
    Uint8Array.of(bits),
  ]);
}

/** A picture of one frame, up to its first sub-block. */
export function writeHead(
  { width, height }: Size,
  palette: Uint8Array,
  transparentIndex: number | null,
): Uint8Array {
  const rect = { x: 0, y: 0, width, height };
  const frame = { rect, palette: null, transparentIndex, delay: 0, clears: false };
  return concat([
    writeScreen({ width, height }, palette),
    writeFrameHead(frame, paletteBits(palette)),
  ]);
}

function padPalette(palette: Uint8Array): Uint8Array {
  const table = new Uint8Array(3 * 2 ** paletteBits(palette));
  table.set(palette);
  return table;
}

const uint16 = (value: number): number[] => [value & 255, value >> 8];
