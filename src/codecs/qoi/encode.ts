/** Rows → QOI. It has no place for a profile, so that colours become sRGB. */
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import { chunkWriterBytes, createChunkWriter, type ChunkWriter } from "../chunk-writer.ts";
import type { EncodeOptions } from "../codec.ts";
import {
  DIFF,
  END,
  hash,
  HEADER_BYTES,
  INDEX,
  INDEX_SIZE,
  LUMA,
  MAX_RUN,
  RGB,
  RGBA,
  RUN,
} from "./format.ts";

/** A row that hardly repeats, the run before it, and what stands at the file's ends. */
const rowBytesOf = ({ width, channels }: PictureInfo): number =>
  width * (channels + 1) + HEADER_BYTES + END.length + 1;

/** Upper bound, in bytes. */
export const encodeMemory = (picture: PictureInfo): number =>
  chunkWriterBytes(rowBytesOf(picture)) +
  picture.width * picture.channels +
  rgbToSrgbBytes(picture.icc);

export async function* encodeQoi(
  picture: Picture,
  _options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, icc } = picture;
  const channels = picture.channels === 4 ? 4 : 3;
  const writer = createChunkWriter(rowBytesOf(picture), workspace);
  const toSrgb = await openRgbToSrgb(icc, workspace);
  const pixels = workspace.allocate(width * channels);
  const pack = createPacker(channels);
  writeHead(picture, writer);
  let y = 0;
  for await (const { rows, data } of picture.strips) {
    for (let row = 0; row < rows; row++, y++) {
      pixels.set(data.subarray(row * pixels.length, (row + 1) * pixels.length));
      toSrgb?.(pixels, width, channels);
      pack.row(pixels, writer);
      const chunk = writer.take();
      if (chunk) yield chunk;
    }
  }
  if (y !== height) throw new AppError("internal", "The picture ended before its last row.");
  pack.end(writer);
  yield writer.rest();
}

function writeHead({ width, height, channels }: PictureInfo, writer: ChunkWriter): void {
  const view = new DataView(writer.bytes.buffer);
  writer.bytes.set([0x71, 0x6f, 0x69, 0x66]); // "qoif"
  view.setUint32(4, width);
  view.setUint32(8, height);
  view.setUint8(12, channels);
  writer.at = HEADER_BYTES;
}

function createPacker(channels: number) {
  const seen = new Uint32Array(INDEX_SIZE);
  let [red, green, blue, alpha, run] = [0, 0, 0, 255, 0];

  function endRun(writer: ChunkWriter): void {
    if (run > 0) writer.bytes[writer.at++] = RUN | (run - 1);
    run = 0;
  }

  function writePixel(r: number, g: number, b: number, a: number, writer: ChunkWriter): void {
    const { bytes } = writer;
    const place = hash(r, g, b, a);
    const colour = ((r << 24) | (g << 16) | (b << 8) | a) >>> 0;
    if (seen[place] === colour) {
      bytes[writer.at++] = INDEX | place;
      return;
    }
    seen[place] = colour;
    if (a !== alpha) {
      bytes[writer.at++] = RGBA;
      bytes[writer.at++] = r;
      bytes[writer.at++] = g;
      bytes[writer.at++] = b;
      bytes[writer.at++] = a;
      return;
    }
    // Differences are taken modulo 256.
    const dr = ((r - red) << 24) >> 24;
    const dg = ((g - green) << 24) >> 24;
    const db = ((b - blue) << 24) >> 24;
    const [rg, bg] = [dr - dg, db - dg];
    if (dr >= -2 && dr <= 1 && dg >= -2 && dg <= 1 && db >= -2 && db <= 1) {
      bytes[writer.at++] = DIFF | ((dr + 2) << 4) | ((dg + 2) << 2) | (db + 2);
    } else if (rg >= -8 && rg <= 7 && dg >= -32 && dg <= 31 && bg >= -8 && bg <= 7) {
      bytes[writer.at++] = LUMA | (dg + 32);
      bytes[writer.at++] = ((rg + 8) << 4) | (bg + 8);
    } else {
      bytes[writer.at++] = RGB;
      bytes[writer.at++] = r;
      bytes[writer.at++] = g;
      bytes[writer.at++] = b;
    }
  }

  return {
    row(pixels: Uint8Array, writer: ChunkWriter): void {
      for (let from = 0; from < pixels.length; from += channels) {
        const r = pixels[from] as number;
        const g = pixels[from + 1] as number;
        const b = pixels[from + 2] as number;
        const a = channels === 4 ? (pixels[from + 3] as number) : 255;
        if (r === red && g === green && b === blue && a === alpha) {
          if (++run === MAX_RUN) endRun(writer);
          continue;
        }
        endRun(writer);
        writePixel(r, g, b, a, writer);
        red = r;
        green = g;
        blue = b;
        alpha = a;
      }
    },
    end(writer: ChunkWriter): void {
      endRun(writer);
      writer.bytes.set(END, writer.at);
      writer.at += END.length;
    },
  };
}
