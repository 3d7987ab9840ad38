/** Rows → TGA with runs, from the first row down. It has no place for a profile: colours become sRGB. */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { rgbToSrgbBytes } from "../../colour/rgb.ts";
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import { createBgrPacker, type PackRow } from "../bgr-rows.ts";
import { chunkWriterBytes, createChunkWriter, type ChunkWriter } from "../chunk-writer.ts";
import type { EncodeOptions } from "../codec.ts";
import { HEADER_BYTES, KINDS, RUN_LENGTHS, TOP_DOWN } from "./header.ts";

const MAX_PACKET = 128;
const SIGNATURE = "TRUEVISION-XFILE.\0";
/** Behind the pixels: two offsets that lead nowhere, and the signature. */
const FOOTER_BYTES = 8 + SIGNATURE.length;

/** A packet's head before each pixel at worst, and what stands at the file's ends. */
const rowBytesOf = ({ width, channels }: PictureInfo): number =>
  width * (channels + 1) + HEADER_BYTES + FOOTER_BYTES;

/** Upper bound, in bytes. */
export const encodeMemory = (picture: PictureInfo): number =>
  chunkWriterBytes(rowBytesOf(picture)) +
  picture.width * picture.channels +
  rgbToSrgbBytes(picture.icc);

export async function* encodeTga(
  picture: Picture,
  _options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels } = picture;
  const writer = createChunkWriter(rowBytesOf(picture), workspace);
  const toStored = await createRowPacker(picture, workspace);
  const pixels = workspace.allocate(width * channels);
  writeHead(picture, writer);
  let y = 0;
  for await (const { rows, data } of picture.strips) {
    for (let row = 0; row < rows; row++, y++) {
      toStored(data.subarray(row * pixels.length, (row + 1) * pixels.length), pixels);
      writeRow(pixels, channels, writer);
      const chunk = writer.take();
      if (chunk) yield chunk;
    }
  }
  if (y !== height) throw new AppError("internal", "The picture ended before its last row.");
  writeFooter(writer);
  yield writer.rest();
}

function writeHead({ width, height, channels }: PictureInfo, writer: ChunkWriter): void {
  const view = new DataView(writer.bytes.buffer);
  view.setUint8(2, (channels === 1 ? KINDS.gray : KINDS.colour) | RUN_LENGTHS);
  view.setUint16(12, width, true);
  view.setUint16(14, height, true);
  view.setUint8(16, channels * 8);
  view.setUint8(17, TOP_DOWN | (channels === 4 ? 8 : 0));
  writer.at = HEADER_BYTES;
}

function writeFooter(writer: ChunkWriter): void {
  writer.bytes.fill(0, writer.at, writer.at + FOOTER_BYTES);
  for (let i = 0; i < SIGNATURE.length; i++) {
    writer.bytes[writer.at + 8 + i] = SIGNATURE.charCodeAt(i);
  }
  writer.at += FOOTER_BYTES;
}

async function createRowPacker(
  { width, channels, icc }: PictureInfo,
  workspace: Workspace,
): Promise<PackRow> {
  if (channels === 1) {
    const table = icc && createGrayToSrgb(icc);
    return (source, target) => {
      target.set(source);
      if (table) for (let i = 0; i < width; i++) target[i] = table[target[i] as number] as number;
    };
  }
  return await createBgrPacker({ width, channels, icc }, workspace);
}

/** Runs of two and more of a pixel as runs, all else as it is; no packet leaves its row. */
function writeRow(pixels: Uint8Array, pixelBytes: number, writer: ChunkWriter): void {
  const { bytes } = writer;
  const isSame = (at: number): boolean => {
    for (let c = 0; c < pixelBytes; c++) {
      if (pixels[at + c] !== pixels[at + pixelBytes + c]) return false;
    }
    return true;
  };
  const last = pixels.length - pixelBytes;
  for (let at = 0; at < pixels.length;) {
    const limit = Math.min(pixels.length, at + MAX_PACKET * pixelBytes);
    let end = at + pixelBytes;
    const isRun = at < last && isSame(at);
    if (isRun) while (end < limit && isSame(end - pixelBytes)) end += pixelBytes;
    else while (end < limit && !(end < last && isSame(end))) end += pixelBytes;
    bytes[writer.at++] = (isRun ? 128 : 0) | ((end - at) / pixelBytes - 1);
    const stored = pixels.subarray(at, isRun ? at + pixelBytes : end);
    bytes.set(stored, writer.at);
    writer.at += stored.length;
    at = end;
  }
}
