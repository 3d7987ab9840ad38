/** The container: chunks of length, type, data and CRC (PNG specification, clause 5). */
import { crc32 } from "node:zlib";
import { AppError } from "../../errors.ts";
import { chunks, type ByteSource } from "../../pipeline/bytes.ts";

export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Length and type, before the data. */
export const CHUNK_HEAD_BYTES = 8;
/** All that a chunk has beside its data. */
export const CHUNK_FRAME_BYTES = 12;

const FILE_CHUNK_BYTES = 64 * 1024;
/** What `readImageDataInPortions` holds: few reads, since each is a request to the storage. */
export const PORTION_BYTES = 512 * 1024;

/** Chunks with pixels: those of the picture, and those of an animation's other frames. */
export type ImageDataType = "IDAT" | "fdAT";

/** Their types as big-endian numbers, and the bytes before their pixels (a sequence number). */
const IMAGE_DATA: Readonly<Record<ImageDataType, { type: number; prefix: number }>> = {
  IDAT: { type: 0x49444154, prefix: 0 },
  fdAT: { type: 0x66644154, prefix: 4 },
};

/** A number from four bytes, most significant first. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(offset, offset + 4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

export function readType(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** @returns the chunk in one piece, CRC included */
export function writeChunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(data.length + CHUNK_FRAME_BYTES);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(data, CHUNK_HEAD_BYTES);
  const end = CHUNK_HEAD_BYTES + data.length;
  view.setUint32(end, crc32(chunk.subarray(4, end)));
  return chunk;
}

export const damaged = (message = "The PNG's image data are damaged.", cause?: unknown): AppError =>
  new AppError("invalid_image", message, {}, { cause });

export const truncated = (): AppError =>
  new AppError("truncated_image", "The PNG ends before its picture does.");

/** Where a picture's pixels are in a file. */
export interface ImageData {
  /** Where the first chunk starts. */
  offset: number;
  type: ImageDataType;
}

/**
 * The data of the chunks that start at the offset, in large portions that are valid until the
 * next pull. Ends at the first chunk of another type.
 * @throws AppError truncated_image when the file ends within them, invalid_image on a wrong CRC,
 *   storage_unavailable
 */
export async function* readImageData(source: ByteSource, image: ImageData): Portions {
  yield* unframeAll(chunks(await source.stream(image.offset), FILE_CHUNK_BYTES), source, image);
}

/**
 * The same by reads instead of a stream: a stream that waits keeps a connection, of which a Worker
 * has six.
 */
export function readImageDataInPortions(source: ByteSource, image: ImageData): Portions {
  return unframeAll(readPortions(source, image.offset), source, image);
}

type Portions = AsyncGenerator<Uint8Array, void, undefined>;

async function* readPortions(source: ByteSource, offset: number): Portions {
  const buffer = new Uint8Array(PORTION_BYTES);
  for (let at = offset; at < source.size;) {
    const bytes = await source.read(at, PORTION_BYTES);
    if (bytes.length === 0) return;
    // What is read may be the source's own, and chunks are moved together in place.
    buffer.set(bytes);
    at += bytes.length;
    yield buffer.subarray(0, bytes.length);
  }
}

async function* unframeAll(
  pieces: AsyncIterable<Uint8Array>,
  { size }: ByteSource,
  { offset, type }: ImageData,
): Portions {
  const unframe = createUnframer(type);
  let received = 0;
  for await (const bytes of pieces) {
    received += bytes.length;
    const { data, ended } = unframe(bytes);
    if (data.length > 0) yield data;
    if (ended) return;
  }
  if (received < size - offset) {
    throw new AppError("storage_unavailable", "The stored file could not be read to its end.");
  }
  // Whole image data that nothing follows are those of a file that was cut: IEND is missing.
  throw truncated();
}

/**
 * Takes consecutive pieces of the file and moves the image data in each together, in place:
 * encoders write IDAT chunks as small as 8 KB, and each call of zlib costs.
 */
function createUnframer(kind: ImageDataType) {
  const { type, prefix } = IMAGE_DATA[kind];
  const frame = new Uint8Array(CHUNK_FRAME_BYTES); // a CRC and the next chunk's head
  let frameFilled = 4; // before the first chunk there is no CRC
  let dataLeft = 0;
  let prefixLeft = 0;
  let crc = NO_CRC;

  function unframe(bytes: Uint8Array): { data: Uint8Array; ended: boolean } {
    let kept = 0;
    for (let at = 0; at < bytes.length;) {
      if (dataLeft > 0) {
        const data = bytes.subarray(at, at + dataLeft);
        crc = crc32(data, crc);
        const skipped = Math.min(prefixLeft, data.length);
        prefixLeft -= skipped;
        bytes.copyWithin(kept, at + skipped, at + data.length);
        kept += data.length - skipped;
        at += data.length;
        dataLeft -= data.length;
        continue;
      }
      const part = bytes.subarray(at, at + CHUNK_FRAME_BYTES - frameFilled);
      frame.set(part, frameFilled);
      at += part.length;
      frameFilled += part.length;
      if (frameFilled >= 4 && crc !== NO_CRC) {
        if (readUint32(frame, 0) !== crc) throw damaged();
        crc = NO_CRC;
      }
      if (frameFilled < CHUNK_FRAME_BYTES) continue;
      if (readUint32(frame, 8) !== type) return { data: bytes.subarray(0, kept), ended: true };
      dataLeft = readUint32(frame, 4);
      prefixLeft = prefix;
      crc = crc32(frame.subarray(8, 12));
      frameFilled = 0;
    }
    return { data: bytes.subarray(0, kept), ended: false };
  }

  return unframe;
}

const NO_CRC = -1;
