/** What a WebP file says of itself before a pixel is decoded. Layout: RFC 9649. */
import { AppError } from "../../errors.ts";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata, Warning } from "../../pipeline/picture.ts";
import { parseAlpha } from "./alpha.ts";
import { damaged, truncated } from "./failures.ts";
import type { Place } from "./input.ts";
import type { LosslessPicture } from "./lossless.ts";
import type { LossyPicture } from "./lossy.ts";

export interface WebpHeader {
  image: LossyPicture | LosslessPicture;
  metadata: Metadata;
  warnings: Warning[];
}

/** With the place of its payload. */
interface Chunk extends Place {
  name: string;
}

const MAX_CHUNKS = 256;
const FRAME_HEAD_BYTES = 10;
const LOSSLESS_HEAD_BYTES = 5;
const WINDOW_BYTES = 4096;
const METADATA_CHUNKS: Record<string, keyof Metadata> = {
  ICCP: "icc",
  EXIF: "exif",
  "XMP ": "xmp",
};

/**
 * Walks the file's chunks by random access; only metadata is read whole.
 * @throws AppError invalid_image, truncated_image, unsupported_feature (animation)
 */
export async function readHeader(bytes: ByteSource): Promise<WebpHeader> {
  const read = windowed(bytes);
  const chunks = await listChunks(bytes.size, read);
  const find = (name: string): Chunk | undefined => chunks.find((chunk) => chunk.name === name);
  const extended = find("VP8X");
  const canvas = extended && parseCanvas(await read(extended.offset, 10));
  if (canvas?.animated) {
    throw new AppError("unsupported_feature", "Animated WebP files cannot be converted yet.", {
      feature: "animation",
    });
  }
  const image = await readPicture(find, read);
  if (canvas && (canvas.width !== image.width || canvas.height !== image.height)) {
    throw new AppError("invalid_image", "The WebP file contradicts itself about its size.");
  }
  const { metadata, warnings } = await readMetadata(chunks, read);
  return { image, metadata, warnings };
}

async function readPicture(
  find: (name: string) => Chunk | undefined,
  read: Read,
): Promise<WebpHeader["image"]> {
  const lossy = find("VP8 ");
  if (lossy) {
    const plane = find("VP8X") && find("ALPH");
    const [first = 0] = plane ? await read(plane.offset, 1) : [];
    return {
      ...parseLossy(await read(lossy.offset, FRAME_HEAD_BYTES), lossy),
      alpha: plane ? parseAlpha(first, plane) : null,
    };
  }
  const lossless = find("VP8L");
  if (!lossless) throw new AppError("invalid_image", "The WebP file holds no picture.");
  return parseLossless(await read(lossless.offset, LOSSLESS_HEAD_BYTES), lossless);
}

type Read = (offset: number, length: number) => Promise<Uint8Array>;

/** Small reads near each other become one. @throws AppError truncated_image past the end */
function windowed(bytes: ByteSource): Read {
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return async (offset, length) => {
    if (offset + length > bytes.size) throw truncated();
    if (offset < start || offset + length > start + window.length) {
      window = await bytes.read(offset, Math.max(length, WINDOW_BYTES));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

async function listChunks(sizeBytes: number, read: Read): Promise<Chunk[]> {
  const riff = await read(0, 12);
  if (text(riff, 0) !== "RIFF" || text(riff, 8) !== "WEBP") {
    throw new AppError("invalid_image", "This is not a WebP file.");
  }
  const end = 8 + viewOf(riff).getUint32(4, true);
  if (end > sizeBytes) throw truncated();
  const chunks: Chunk[] = [];
  let offset = 12;
  while (offset + 8 <= Math.min(end, sizeBytes)) {
    const head = await read(offset, 8);
    const bytes = viewOf(head).getUint32(4, true);
    const chunk = { name: text(head, 0), offset: offset + 8, end: offset + 8 + bytes };
    if (chunk.end > sizeBytes) throw truncated();
    if (chunk.end > end) {
      throw new AppError("invalid_image", "A part of the WebP file is larger than the file.");
    }
    if (chunks.push(chunk) > MAX_CHUNKS) {
      throw new AppError("invalid_image", "The WebP file has too many parts.");
    }
    offset = chunk.end + (bytes & 1);
  }
  return chunks;
}

function parseCanvas(data: Uint8Array): { width: number; height: number; animated: boolean } {
  const view = viewOf(data);
  return {
    width: 1 + (view.getUint32(4, true) & 0xffffff),
    height: 1 + (view.getUint32(6, true) >>> 8),
    animated: ((data[0] ?? 0) & 0x02) !== 0,
  };
}

/** Frame header of VP8, RFC 6386, section 9.1. */
function parseLossy(data: Uint8Array, chunk: Place): Omit<LossyPicture, "alpha"> {
  const view = viewOf(data);
  const tag = view.getUint16(0, true) | ((data[2] ?? 0) << 16);
  const keyFrame = (tag & 1) === 0;
  const version = (tag >> 1) & 7;
  const shown = (tag & 0x10) !== 0;
  if (!keyFrame || version > 3 || !shown) throw damaged();
  if (view.getUint16(3) !== 0x9d01 || data[5] !== 0x2a) throw damaged();
  const width = view.getUint16(6, true) & 0x3fff;
  const height = view.getUint16(8, true) & 0x3fff;
  if (width === 0 || height === 0) {
    throw new AppError("invalid_image", "The WebP file says that it has no pixels.");
  }
  const frame = { offset: chunk.offset + FRAME_HEAD_BYTES, end: chunk.end, headBytes: tag >> 5 };
  if (frame.offset + frame.headBytes > frame.end) throw truncated();
  return { width, height, frame };
}

/** RFC 9649, section 3.4. */
function parseLossless(data: Uint8Array, chunk: Place): LosslessPicture {
  const bits = viewOf(data).getUint32(1, true);
  if (data[0] !== 0x2f || bits >>> 29 !== 0) throw damaged();
  return {
    width: (bits & 0x3fff) + 1,
    height: ((bits >>> 14) & 0x3fff) + 1,
    channels: (bits & 0x1000_0000) !== 0 ? 4 : 3,
    place: { offset: chunk.offset + LOSSLESS_HEAD_BYTES, end: chunk.end },
  };
}

async function readMetadata(chunks: readonly Chunk[], read: Read) {
  const metadata: Metadata = { icc: null, exif: null, xmp: null };
  const warnings: Warning[] = [];
  let kept = 0;
  for (const chunk of chunks) {
    const member = METADATA_CHUNKS[chunk.name];
    const bytes = chunk.end - chunk.offset;
    if (!member || metadata[member] || bytes === 0) continue;
    kept += bytes;
    if (kept > MAX_METADATA_BYTES) {
      warnings.push({
        code: "metadata_dropped",
        message: "The file's metadata is too large and was left out.",
      });
      break;
    }
    metadata[member] = (await read(chunk.offset, bytes)).slice();
  }
  if (metadata.exif) metadata.exif = withoutPrefix(metadata.exif);
  return { metadata, warnings };
}

/** Some writers keep the prefix that JPEG needs. */
function withoutPrefix(exif: Uint8Array): Uint8Array {
  return text(exif, 0) === "Exif" && exif[4] === 0 && exif[5] === 0 ? exif.subarray(6) : exif;
}

const text = (bytes: Uint8Array, offset: number): string =>
  String.fromCharCode(...bytes.subarray(offset, offset + 4));

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
