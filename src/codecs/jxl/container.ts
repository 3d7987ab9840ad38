/**
 * A JPEG XL file's container: boxes of ISO/IEC 18181-2:2024, or none around a bare codestream. The
 * codestream may lie in several boxes.
 */
import { brotliDecompressSync } from "node:zlib";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import { createWindow, slice, type ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata } from "../../pipeline/picture.ts";
import { BOX_HEAD_BYTES, Cursor, readBoxHead } from "../isobmff/boxes.ts";
import { concat } from "../concat.ts";
import { damaged, truncated } from "./failures.ts";

export interface JxlFile {
  /** One behind the other they are the codestream. */
  parts: readonly ByteSource[];
  codestreamBytes: number;
  metadata: Pick<Metadata, "exif" | "xmp">;
}

/** What boxes begin with, behind which ftyp follows. */
const SIGNATURE = [0, 0, 0, 12, 0x4a, 0x58, 0x4c, 0x20, 0x0d, 0x0a, 0x87, 0x0a];
const MAX_BOXES = 4096;
const WINDOW_BYTES = 4096;
const PART_HEAD_BYTES = 4;

/** @throws AppError invalid_image, truncated_image */
export async function readFile(bytes: ByteSource): Promise<JxlFile> {
  const head = await bytes.read(0, SIGNATURE.length);
  if (head[0] === 0xff && head[1] === 0x0a) {
    const metadata = { exif: null, xmp: null };
    return { parts: [bytes], codestreamBytes: bytes.size, metadata };
  }
  if (SIGNATURE.some((byte, i) => head[i] !== byte)) throw damaged();
  return await readBoxes(bytes);
}

async function readBoxes(bytes: ByteSource): Promise<JxlFile> {
  const read = createWindow(bytes, WINDOW_BYTES);
  const parts: ByteSource[] = [];
  const metadata: { exif: Uint8Array | null; xmp: Uint8Array | null } = { exif: null, xmp: null };
  let offset = SIGNATURE.length;
  for (let count = 0; offset < bytes.size; count++) {
    if (count > MAX_BOXES) throw damaged("The JPEG XL file has too many boxes.");
    const left = bytes.size - offset;
    if (left < 8) throw truncated();
    const head = new Cursor(await read(offset, Math.min(BOX_HEAD_BYTES, left)));
    const { type, headBytes, bytes: whole } = readBoxHead(head, left);
    if (whole < headBytes) throw damaged();
    const start = offset + headBytes;
    const length = whole - headBytes;
    offset += whole;
    if (offset > bytes.size) throw truncated();
    if (type === "jxlc") parts.push(slice(bytes, start, length));
    if (type === "jxlp") {
      if (length < PART_HEAD_BYTES) throw damaged();
      parts.push(slice(bytes, start + PART_HEAD_BYTES, length - PART_HEAD_BYTES));
    }
    if (length > MAX_METADATA_BYTES || !["Exif", "xml ", "brob"].includes(type)) continue;
    const found = unpack(type, (await bytes.read(start, length)).slice());
    if (found?.type === "Exif") metadata.exif ??= readExif(found.data);
    if (found?.type === "xml ") metadata.xmp ??= found.data;
  }
  if (parts.length === 0) throw truncated();
  const codestreamBytes = parts.reduce((sum, { size }) => sum + size, 0);
  return { parts, codestreamBytes, metadata };
}

/** A box's data; those that Brotli packed say what they are in front. Null where they are damaged. */
function unpack(type: string, data: Uint8Array): { type: string; data: Uint8Array } | null {
  if (type !== "brob") return { type, data };
  if (data.length < 4) return null;
  const cursor = new Cursor(data);
  const inner = cursor.text(4);
  if (inner !== "Exif" && inner !== "xml ") return null;
  try {
    const options = { maxOutputLength: MAX_METADATA_BYTES };
    return { type: inner, data: new Uint8Array(brotliDecompressSync(cursor.rest(), options)) };
  } catch {
    return null;
  }
}

/** Where the TIFF structure begins stands before it. */
function readExif(data: Uint8Array): Uint8Array | null {
  if (data.length < 4) return null;
  const cursor = new Cursor(data);
  const skip = cursor.u32();
  return skip < cursor.left ? data.subarray(4 + skip) : null;
}

/** The codestream's first bytes. */
export async function readHead({ parts }: JxlFile, length: number): Promise<Uint8Array> {
  const found: Uint8Array[] = [];
  let missing = length;
  for (const part of parts) {
    if (missing === 0) break;
    const bytes = (await part.read(0, Math.min(missing, part.size))).slice();
    found.push(bytes);
    missing -= bytes.length;
  }
  return concat(found);
}
