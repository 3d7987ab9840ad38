/** Everything before a PNG's pixels, and the metadata behind them where that is near. */
import { crc32 } from "node:zlib";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import { readOrientation } from "../../metadata/exif.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata, Orientation, Warning } from "../../pipeline/picture.ts";
import { REDUCED_TO_8_BIT } from "../reduced-to-8-bit.ts";
import {
  CHUNK_FRAME_BYTES,
  CHUNK_HEAD_BYTES,
  damaged,
  readType,
  readUint32,
  SIGNATURE,
  truncated,
  type ImageData,
} from "./chunks.ts";
import { inflateBounded, parseCompressedText, parseInternationalText } from "./text-chunks.ts";

/** Bits 1, 2 and 4 of the colour type (clause 11.2.1). */
export const COLOUR_TYPES = { gray: 0, rgb: 2, palette: 3, grayAlpha: 4, rgba: 6 } as const;
export type ColourType = (typeof COLOUR_TYPES)[keyof typeof COLOUR_TYPES];

export interface PngHeader {
  width: number;
  height: number;
  depth: 1 | 2 | 4 | 8 | 16;
  colourType: ColourType;
  interlaced: boolean;
  /** RGB triples; empty where there is none. */
  palette: Uint8Array;
  /** Data of tRNS: alpha of palette entries, or one sample's 16-bit values to be transparent. */
  transparency: Uint8Array | null;
  metadata: Metadata;
  orientation: Orientation;
  warnings: Warning[];
  /** Of the picture that every program shows. */
  imageData: ImageData;
  /** Whether the file says that it is an animation of several frames. */
  moves: boolean;
  /** How often that is played; 0 is for ever. */
  plays: number;
}

const DEPTHS: Readonly<Record<ColourType, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

const MAX_DIMENSION = 2 ** 31 - 1;
const WINDOW_BYTES = 64 * 1024;
/** How many reads the search for metadata behind the pixels is worth. */
const MAX_READS_BEHIND = 8;
/** Chunks of a sound file before its pixels; a file of empty chunks would be walked for ever. */
const MAX_CHUNKS = 4096;

/** gAMA of sRGB, in 1/100,000, and how far from it a picture looks the same. */
const SRGB_GAMMA = 45_455;
const GAMMA_TOLERANCE = 2_500;

type Read = ByteSource["read"];

/** What chunks have told so far. */
interface Found extends PngHeader {
  gamma: number | null;
  isSrgb: boolean;
  metadataBytes: number;
}

/** @throws AppError invalid_image, truncated_image */
export async function readHeader(source: ByteSource): Promise<PngHeader> {
  const read = createWindow(source, WINDOW_BYTES);
  const start = await read(0, 33);
  if (SIGNATURE.some((byte, index) => start[index] !== byte)) throw damaged("This is no PNG.");
  if (start.length < 33) throw truncated();
  const found = parseImageHeader(start);
  found.imageData = { offset: await readBefore(read, found), type: "IDAT" };
  if (found.colourType === COLOUR_TYPES.palette && found.palette.length === 0) {
    throw damaged("The PNG's palette is missing.");
  }
  await readBehind(read, source.size, found);
  found.orientation = found.metadata.exif ? readOrientation(found.metadata.exif) : 1;
  found.warnings.push(...listWarnings(found));
  return found;
}

function parseImageHeader(start: Uint8Array): Found {
  if (readUint32(start, 8) !== 13 || readType(start, 12) !== "IHDR") {
    throw damaged("The PNG does not start with its header.");
  }
  checkCrc(start.subarray(12, 33), 17);
  const [width, height] = [readUint32(start, 16), readUint32(start, 20)];
  if (width === 0 || height === 0) throw damaged("The PNG has no pixels.");
  if (width > MAX_DIMENSION || height > MAX_DIMENSION) throw damaged("The PNG's size is invalid.");
  const [depth = 0, colourType = 0, compression, filter, interlace = 0] = start.subarray(24, 29);
  if (!DEPTHS[colourType as ColourType]?.includes(depth)) {
    throw damaged("The PNG's colour type is invalid.");
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw damaged("The PNG uses an unknown method.");
  }
  return {
    ...{ width, height },
    depth: depth as PngHeader["depth"],
    colourType: colourType as ColourType,
    interlaced: interlace === 1,
    palette: new Uint8Array(0),
    transparency: null,
    metadata: { icc: null, exif: null, xmp: null },
    orientation: 1,
    warnings: [],
    imageData: { offset: 0, type: "IDAT" },
    moves: false,
    plays: 0,
    ...{ gamma: null, isSrgb: false, metadataBytes: 0 },
  };
}

function checkCrc(typeDataAndCrc: Uint8Array, length: number): void {
  if (crc32(typeDataAndCrc.subarray(0, length)) !== readUint32(typeDataAndCrc, length)) {
    throw damaged("The PNG's header is damaged.");
  }
}

/** @returns where the first IDAT chunk starts */
async function readBefore(read: Read, found: Found): Promise<number> {
  let offset = 33;
  for (let count = 0; count < MAX_CHUNKS; count++) {
    const head = await read(offset, CHUNK_HEAD_BYTES);
    if (head.length < CHUNK_HEAD_BYTES) throw truncated();
    const type = readType(head, 4);
    const length = readUint32(head, 0);
    if (type === "IDAT") return offset;
    if (type === "IEND") throw damaged("The PNG holds no image data.");
    await readChunk(read, offset, type, length, found);
    offset += CHUNK_FRAME_BYTES + length;
  }
  throw damaged("The PNG has too many chunks.");
}

/**
 * Some writers put metadata behind the pixels. IDAT chunks are skipped by their lengths, which is
 * cheap only where they are few or the file is small. Damage behind the pixels is nobody's concern.
 */
async function readBehind(read: Read, size: number, found: Found): Promise<void> {
  let { offset } = found.imageData;
  const firstBytes = CHUNK_FRAME_BYTES + readUint32(await read(offset, CHUNK_HEAD_BYTES), 0);
  if ((size - offset) / Math.max(firstBytes, WINDOW_BYTES) > MAX_READS_BEHIND) return;
  for (let count = 0; count < MAX_CHUNKS && offset < size; count++) {
    const head = await read(offset, CHUNK_HEAD_BYTES);
    if (head.length < CHUNK_HEAD_BYTES) return;
    const type = readType(head, 4);
    const length = readUint32(head, 0);
    if (type === "IEND") return;
    if (METADATA_CHUNKS.includes(type)) await readChunk(read, offset, type, length, found);
    offset += CHUNK_FRAME_BYTES + length;
  }
}

/** One chunk's data → what is known. */
const PARSERS: Readonly<Record<string, (data: Uint8Array, found: Found) => void>> = {
  PLTE(data, found) {
    if (data.length === 0 || data.length % 3 !== 0 || data.length > 768) {
      throw damaged("The PNG's palette is invalid.");
    }
    found.palette = data.slice();
  },
  tRNS(data, found) {
    found.transparency = data.slice();
  },
  acTL(data, found) {
    found.moves = readUint32(data, 0) > 1;
    found.plays = readUint32(data, 4);
  },
  gAMA(data, found) {
    found.gamma = readUint32(data, 0);
  },
  sRGB(_data, found) {
    found.isSrgb = true;
  },
  iCCP(data, found) {
    const nameEnd = data.indexOf(0);
    if (nameEnd < 1) return;
    keepMetadata(found, "icc", inflateBounded(data.subarray(nameEnd + 2), roomOf(found)));
  },
  eXIf(data, found) {
    // Newer than the text chunks that some files also have, so it replaces theirs.
    found.metadata.exif = null;
    keepMetadata(found, "exif", data.slice());
  },
  iTXt(data, found) {
    const text = parseInternationalText(data, roomOf(found));
    if (text) keepMetadata(found, text.kind, text.bytes);
  },
  zTXt(data, found) {
    const text = parseCompressedText(data, roomOf(found));
    if (text) keepMetadata(found, text.kind, text.bytes);
  },
};

/** The ones that may also be behind the pixels. */
const METADATA_CHUNKS = ["eXIf", "iTXt", "zTXt"];

/** Chunks without which the pixels would be wrong. */
const CRITICAL = ["PLTE", "tRNS"];

async function readChunk(
  read: Read,
  offset: number,
  type: string,
  length: number,
  found: Found,
): Promise<void> {
  const parse = PARSERS[type];
  if (!parse) return;
  if (length > roomOf(found)) {
    if (CRITICAL.includes(type)) throw damaged("The PNG's palette is invalid.");
    return;
  }
  const chunk = await read(offset + 4, length + CHUNK_FRAME_BYTES - 4);
  const isWhole = chunk.length === length + CHUNK_FRAME_BYTES - 4;
  if (CRITICAL.includes(type)) {
    if (!isWhole) throw truncated();
    checkCrc(chunk, length + 4);
  }
  if (isWhole) parse(chunk.subarray(4, 4 + length), found);
}

const roomOf = (found: Found): number => MAX_METADATA_BYTES - found.metadataBytes;

/** The first of a kind counts. */
function keepMetadata(found: Found, kind: keyof Metadata, bytes: Uint8Array | null): void {
  if (!bytes || found.metadata[kind]) return;
  found.metadata[kind] = bytes;
  found.metadataBytes += bytes.length;
}

function listWarnings(found: Found): Warning[] {
  const warnings: Warning[] = [];
  if (found.depth === 16) {
    warnings.push(REDUCED_TO_8_BIT);
  }
  const isPlain = !found.isSrgb && !found.metadata.icc;
  if (isPlain && found.gamma !== null && Math.abs(found.gamma - SRGB_GAMMA) > GAMMA_TOLERANCE) {
    warnings.push({
      code: "gamma_ignored",
      message: `The picture's gamma (${found.gamma / 100_000}) was ignored.`,
    });
  }
  return warnings;
}
