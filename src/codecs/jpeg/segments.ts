/** Marker segments, and the metadata in them. */
import type { Metadata } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";

export const SOI = 0xd8;
export const EOI = 0xd9;

/** A segment's length field counts itself and is 16 bits wide. */
const MAX_PAYLOAD_BYTES = 65_533;
export const EXIF_PREFIX = latin1("Exif\0\0");
export const XMP_PREFIX = latin1("http://ns.adobe.com/xap/1.0/\0");
export const ICC_PREFIX = latin1("ICC_PROFILE\0");
const MAX_ICC_CHUNKS = 255;

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A marker with its length and payload. */
export function writeSegment(
  marker: number,
  ...parts: (readonly number[] | Uint8Array)[]
): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 2);
  const head = Uint8Array.of(0xff, marker, length >> 8, length & 255);
  return concat([head, ...parts.map((part) => Uint8Array.from(part))]);
}

/** JFIF 1.01 without a density. */
const JFIF = writeSegment(0xe0, [...latin1("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0]);

/**
 * EXIF, XMP and ICC as APP segments. EXIF and XMP that do not fit one segment are left out: no
 * reader agrees on how to split them.
 */
export function writeMetadata({ exif, xmp, icc }: Metadata): Uint8Array {
  const parts: Uint8Array[] = [];
  const addWhole = (prefix: Uint8Array, data: Uint8Array | null) => {
    if (data && prefix.length + data.length <= MAX_PAYLOAD_BYTES) {
      parts.push(writeSegment(0xe1, prefix, data));
    }
  };
  addWhole(EXIF_PREFIX, exif);
  addWhole(XMP_PREFIX, xmp);
  if (icc) parts.push(...splitIcc(icc));
  return concat(parts);
}

/** ICC.1, annex B.4: numbered APP2 segments. */
function splitIcc(icc: Uint8Array): Uint8Array[] {
  const room = MAX_PAYLOAD_BYTES - ICC_PREFIX.length - 2;
  const count = Math.ceil(icc.length / room);
  if (count > MAX_ICC_CHUNKS) return [];
  return Array.from({ length: count }, (_, i) =>
    writeSegment(0xe2, ICC_PREFIX, [i + 1, count], icc.subarray(i * room, (i + 1) * room)),
  );
}

/** Everything before the frame's tables: the start and the metadata. */
export function writeStart(metadata: Metadata): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(0xff, SOI), JFIF, writeMetadata(metadata)]);
}
