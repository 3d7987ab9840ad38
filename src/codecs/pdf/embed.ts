/** A JPEG file in a PDF as it is, but for the metadata that are not to be kept. */
import { chunks, type ByteSource } from "../../pipeline/bytes.ts";
import type { Source } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { readHeader } from "../jpeg/header.ts";
import { writePdf, type PdfParts } from "./write.ts";

const SOS = 0xda;
const EOI = 0xd9;
/** Some writers put a few bytes behind the end. */
const END_BYTES = 1024;
/** EXIF and XMP, Photoshop's, comments: what a PDF's reader does not look at. */
const LEFT_OUT: ReadonlySet<number> = new Set([0xe1, 0xed, 0xfe]);

/** @returns null where it is no JPEG that every reader of PDFs reads alike */
export async function embedJpeg(
  bytes: ByteSource,
  source: Source,
  options: EncodeOptions,
): Promise<AsyncIterable<Uint8Array> | null> {
  const parts = await jpegParts(bytes, source, options);
  return parts && writePdf([parts]);
}

/** As `embedJpeg`, for a page of several. */
export async function jpegParts(
  bytes: ByteSource,
  source: Source,
  options: EncodeOptions,
): Promise<PdfParts | null> {
  if (source.format !== "jpg" || options.lossless) return null;
  const { colour, height, dataOffset } = await readHeader(bytes);
  if ((colour !== "gray" && colour !== "ycc") || height !== source.height) return null;
  if (!(await saysThatItEnds(bytes))) return null;
  return {
    picture: source,
    orientation: source.orientation,
    options,
    filter: "/Filter /DCTDecode",
    data: copyJpeg(bytes, dataOffset),
  };
}

/** Whether its last bytes have the marker for that: others are left to the decoder to judge. */
async function saysThatItEnds(bytes: ByteSource): Promise<boolean> {
  const end = await bytes.read(Math.max(0, bytes.size - END_BYTES), END_BYTES);
  return end.some((byte, at) => byte === EOI && end[at - 1] === 0xff);
}

/** Segments one by one, then the scans. @param dataOffset where the first scan's data begin */
async function* copyJpeg(
  bytes: ByteSource,
  dataOffset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Uint8Array.of(0xff, 0xd8);
  let offset = 2;
  while (offset < dataOffset) {
    const [mark = 0, marker = 0, high = 0, low = 0] = await bytes.read(offset, 4);
    // Fill bytes, and markers that stand alone.
    if (mark !== 0xff || marker === 0xff || marker === 0x01 || (marker & 0xf8) === 0xd0) {
      offset += mark === 0xff && marker !== 0xff ? 2 : 1;
      continue;
    }
    if (marker === SOS) break;
    const length = 2 + high * 256 + low;
    if (!LEFT_OUT.has(marker)) yield (await bytes.read(offset, length)).slice();
    offset += length;
  }
  for await (const chunk of chunks(await bytes.stream(offset))) yield chunk;
}
