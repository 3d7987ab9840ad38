/** Puts metadata around what libwebp wrote. Layout: RFC 9649, section 2. */
import type { Metadata } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";
import type { Region } from "./libwebp.ts";

/** A file in three parts, so that the picture in the middle need not be copied. */
export interface WrappedFile {
  before: Uint8Array;
  /** Image chunks, in the memory they were found in. */
  image: Region;
  after: Uint8Array;
}

const RIFF_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
const CANVAS_BYTES = 10;
const FLAGS = { icc: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04 } as const;

/**
 * @param heap where libwebp's file lies, at `file`
 * @param metadata members that are null are left out
 */
export function wrapFile(
  heap: Uint8Array,
  file: Region,
  size: { width: number; height: number },
  metadata: Metadata,
): WrappedFile {
  const { icc, exif, xmp } = metadata;
  const head = heap.subarray(file.pointer, file.pointer + RIFF_BYTES + CHUNK_HEAD_BYTES + 5);
  const name = String.fromCharCode(...head.subarray(RIFF_BYTES, RIFF_BYTES + 4));
  if (!icc && !exif && !xmp) {
    const skipped = { pointer: file.pointer + RIFF_BYTES, bytes: file.bytes - RIFF_BYTES };
    return { before: head.slice(0, RIFF_BYTES), image: skipped, after: new Uint8Array(0) };
  }
  // libwebp itself extends the file only for a lossy picture with transparency.
  const extended = name === "VP8X";
  const start = RIFF_BYTES + (extended ? CHUNK_HEAD_BYTES + CANVAS_BYTES : 0);
  const image = { pointer: file.pointer + start, bytes: file.bytes - start };
  const alpha = extended || (name === "VP8L" && ((head[RIFF_BYTES + 12] ?? 0) & 0x10) !== 0);

  const canvas = new Uint8Array(CANVAS_BYTES);
  canvas[0] =
    (icc ? FLAGS.icc : 0) |
    (alpha ? FLAGS.alpha : 0) |
    (exif ? FLAGS.exif : 0) |
    (xmp ? FLAGS.xmp : 0);
  writeUint24(canvas, 4, size.width - 1);
  writeUint24(canvas, 7, size.height - 1);

  const front = [chunk("VP8X", canvas), ...(icc ? [chunk("ICCP", icc)] : [])];
  const back = [...(exif ? [chunk("EXIF", exif)] : []), ...(xmp ? [chunk("XMP ", xmp)] : [])];
  const riff = head.slice(0, RIFF_BYTES);
  const bytes = [...front, ...back].reduce((sum, part) => sum + part.length, 4 + image.bytes);
  new DataView(riff.buffer).setUint32(4, bytes, true);
  return { before: concat([riff, ...front]), image, after: concat(back) };
}

/** Chunks start at even offsets; the byte of padding does not count as theirs. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEAD_BYTES + data.length + (data.length & 1));
  for (let i = 0; i < 4; i++) bytes[i] = name.charCodeAt(i);
  new DataView(bytes.buffer).setUint32(4, data.length, true);
  bytes.set(data, CHUNK_HEAD_BYTES);
  return bytes;
}

function writeUint24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >> 8;
  bytes[offset + 2] = value >> 16;
}
