/** What tells formats apart by the first bytes of a file. */
import { constants, gunzipSync } from "node:zlib";

/** How many bytes of a file are looked at. */
export const SNIFF_BYTES = 1024;

/** Whether the bytes at `offset` are those of the text, one a character. */
export const starts = (head: Uint8Array, signature: string, offset = 0): boolean => {
  for (let i = 0; i < signature.length; i++) {
    if (head[offset + i] !== signature.charCodeAt(i)) return false;
  }
  return true;
};

export const includes = (head: Uint8Array, text: string): boolean =>
  head.some((_, offset) => starts(head, text, offset));

/** Whether a file of boxes names one of the brands among those it says it is of. */
export const hasBrand = (head: Uint8Array, ...brands: string[]): boolean => {
  if (!starts(head, "ftyp", 4)) return false;
  const end = Math.min(head.length, (head[2] ?? 0) * 256 + (head[3] ?? 0));
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    if (brands.some((brand) => starts(head, brand, at))) return true;
  }
  return false;
};

export const isGzip = (head: Uint8Array): boolean => starts(head, "\x1f\x8b\x08");

/** The head of what is compressed; nothing where it is damaged. */
function inflateHead(head: Uint8Array): Uint8Array {
  try {
    // Deflate makes no more than 1,032 times as much of it.
    const part = head.subarray(0, SNIFF_BYTES);
    return gunzipSync(part, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, SNIFF_BYTES);
  } catch {
    return new Uint8Array(0);
  }
}

/** Whether the first element, behind declarations and comments, is one of SVG; compressed or not. */
export function isSvg(stored: Uint8Array): boolean {
  const head = isGzip(stored) ? inflateHead(stored) : stored;
  const encoding = head[0] === 0xff ? "utf-16le" : head[0] === 0xfe ? "utf-16be" : "utf-8";
  const text = new TextDecoder(encoding).decode(head.subarray(0, SNIFF_BYTES));
  if (!/^\s*</.test(text)) return false;
  if (/<!DOCTYPE\s+svg\b/.test(text)) return true;
  const element = /<(?![?!])([\w.:-]+)/.exec(text.replace(/<!--[^]*?(?:-->|$)/g, ""));
  return /^(?:\w+:)?svg$/.test(element?.[1] ?? "");
}

/** Lengths of the headers that Windows and OS/2 have used. */
export const BMP_HEADER_BYTES = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

const TGA_HEAD_BYTES = 18;

/** Whether it is PostScript whose first line says that it is encapsulated. */
export function isEpsf(head: Uint8Array): boolean {
  if (!starts(head, "%!PS-Adobe-")) return false;
  const line = /^[^\r\n]*/.exec(new TextDecoder("latin1").decode(head.subarray(0, 80)));
  return line?.[0].includes("EPSF-") ?? false;
}

/** Whether it is PostScript that Illustrator wrote as its own. */
export const isIllustrator = (head: Uint8Array): boolean =>
  starts(head, "%!PS-Adobe-") && !isEpsf(head) && includes(head, "%%Creator: Adobe Illustrator");

/** Whether each field of the head is one that TGAs have. */
export function isTga(head: Uint8Array): boolean {
  if (head.length < TGA_HEAD_BYTES) return false;
  const at = (index: number): number => head[index] ?? 0;
  const isMapped = at(2) === 1 || at(2) === 9;
  const mapBits = isMapped ? [15, 16, 24, 32] : [0, 15, 16, 24, 32];
  const pixelBits = isMapped || at(2) === 3 || at(2) === 11 ? [8] : [15, 16, 24, 32];
  return (
    [1, 2, 3, 9, 10, 11].includes(at(2)) &&
    (isMapped ? at(1) === 1 : at(1) <= 1) &&
    mapBits.includes(at(7)) &&
    (at(1) === 1 || at(3) + at(4) + at(5) + at(6) === 0) &&
    at(12) + at(13) > 0 &&
    at(14) + at(15) > 0 &&
    pixelBits.includes(at(16)) &&
    (at(17) & 0xc0) === 0 &&
    [0, 1, 8].includes(at(17) & 15)
  );
}

const [NEW_SUBFILE_TYPE, SUB_DIRECTORIES, DNG_VERSION] = [254, 330, 50_706];

/**
 * Whether a TIFF is a camera's: it says that it is a DNG, or its first picture is a small version of
 * one that lies deeper. Its directory must be in the head; TIFF's own reader finds the others.
 */
export function isRawTiff(head: Uint8Array): boolean {
  const littleEndian = starts(head, "II*\0");
  if (head.length < 8 || (!littleEndian && !starts(head, "MM\0*"))) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const start = view.getUint32(4, littleEndian);
  if (start + 2 > head.length) return false;
  const end = start + 2 + 12 * view.getUint16(start, littleEndian);
  const tags = new Map<number, number>();
  for (let at = start + 2; at < end && at + 12 <= head.length; at += 12) {
    tags.set(view.getUint16(at, littleEndian), view.getUint32(at + 8, littleEndian));
  }
  const isReduced = ((tags.get(NEW_SUBFILE_TYPE) ?? 0) & 1) === 1;
  return tags.has(DNG_VERSION) || (tags.has(SUB_DIRECTORIES) && isReduced);
}
