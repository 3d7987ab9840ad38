/** What a WebP file says of itself before a pixel is decoded. Layout: RFC 9649. */
import { AppError } from "../../errors.ts";
import { MAX_FRAMES, MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Rect, Size } from "../../pipeline/geometry.ts";
import type { Metadata, Warning } from "../../pipeline/picture.ts";
import type { Patch } from "../animation/canvas.ts";
import { parseAlpha } from "./alpha.ts";
import { damaged, truncated } from "./failures.ts";
import type { Place } from "./input.ts";
import type { LosslessPicture } from "./lossless.ts";
import type { LossyPicture } from "./lossy.ts";

/** Coded pixels, and where they are. */
export type CodedPicture = LossyPicture | LosslessPicture;

export interface WebpHeader {
  /** A still picture, or the first frame's. */
  image: CodedPicture;
  movie: Movie | null;
  metadata: Metadata;
  warnings: Warning[];
}

/** What is known of the frames of an animation. */
export interface Movie extends Size {
  frames: WebpFrame[];
  /** May be more than are listed: too many to be used. */
  count: number;
  /** 0 is for ever. */
  plays: number;
}

export interface WebpFrame extends Patch {
  /** Whether its pixels lie over what is there, or take its place. */
  blends: boolean;
  image: CodedPicture;
}

/** With the place of its payload. */
interface Chunk extends Place {
  name: string;
}

const RIFF_BYTES = 12;
const MAX_CHUNKS = 256;
/** Of a frame: its transparency and its pixels, and some that nobody knows. */
const MAX_FRAME_CHUNKS = 16;
const FRAME_HEAD_BYTES = 10;
const LOSSLESS_HEAD_BYTES = 5;
const ANIMATION_FRAME_BYTES = 16;
const WINDOW_BYTES = 4096;
/** Frames follow each other closely: each time is a request to the store. */
const ANIMATION_WINDOW_BYTES = 256 * 1024;
const METADATA_CHUNKS: Record<string, keyof Metadata> = {
  ICCP: "icc",
  EXIF: "exif",
  "XMP ": "xmp",
};

/**
 * Walks the file's chunks by random access; only metadata is read whole.
 * @throws AppError invalid_image, truncated_image
 */
export async function readHeader(bytes: ByteSource): Promise<WebpHeader> {
  const first = windowed(bytes, WINDOW_BYTES);
  const end = await readLength(bytes.size, first);
  const canvas = await readCanvas({ offset: RIFF_BYTES, end }, bytes.size, first);
  const read = canvas?.animated ? windowed(bytes, ANIMATION_WINDOW_BYTES) : first;
  const movie: Movie | null = canvas?.animated
    ? { width: canvas.width, height: canvas.height, frames: [], count: 0, plays: 1 }
    : null;
  const chunks: Chunk[] = [];
  for await (const chunk of walkChunks({ offset: RIFF_BYTES, end }, bytes.size, read)) {
    if (movie && chunk.name === "ANMF") {
      const frame =
        movie.count++ < MAX_FRAMES ? await readFrame(chunk, movie, bytes.size, read) : null;
      if (frame) movie.frames.push(frame);
    } else if (chunks.push(chunk) > MAX_CHUNKS) {
      throw new AppError("invalid_image", "The WebP file has too many parts.");
    }
  }
  const anim = movie && chunks.find(({ name }) => name === "ANIM");
  if (anim) movie.plays = viewOf(await read(anim.offset, 6)).getUint16(4, true);
  const image = movie ? movie.frames[0]?.image : await readPicture(chunks, canvas !== null, read);
  if (!image) throw new AppError("invalid_image", "The WebP file holds no picture.");
  if (canvas && !movie && (canvas.width !== image.width || canvas.height !== image.height)) {
    throw new AppError("invalid_image", "The WebP file contradicts itself about its size.");
  }
  return { image, movie, ...(await readMetadata(chunks, read)) };
}

/** RFC 9649, section 2.7.1.1. */
async function readFrame(
  chunk: Chunk,
  canvas: Size,
  sizeBytes: number,
  read: Read,
): Promise<WebpFrame> {
  const head = viewOf(await read(chunk.offset, ANIMATION_FRAME_BYTES));
  const uint24 = (at: number): number => head.getUint16(at, true) | (head.getUint8(at + 2) << 16);
  const rect: Rect = {
    x: 2 * uint24(0),
    y: 2 * uint24(3),
    width: 1 + uint24(6),
    height: 1 + uint24(9),
  };
  const durationMs = uint24(12);
  const flags = head.getUint8(15);
  const chunks: Chunk[] = [];
  const inside = { offset: chunk.offset + ANIMATION_FRAME_BYTES, end: chunk.end };
  for await (const part of walkChunks(inside, sizeBytes, read)) {
    if (chunks.push(part) === MAX_FRAME_CHUNKS) break;
  }
  const image = await readPicture(chunks, true, read);
  const isInside = rect.x + rect.width <= canvas.width && rect.y + rect.height <= canvas.height;
  if (!isInside || image.width !== rect.width || image.height !== rect.height) throw damaged();
  return {
    ...{ rect, durationMs, image },
    disposal: (flags & 1) !== 0 ? "clear" : "keep",
    blends: (flags & 2) === 0,
  };
}

/** @param extended whether there may be transparency beside lossy pixels */
async function readPicture(
  chunks: readonly Chunk[],
  extended: boolean,
  read: Read,
): Promise<CodedPicture> {
  const find = (name: string): Chunk | undefined => chunks.find((chunk) => chunk.name === name);
  const lossy = find("VP8 ");
  if (lossy) {
    const plane = extended ? find("ALPH") : undefined;
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
function windowed(bytes: ByteSource, windowBytes: number): Read {
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return async (offset, length) => {
    if (offset + length > bytes.size) throw truncated();
    if (offset < start || offset + length > start + window.length) {
      window = await bytes.read(offset, Math.max(length, windowBytes));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

/** @returns where the file's chunks end */
async function readLength(sizeBytes: number, read: Read): Promise<number> {
  const riff = await read(0, RIFF_BYTES);
  if (text(riff, 0) !== "RIFF" || text(riff, 8) !== "WEBP") {
    throw new AppError("invalid_image", "This is not a WebP file.");
  }
  const end = 8 + viewOf(riff).getUint32(4, true);
  if (end > sizeBytes) throw truncated();
  return end;
}

/** Null where the file is of the simple kind. */
async function readCanvas(place: Place, sizeBytes: number, read: Read): Promise<Canvas | null> {
  const { value: first } = await walkChunks(place, sizeBytes, read).next();
  return first?.name === "VP8X" ? parseCanvas(await read(first.offset, 10)) : null;
}

async function* walkChunks(
  place: Place,
  sizeBytes: number,
  read: Read,
): AsyncGenerator<Chunk, undefined> {
  const { end } = place;
  for (let { offset } = place; offset + 8 <= end;) {
    const head = await read(offset, 8);
    const bytes = viewOf(head).getUint32(4, true);
    const chunk = { name: text(head, 0), offset: offset + 8, end: offset + 8 + bytes };
    if (chunk.end > sizeBytes) throw truncated();
    if (chunk.end > end) {
      throw new AppError("invalid_image", "A part of the WebP file is larger than what it is in.");
    }
    yield chunk;
    offset = chunk.end + (bytes & 1);
  }
  return undefined;
}

interface Canvas extends Size {
  animated: boolean;
}

function parseCanvas(data: Uint8Array): Canvas {
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
