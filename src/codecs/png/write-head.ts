/** All chunks before a PNG's pixels. */
import { deflateSync } from "node:zlib";
import type { Metadata, PictureInfo } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";
import { SIGNATURE, writeChunk } from "./chunks.ts";
import { COLOUR_TYPES } from "./header.ts";
import type { Palette } from "./indexed.ts";
import { XMP_KEYWORD } from "./text-chunks.ts";

const TYPES = { 1: COLOUR_TYPES.gray, 3: COLOUR_TYPES.rgb, 4: COLOUR_TYPES.rgba } as const;

/** Rendering intent "perceptual", the one for pictures. */
const SRGB_DATA = Uint8Array.of(0);

/**
 * 8 bits a sample, or a palette's indices. Without a profile the picture says that it is sRGB.
 */
export function writeHead(
  { width, height, channels }: PictureInfo,
  { icc, exif, xmp }: Metadata,
  palette: Palette | null,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set(palette ? [palette.depth, COLOUR_TYPES.palette] : [8, TYPES[channels]], 8);

  const parts: Uint8Array[] = [SIGNATURE, writeChunk("IHDR", header)];
  parts.push(icc ? writeChunk("iCCP", profileData(icc)) : writeChunk("sRGB", SRGB_DATA));
  if (palette) parts.push(writeChunk("PLTE", palette.colours));
  if (palette?.alphas) parts.push(writeChunk("tRNS", palette.alphas));
  if (exif) parts.push(writeChunk("eXIf", exif));
  if (xmp) parts.push(writeChunk("iTXt", concat([text(`${XMP_KEYWORD}\0\0\0\0\0`), xmp])));
  return concat(parts);
}

function profileData(icc: Uint8Array): Uint8Array {
  return concat([text("ICC profile\0\0"), deflateSync(icc)]);
}

const text = (latin1: string): Uint8Array =>
  Uint8Array.from(latin1, (character) => character.charCodeAt(0));
