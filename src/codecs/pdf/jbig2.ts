/**
 * JBIG2 images say their size in their own first segment (ITU-T T.88, 7.2 and 7.4.8), wherever in a
 * PDF they hide: 40 KB can be 10 gigapixels, which no reader should begin to unpack.
 */
import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";

/** 20 MiB at one bit a pixel; a page of A3 at 600 dpi has 70 million. */
const MAX_PIXELS = 160_000_000;

const FILTER = "/JBIG2Decode";
const STREAM = "stream";
/** From the filter's name to the stream that it is for. */
const MAX_DICTIONARY_BYTES = 1024;
const PAGE_INFORMATION = 48;
const TYPE_BITS = 0x3f;
const LONG_PAGE_NUMBER = 0x40;

/** @throws AppError too_many_pixels */
export function checkJbig2(file: Uint8Array): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = bytes.indexOf(FILTER); at >= 0; at = bytes.indexOf(FILTER, at + FILTER.length)) {
    const stream = bytes.subarray(at, at + MAX_DICTIONARY_BYTES).indexOf(STREAM);
    if (stream < 0) continue;
    const { width, height } = readSize(bytes, skipLineEnd(bytes, at + stream + STREAM.length));
    if (width * height <= MAX_PIXELS) continue;
    throw new AppError(
      "too_many_pixels",
      `The PDF holds an image of ${width}×${height} pixels; up to ${MAX_PIXELS} are allowed.`,
      { limit: "max_image_pixels", limit_pixels: MAX_PIXELS, width, height },
    );
  }
}

function skipLineEnd(bytes: Buffer, at: number): number {
  const afterReturn = bytes[at] === 0x0d ? at + 1 : at;
  return bytes[afterReturn] === 0x0a ? afterReturn + 1 : afterReturn;
}

/** Nothing where the first segment is not the page's. */
function readSize(bytes: Buffer, at: number): { width: number; height: number } {
  const flags = bytes[at + 4] ?? 0;
  // Number, flags, referred-to segments (none), page, length.
  const data = at + 6 + ((flags & LONG_PAGE_NUMBER) === 0 ? 1 : 4) + 4;
  if ((flags & TYPE_BITS) !== PAGE_INFORMATION || data + 8 > bytes.length) {
    return { width: 0, height: 0 };
  }
  return { width: bytes.readUInt32BE(data), height: bytes.readUInt32BE(data + 4) };
}
