/**
 * The container of files that have metadata: boxes of ISO/IEC 18181-2:2024. The codestream lies in
 * several, each written when its length is known: not all readers take one that has none.
 */
import type { Metadata } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";

export interface BoxWriter {
  /** What comes before the codestream; nothing where no boxes are needed. */
  start(): Uint8Array;
  /** What comes before a part of the codestream of so many bytes. */
  part(bytes: number, isLast: boolean): Uint8Array;
}

const LAST = 0x8000_0000;
const NONE = new Uint8Array(0);

export function createBoxes({ exif, xmp }: Metadata): BoxWriter {
  if (!exif && !xmp) return { start: () => NONE, part: () => NONE };
  let parts = 0;
  return {
    start: () =>
      concat([
        box("JXL ", Uint8Array.of(0x0d, 0x0a, 0x87, 0x0a)),
        box("ftyp", ascii("jxl \0\0\0\0jxl ")),
        // The TIFF structure begins right behind these four bytes.
        ...(exif ? [box("Exif", u32(0), exif)] : []),
        ...(xmp ? [box("xml ", xmp)] : []),
      ]),
    part: (bytes, isLast) =>
      concat([u32(8 + 4 + bytes), ascii("jxlp"), u32(parts++ + (isLast ? LAST : 0))]),
  };
}

function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return concat([u32(length), ascii(type), ...parts]);
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

const u32 = (v: number): Uint8Array => Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v);
