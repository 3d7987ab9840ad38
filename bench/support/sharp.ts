/** The peer: sharp with one thread and no cache. Colours are not converted on either side. */
import sharp from "sharp";
import type { Rect } from "../../src/pipeline/geometry.ts";

sharp.concurrency(1);
sharp.cache(false);

export interface SharpOptions {
  format: "jpg" | "png" | "webp";
  quality?: number | undefined;
  width?: number | undefined;
  /** sharp's own: mozjpeg's encoder. */
  mozjpeg?: boolean | undefined;
}

export interface RawInfo {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

/** @param raw what `input` is, where that is packed pixels */
export async function runSharp(
  input: Uint8Array,
  { format, quality = 80, width, mozjpeg = false }: SharpOptions,
  raw?: RawInfo,
): Promise<Buffer> {
  const pipeline = sharp(input, raw ? { raw } : {})
    .rotate()
    .keepIccProfile();
  if (width) pipeline.resize(width);
  if (format === "jpg") pipeline.jpeg({ quality, mozjpeg });
  else if (format === "webp") pipeline.webp({ quality });
  else pipeline.png();
  return await pipeline.toBuffer();
}

/** Packed pixels of a file. */
export async function decodeSharp(file: Uint8Array): Promise<Buffer> {
  return await sharp(file, { ignoreIcc: true }).raw().toBuffer();
}

export async function extractSharp(
  file: Uint8Array,
  { x, y, width, height }: Rect,
): Promise<Buffer> {
  const part = { left: x, top: y, width, height };
  return await sharp(file, { ignoreIcc: true }).extract(part).raw().toBuffer();
}

export async function resizeSharp(
  pixels: Uint8Array,
  raw: RawInfo,
  width: number,
): Promise<Buffer> {
  return await sharp(pixels, { raw }).resize(width).raw().toBuffer();
}
