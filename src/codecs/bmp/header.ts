/**
 * What a BMP says of itself before its pixels: file header, one of the seven headers that Windows
 * and OS/2 have used since 1988, colour masks, palette (Microsoft's "Bitmap Storage").
 */
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import { damaged, truncated, unsupported } from "./failures.ts";
import { DEFAULT_MASKS, type Masks } from "./masks.ts";

export const FILE_HEADER_BYTES = 14;

/** By length: BITMAPCOREHEADER, OS/2 2.x short and long, INFOHEADER with 0, 3, 4 masks, V4, V5. */
const HEADER_LENGTHS = {
  core: 12,
  os2Short: 16,
  os2: 64,
  info: 40,
  v2: 52,
  v3: 56,
  v4: 108,
  v5: 124,
};
const KNOWN_LENGTHS = Object.values(HEADER_LENGTHS);
const LONGEST_HEADER = FILE_HEADER_BYTES + HEADER_LENGTHS.v5;

/** Values of biCompression. */
export const COMPRESSIONS = { rgb: 0, rle8: 1, rle4: 2, bitFields: 3, alphaBitFields: 6 } as const;
type Compression = (typeof COMPRESSIONS)[keyof typeof COMPRESSIONS];

const BITS = [1, 2, 4, 8, 16, 24, 32] as const;
export type PixelBits = (typeof BITS)[number];

/** bV5CSType "MBED": the file holds a profile. */
const PROFILE_EMBEDDED = 0x4d42_4544;

export interface BmpHeader {
  width: number;
  height: number;
  /** Whether the first row in the file is the picture's first. */
  topDown: boolean;
  bits: PixelBits;
  /** The pixels are runs of palette indices. */
  runLength: boolean;
  /** Blue, green, red, and a fourth byte that means nothing; empty above 8 bits. */
  palette: Uint8Array;
  /** For 16 and 32 bits. */
  masks: Masks;
  icc: Uint8Array | null;
  /** Where the pixels start. */
  dataOffset: number;
  /** How long the file says it is; often wrong. */
  claimedBytes: number;
}

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readHeader(bytes: ByteSource): Promise<BmpHeader> {
  const start = await bytes.read(0, LONGEST_HEADER);
  if (start.length < FILE_HEADER_BYTES + 4) throw truncated();
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  const length = view.getUint32(FILE_HEADER_BYTES, true);
  if (!KNOWN_LENGTHS.includes(length)) throw damaged("The BMP's header is of no known kind.");
  if (start.length < FILE_HEADER_BYTES + length) throw truncated();
  const shape = length === HEADER_LENGTHS.core ? readCore(view) : readInfo(view, length);
  const dataOffset = view.getUint32(10, true);
  const claimedBytes = view.getUint32(2, true);
  const { masks, headerEnd } = await readMasks(bytes, length, shape);
  if (dataOffset < headerEnd) throw damaged("The BMP's pixels would lie in its header.");
  const entryBytes = length === HEADER_LENGTHS.core ? 3 : 4;
  const palette = await readPalette(bytes, shape, { headerEnd, dataOffset, entryBytes });
  const icc = length === HEADER_LENGTHS.v5 ? await readProfile(bytes, view) : null;
  const { width, height, topDown, bits } = shape;
  const runLength = isRunLength(shape.compression);
  return { width, height, topDown, bits, runLength, palette, masks, icc, dataOffset, claimedBytes };
}

interface Shape {
  width: number;
  height: number;
  topDown: boolean;
  bits: PixelBits;
  compression: Compression;
  /** Colours of the palette as the header says; 0 means as many as the bits can name. */
  colours: number;
}

const isRunLength = (compression: Compression): boolean =>
  compression === COMPRESSIONS.rle4 || compression === COMPRESSIONS.rle8;

const hasMasks = (compression: Compression): boolean =>
  compression === COMPRESSIONS.bitFields || compression === COMPRESSIONS.alphaBitFields;

function readCore(view: DataView): Shape {
  return checkShape({
    width: view.getUint16(18, true),
    height: view.getUint16(20, true),
    topDown: false,
    bits: toBits(view.getUint16(24, true)),
    compression: COMPRESSIONS.rgb,
    colours: 0,
  });
}

function readInfo(view: DataView, length: number): Shape {
  const isShort = length === HEADER_LENGTHS.os2Short;
  const height = view.getInt32(22, true);
  const bits = toBits(view.getUint16(28, true));
  const compression = isShort ? COMPRESSIONS.rgb : view.getUint32(30, true);
  return checkShape({
    width: view.getInt32(18, true),
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression: toCompression(compression, length === HEADER_LENGTHS.os2),
    colours: isShort ? 0 : view.getUint32(46, true),
  });
}

function toBits(value: number): PixelBits {
  const bits = BITS.find((known) => known === value);
  if (!bits) throw damaged(`The BMP has ${value} bits a pixel, which no BMP can have.`);
  return bits;
}

function toCompression(value: number, isOs2: boolean): Compression {
  const known = Object.values(COMPRESSIONS).find((compression) => compression === value);
  // OS/2 gives 3 and 4 meanings of its own; to Windows 4 and 5 are a JPEG or PNG for printers.
  if (value === 4 || value === 5 || (isOs2 && value === COMPRESSIONS.bitFields)) {
    throw unsupported("The BMP's compression is one that only printers or OS/2 used.");
  }
  if (known === undefined) throw damaged("The BMP's compression is unknown.");
  return known;
}

/** Bits that each compression is for; uncompressed pixels may have any. */
const COMPRESSED_BITS: Readonly<Record<Compression, readonly PixelBits[]>> = {
  [COMPRESSIONS.rgb]: BITS,
  [COMPRESSIONS.rle8]: [8],
  [COMPRESSIONS.rle4]: [4],
  [COMPRESSIONS.bitFields]: [16, 32],
  [COMPRESSIONS.alphaBitFields]: [16, 32],
};

function checkShape(shape: Shape): Shape {
  const { width, height, topDown, bits, compression } = shape;
  if (width <= 0 || height === 0) throw damaged("The BMP has no pixels.");
  if (!COMPRESSED_BITS[compression].includes(bits)) {
    throw damaged("The BMP's compression does not go with its bits a pixel.");
  }
  if (topDown && isRunLength(compression)) {
    throw damaged("The BMP is compressed and top-down, which no BMP can be.");
  }
  return shape;
}

/** The newer headers have room for masks; behind the older ones they follow, at the same place. */
async function readMasks(
  bytes: ByteSource,
  length: number,
  { bits, compression }: Shape,
): Promise<{ masks: Masks; headerEnd: number }> {
  const headerEnd = FILE_HEADER_BYTES + length;
  if (!hasMasks(compression)) return { masks: DEFAULT_MASKS[bits === 16 ? 16 : 32], headerEnd };
  const isInside = length >= HEADER_LENGTHS.v2;
  const hasAlpha = isInside
    ? length >= HEADER_LENGTHS.v3
    : compression === COMPRESSIONS.alphaBitFields;
  const count = hasAlpha ? 4 : 3;
  const found = await readExactly(bytes, FILE_HEADER_BYTES + HEADER_LENGTHS.info, count * 4);
  const view = new DataView(found.buffer, found.byteOffset, found.length);
  const [red, green, blue] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  return {
    masks: [red, green, blue, hasAlpha ? view.getUint32(12, true) : 0],
    headerEnd: isInside ? headerEnd : headerEnd + count * 4,
  };
}

interface PalettePlace {
  headerEnd: number;
  dataOffset: number;
  entryBytes: 3 | 4;
}

/** Ends where the pixels start, whatever number of colours the header claims. */
async function readPalette(
  bytes: ByteSource,
  { bits, colours }: Shape,
  { headerEnd, dataOffset, entryBytes }: PalettePlace,
): Promise<Uint8Array> {
  if (bits > 8) return new Uint8Array(0);
  const most = 2 ** bits;
  const claimed = colours === 0 ? most : Math.min(colours, most);
  const room = Math.floor((dataOffset - headerEnd) / entryBytes);
  const count = Math.min(claimed, room);
  if (count === 0) throw damaged("The BMP's palette is missing.");
  const entries = await readExactly(bytes, headerEnd, count * entryBytes);
  const palette = new Uint8Array(count * 4);
  for (let i = 0; i < count; i++) {
    palette.set(entries.subarray(i * entryBytes, i * entryBytes + 3), i * 4);
  }
  return palette;
}

/** A profile that cannot be had is as good as none. */
async function readProfile(bytes: ByteSource, view: DataView): Promise<Uint8Array | null> {
  if (view.getUint32(FILE_HEADER_BYTES + 56, true) !== PROFILE_EMBEDDED) return null;
  const offset = FILE_HEADER_BYTES + view.getUint32(FILE_HEADER_BYTES + 112, true);
  const length = view.getUint32(FILE_HEADER_BYTES + 116, true);
  if (length > MAX_METADATA_BYTES || offset + length > bytes.size) return null;
  return (await bytes.read(offset, length)).slice();
}

/** @throws AppError truncated_image where the file ends before */
async function readExactly(bytes: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  const found = await bytes.read(offset, length);
  if (found.length < length) throw truncated();
  return found;
}
