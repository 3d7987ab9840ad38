/** What surrounds the picture in a WebP file. Layout: RFC 9649, section 2. */
import type { Rect } from "../../pipeline/geometry.ts";
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
const WEBP = Uint8Array.of(0x57, 0x45, 0x42, 0x50);
const FLAGS = { icc: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04, animation: 0x02 } as const;

/** Whether the picture has transparency, and its metadata (members that are null are left out). */
export interface Surroundings {
  width: number;
  height: number;
  alpha: boolean;
  metadata: Metadata;
  /** Of an animation: how often it is played; 0 is for ever. */
  plays?: number;
}

const MAX_PLAYS = 0xffff;

/**
 * What a file has before and after `imageBytes` bytes of image chunks. `extended` asks for the
 * chunk that a file needs with transparency beside a lossy picture, or with metadata.
 */
export function surround(
  imageBytes: number,
  { width, height, alpha, metadata, plays }: Surroundings,
  extended: boolean,
): Omit<WrappedFile, "image"> {
  const { icc, exif, xmp } = metadata;
  const front: Uint8Array[] = [];
  if (extended || icc || exif || xmp) {
    const canvas = new Uint8Array(CANVAS_BYTES);
    canvas[0] =
      (icc ? FLAGS.icc : 0) |
      (alpha ? FLAGS.alpha : 0) |
      (exif ? FLAGS.exif : 0) |
      (xmp ? FLAGS.xmp : 0) |
      (plays === undefined ? 0 : FLAGS.animation);
    writeUint24(canvas, 4, width - 1);
    writeUint24(canvas, 7, height - 1);
    front.push(chunk("VP8X", canvas));
    if (icc) front.push(chunk("ICCP", icc));
  }
  if (plays !== undefined) front.push(chunk("ANIM", animationData(plays)));
  const back = [...(exif ? [chunk("EXIF", exif)] : []), ...(xmp ? [chunk("XMP ", xmp)] : [])];
  const bytes = [...front, ...back].reduce((sum, part) => sum + part.length, 4 + imageBytes);
  const riff = chunkHead("RIFF", bytes);
  return { before: concat([riff, WEBP, ...front]), after: concat(back) };
}

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
  const head = heap.subarray(file.pointer, file.pointer + RIFF_BYTES + CHUNK_HEAD_BYTES + 5);
  const name = String.fromCharCode(...head.subarray(RIFF_BYTES, RIFF_BYTES + 4));
  // libwebp itself extends the file only for a lossy picture with transparency.
  const extended = name === "VP8X";
  const start = RIFF_BYTES + (extended ? CHUNK_HEAD_BYTES + CANVAS_BYTES : 0);
  const image = { pointer: file.pointer + start, bytes: file.bytes - start };
  const alpha = extended || (name === "VP8L" && ((head[RIFF_BYTES + 12] ?? 0) & 0x10) !== 0);
  return { ...surround(image.bytes, { ...size, alpha, metadata }, extended), image };
}

/** The first eight bytes of a chunk of `bytes` bytes. */
export function chunkHead(name: string, bytes: number): Uint8Array {
  const head = new Uint8Array(CHUNK_HEAD_BYTES);
  for (let i = 0; i < 4; i++) head[i] = name.charCodeAt(i);
  new DataView(head.buffer).setUint32(4, bytes, true);
  return head;
}

/** Chunks start at even offsets; the byte of padding does not count as theirs. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  return concat([chunkHead(name, data.length), data, new Uint8Array(data.length & 1)]);
}

/** Before the first frame there is no colour. */
function animationData(plays: number): Uint8Array {
  const data = new Uint8Array(6);
  new DataView(data.buffer).setUint16(4, Math.min(plays, MAX_PLAYS), true);
  return data;
}

export interface FramePlace {
  rect: Rect;
  durationMs: number;
  /** Whether the frame's pixels lie over what is there, or take its place. */
  blends: boolean;
}

const FRAME_HEAD_BYTES = 16;
const MAX_DURATION_MS = 0xff_ffff;

/**
 * What precedes a frame's chunks (section 2.7.1.1); it stays when the next one comes.
 * @param rect with even x and y
 * @param imageBytes of its chunks, an even number
 */
export function writeFrameHead(
  { rect, durationMs, blends }: FramePlace,
  imageBytes: number,
): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  writeUint24(head, 0, rect.x / 2);
  writeUint24(head, 3, rect.y / 2);
  writeUint24(head, 6, rect.width - 1);
  writeUint24(head, 9, rect.height - 1);
  writeUint24(head, 12, Math.min(MAX_DURATION_MS, Math.round(durationMs)));
  head[15] = blends ? 0 : 2;
  return concat([chunkHead("ANMF", FRAME_HEAD_BYTES + imageBytes), head]);
}

function writeUint24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >> 8;
  bytes[offset + 2] = value >> 16;
}
