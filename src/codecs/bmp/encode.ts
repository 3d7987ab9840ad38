/**
 * Writes 24-bit colours, or 8-bit indices into 256 grays, behind the BITMAPINFOHEADER that
 * everything reads. What is transparent has 32 bits behind a BITMAPV4HEADER, the first that knows of
 * alpha.
 *
 * A BMP's rows start with the last, while ours come from the first on. Small pictures are kept and
 * turned round, so that programs that know nothing else (Windows' LoadImage, devices with their own
 * few lines of code) can show them. Large ones are streamed in the order they come, with a negative
 * height, which browsers, Windows' viewers, Pillow, ImageMagick, Go and Java all read.
 */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { rgbToSrgbBytes } from "../../colour/rgb.ts";
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import { createBgrPacker, type PackRow } from "../bgr-rows.ts";
import type { EncodeOptions } from "../codec.ts";
import { FILE_HEADER_BYTES } from "./header.ts";

/** Up to here, about 12.5 MP of colour, a picture is turned round. */
const MAX_KEPT_BYTES = 36 * 1024 * 1024;
/** Of what is yielded. */
const CHUNK_BYTES = 256 * 1024;

const INFO_HEADER_BYTES = 40;
const V4_HEADER_BYTES = 108;
/** Pixels' fields are where masks say. */
const BITFIELDS = 3;
/** Of red, green, blue and alpha. */
const MASKS = [0xff_0000, 0xff00, 0xff, 0xff00_0000];
/** "sRGB" */
const SRGB = 0x7352_4742;
const GRAYS = 256;
/** 72 an inch: a resolution has to be given, and nothing is known of it. */
const PIXELS_PER_METRE = 2835;

type OutputInfo = Pick<PictureInfo, "width" | "height" | "channels">;

const strideOf = ({ width, channels }: OutputInfo): number => Math.ceil((width * channels) / 4) * 4;

const isKept = (picture: OutputInfo): boolean =>
  strideOf(picture) * picture.height <= MAX_KEPT_BYTES;

/** Rows that are yielded at a time. */
const chunkRows = (picture: OutputInfo): number =>
  Math.max(1, Math.floor(CHUNK_BYTES / strideOf(picture)));

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo): number {
  const chunk = chunkRows(picture) * strideOf(picture);
  const kept = isKept(picture) ? strideOf(picture) * picture.height : 0;
  return 2 * chunk + kept + rgbToSrgbBytes(picture.icc);
}

/** Pixels are written in sRGB: hardly any program looks for a BMP's profile. */
export async function* encodeBmp(
  picture: Picture,
  _options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels, icc } = picture;
  const rowBytes = width * channels;
  const stride = strideOf(picture);
  const atOnce = chunkRows(picture);
  const packRow: PackRow =
    channels === 1
      ? (source, target) => target.set(source)
      : await createBgrPacker({ width, channels, icc }, workspace);
  const kept = isKept(picture) ? workspace.allocate(height * stride) : null;
  yield writeHead(picture, kept === null);
  let y = 0;
  for await (const { rows, data } of picture.strips) {
    for (let done = 0; done < rows; done += atOnce) {
      const count = Math.min(atOnce, rows - done);
      const chunk = kept
        ? kept.subarray((height - y - count) * stride, (height - y) * stride)
        : new Uint8Array(count * stride);
      for (let row = 0; row < count; row++) {
        const to = (kept ? count - 1 - row : row) * stride;
        const from = (done + row) * rowBytes;
        packRow(data.subarray(from, from + rowBytes), chunk.subarray(to, to + rowBytes));
      }
      if (!kept) yield chunk;
      y += count;
    }
  }
  if (y !== height) throw new AppError("internal", "The picture ended before its last row.");
  if (!kept) return;
  for (let at = 0; at < kept.length; at += CHUNK_BYTES) yield kept.slice(at, at + CHUNK_BYTES);
}

function writeHead(picture: PictureInfo, topDown: boolean): Uint8Array {
  const { width, height, channels, icc } = picture;
  const colours = channels === 1 ? GRAYS : 0;
  const infoBytes = channels === 4 ? V4_HEADER_BYTES : INFO_HEADER_BYTES;
  const headBytes = FILE_HEADER_BYTES + infoBytes + colours * 4;
  const pixelBytes = height * strideOf(picture);
  const head = new Uint8Array(headBytes);
  const view = new DataView(head.buffer);
  head.set([0x42, 0x4d]); // "BM"
  view.setUint32(2, headBytes + pixelBytes, true);
  view.setUint32(10, headBytes, true);
  view.setUint32(14, infoBytes, true);
  view.setInt32(18, width, true);
  view.setInt32(22, topDown ? -height : height, true);
  view.setUint16(26, 1, true); // planes
  view.setUint16(28, channels * 8, true);
  view.setUint32(34, pixelBytes, true);
  view.setInt32(38, PIXELS_PER_METRE, true);
  view.setInt32(42, PIXELS_PER_METRE, true);
  view.setUint32(46, colours, true);
  if (channels === 4) {
    view.setUint32(30, BITFIELDS, true);
    MASKS.forEach((mask, i) => view.setUint32(54 + i * 4, mask, true));
    view.setUint32(70, SRGB, true);
  }
  const table = icc && createGrayToSrgb(icc);
  for (let i = 0; i < colours; i++) {
    head.fill(table?.[i] ?? i, headBytes - (GRAYS - i) * 4, headBytes - (GRAYS - i) * 4 + 3);
  }
  return head;
}
