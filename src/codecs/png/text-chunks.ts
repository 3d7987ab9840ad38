/** Metadata that PNG keeps in text chunks. Damaged ones count as missing. */
import { inflateSync } from "node:zlib";
import type { Metadata } from "../../pipeline/picture.ts";

export const XMP_KEYWORD = "XML:com.adobe.xmp";

/** How writers older than the eXIf chunk keep metadata: as hexadecimal text. */
const RAW_PROFILES: Readonly<Record<string, "exif" | "xmp">> = {
  "Raw profile type exif": "exif",
  "Raw profile type APP1": "exif",
  "Raw profile type xmp": "xmp",
};

interface Found {
  kind: keyof Metadata;
  bytes: Uint8Array;
}

/** The zlib stream's contents; null where it is damaged or longer than `maxBytes`. */
export function inflateBounded(data: Uint8Array, maxBytes: number): Uint8Array | null {
  try {
    return new Uint8Array(inflateSync(data, { maxOutputLength: Math.max(1, maxBytes) }));
  } catch {
    return null;
  }
}

/** iTXt: keyword, 0, compressed?, method, language, 0, translated keyword, 0, text. */
export function parseInternationalText(data: Uint8Array, maxBytes: number): Found | null {
  if (readKeyword(data) !== XMP_KEYWORD) return null;
  const languageEnd = data.indexOf(0, XMP_KEYWORD.length + 3);
  const translatedEnd = languageEnd < 0 ? -1 : data.indexOf(0, languageEnd + 1);
  if (translatedEnd < 0) return null;
  const text = data.subarray(translatedEnd + 1);
  const isCompressed = data[XMP_KEYWORD.length + 1] === 1;
  const bytes = isCompressed ? inflateBounded(text, maxBytes) : text.slice();
  return bytes && { kind: "xmp", bytes };
}

/** zTXt: keyword, 0, method, zlib stream. libvips, and so sharp, keeps XMP there, too. */
export function parseCompressedText(data: Uint8Array, maxBytes: number): Found | null {
  const keyword = readKeyword(data);
  if (keyword === XMP_KEYWORD) {
    const bytes = inflateBounded(data.subarray(keyword.length + 2), maxBytes);
    return bytes && { kind: "xmp", bytes };
  }
  const kind = RAW_PROFILES[keyword];
  if (!kind) return null;
  const text = inflateBounded(data.subarray(keyword.length + 2), 3 * maxBytes);
  const bytes = text && parseHex(text);
  if (!bytes || bytes.length > maxBytes) return null;
  return kind === "xmp" ? { kind, bytes } : parseExif(bytes);
}

function readKeyword(data: Uint8Array): string {
  return String.fromCharCode(...data.subarray(0, Math.max(0, data.subarray(0, 80).indexOf(0))));
}

/** "\nexif\n   1234\n" and lines of hexadecimal digits. */
function parseHex(text: Uint8Array): Uint8Array | null {
  const head = /^\n[\w ]+\n *(\d+)\n/.exec(String.fromCharCode(...text.subarray(0, 64)));
  if (!head) return null;
  const bytes = new Uint8Array(Math.min(Number(head[1]), text.length >> 1));
  let digits = 0;
  for (let i = head[0].length; i < text.length && digits < bytes.length * 2; i++) {
    const digit = parseInt(String.fromCharCode(text[i] ?? 0), 16);
    if (Number.isNaN(digit)) continue;
    bytes[digits >> 1] = ((bytes[digits >> 1] ?? 0) << 4) | digit;
    digits++;
  }
  return digits === bytes.length * 2 ? bytes : null;
}

/** Some writers put "Exif\0\0" before the TIFF structure, as JPEG does; some do not. */
function parseExif(bytes: Uint8Array): Found | null {
  const start = String.fromCharCode(...bytes.subarray(0, 6));
  if (start === "Exif\0\0") return { kind: "exif", bytes: bytes.slice(6) };
  return /^(II|MM)/.test(start) ? { kind: "exif", bytes } : null;
}
