/** Photoshop's files up to their pixels (Adobe Photoshop File Formats Specification). */
import { AppError } from "../../errors.ts";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata } from "../../pipeline/picture.ts";

export const HEADER_BYTES = 26;
export const MODES = { bitmap: 0, gray: 1, indexed: 2, rgb: 3, cmyk: 4, duotone: 8 } as const;
export type Mode = (typeof MODES)[keyof typeof MODES];
export const COMPRESSIONS = { none: 0, packBits: 1 } as const;
export const RESOURCES = { channelNames: 1006, icc: 1039, exif: 1058, xmp: 1060 } as const;

export interface PsdHeader {
  width: number;
  height: number;
  mode: Mode;
  bits: 1 | 8 | 16;
  /** All channels of the composite, extra ones included. */
  channels: number;
  hasAlpha: boolean;
  /** Whether colours have been put on white where they are transparent. */
  isOnWhite: boolean;
  /** All reds, then all greens, then all blues; null where samples are no indices. */
  palette: Uint8Array | null;
  metadata: Metadata;
  isPackBits: boolean;
  /** Large documents have lengths of rows in 32 bits. */
  isLarge: boolean;
  /** Behind the compression: of rows' lengths where there are any. */
  dataOffset: number;
}

/** Channels of the colour, without transparency and others. */
export const COLOUR_CHANNELS: Readonly<Record<Mode, 1 | 3 | 4>> = {
  [MODES.bitmap]: 1,
  [MODES.gray]: 1,
  [MODES.indexed]: 1,
  [MODES.rgb]: 3,
  [MODES.cmyk]: 4,
  [MODES.duotone]: 1,
};

const MAX_CHANNELS = 56;
const MAX_SIDE = 300_000;
const MAX_RESOURCES = 1000;
const PALETTE_BYTES = 768;
const MODE_NAMES: Readonly<Record<number, string>> = { 7: "multichannel", 9: "Lab" };

export const damaged = (message = "The PSD's data are damaged."): AppError =>
  new AppError("invalid_image", message);

export const truncated = (): AppError =>
  new AppError("truncated_image", "The PSD ends before its picture does.");

const unsupported = (what: string): AppError =>
  new AppError("unsupported_feature", `PSD: ${what} cannot be read.`);

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readHeader(source: ByteSource): Promise<PsdHeader> {
  const head = await viewAt(source, 0, HEADER_BYTES);
  const version = head.getUint16(4);
  if (head.getUint32(0) !== 0x3842_5053) throw damaged("This is no PSD.");
  if (version !== 1 && version !== 2) throw damaged("The PSD has an unknown version.");
  const isLarge = version === 2;
  const [channels, bits] = [head.getUint16(12), head.getUint16(22)];
  const [height, width] = [head.getUint32(14), head.getUint32(18)];
  const mode = toMode(head.getUint16(24));
  if (channels < COLOUR_CHANNELS[mode] || channels > MAX_CHANNELS) throw damaged();
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE) {
    throw damaged("The PSD's size is invalid.");
  }
  checkBits(bits, mode);

  const paletteAt = HEADER_BYTES + 4;
  const paletteBytes = await lengthAt(source, HEADER_BYTES, false);
  const resourcesAt = paletteAt + paletteBytes + 4;
  const resourcesBytes = await lengthAt(source, resourcesAt - 4, false);
  const layersAt = resourcesAt + resourcesBytes + (isLarge ? 8 : 4);
  const layersBytes = await lengthAt(source, layersAt - (isLarge ? 8 : 4), isLarge);
  const pixelsAt = layersAt + layersBytes;
  const compression = (await viewAt(source, pixelsAt, 2)).getUint16(0);
  if (compression !== COMPRESSIONS.none && compression !== COMPRESSIONS.packBits) {
    throw unsupported(`compression ${compression}`);
  }
  const layers = await countLayers(source, layersAt, layersBytes, isLarge);
  const resources = await readResources(source, resourcesAt, resourcesBytes);
  const hasMore = channels > COLOUR_CHANNELS[mode] && mode !== MODES.bitmap;
  return {
    ...{ width, height, mode, bits: bits as PsdHeader["bits"], channels, isLarge },
    // Photoshop names channels that are none; other programs without layers have one and no names.
    hasAlpha: hasMore && (layers < 0 || (layers === 0 && !resources.hasNames)),
    isOnWhite: layers < 0,
    palette: mode === MODES.indexed ? await readPalette(source, paletteAt, paletteBytes) : null,
    metadata: resources.metadata,
    isPackBits: compression === COMPRESSIONS.packBits,
    dataOffset: pixelsAt + 2,
  };
}

function toMode(value: number): Mode {
  const mode = Object.values(MODES).find((known) => known === value);
  if (mode !== undefined) return mode;
  throw unsupported(`a picture in mode ${MODE_NAMES[value] ?? value}`);
}

function checkBits(bits: number, mode: Mode): void {
  const isPossible = mode === MODES.bitmap ? bits === 1 : bits === 8 || bits === 16;
  if (!isPossible || (mode === MODES.indexed && bits !== 8)) {
    throw unsupported(`a picture of ${bits} bits a channel`);
  }
}

async function viewAt(source: ByteSource, offset: number, length: number): Promise<DataView> {
  const bytes = await source.read(offset, length);
  if (bytes.length < length) throw truncated();
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

/** A section's length, which must lie in the file. */
async function lengthAt(source: ByteSource, offset: number, isLong: boolean): Promise<number> {
  const view = await viewAt(source, offset, isLong ? 8 : 4);
  const length = isLong ? view.getUint32(0) * 2 ** 32 + view.getUint32(4) : view.getUint32(0);
  if (length > source.size) throw truncated();
  return length;
}

/** Negative where the first extra channel of the composite is its transparency. */
async function countLayers(
  source: ByteSource,
  offset: number,
  bytes: number,
  isLarge: boolean,
): Promise<number> {
  const lengthBytes = isLarge ? 8 : 4;
  if (bytes < lengthBytes + 2) return 0;
  if ((await lengthAt(source, offset, isLarge)) < 2) return 0;
  return (await viewAt(source, offset + lengthBytes, 2)).getInt16(0);
}

async function readPalette(source: ByteSource, offset: number, bytes: number): Promise<Uint8Array> {
  if (bytes < PALETTE_BYTES) throw damaged("The PSD's palette is missing.");
  const palette = await source.read(offset, PALETTE_BYTES);
  if (palette.length < PALETTE_BYTES) throw truncated();
  return palette.slice();
}

/** What pixels can do without: damaged resources end the search. */
async function readResources(source: ByteSource, offset: number, bytes: number) {
  let hasNames = false;
  const metadata: Metadata = { icc: null, exif: null, xmp: null };
  const end = Math.min(source.size, offset + bytes);
  let room = MAX_METADATA_BYTES;
  let at = offset;
  for (let count = 0; count < MAX_RESOURCES && at + 12 <= end; count++) {
    const head = await viewAt(source, at, 7);
    if (head.getUint32(0) !== 0x3842_494d) break; // "8BIM"
    const nameBytes = 1 + head.getUint8(6);
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2);
    if (sizeAt + 4 > end) break;
    const size = (await viewAt(source, sizeAt, 4)).getUint32(0);
    if (sizeAt + 4 + size > end) break;
    const id = head.getUint16(4);
    hasNames ||= id === RESOURCES.channelNames;
    const name = NAMES[id];
    if (name && size > 0 && size <= room) {
      metadata[name] = (await source.read(sizeAt + 4, size)).slice();
      room -= size;
    }
    at = sizeAt + 4 + size + (size % 2);
  }
  return { metadata, hasNames };
}

const NAMES: Readonly<Record<number, keyof Metadata>> = {
  [RESOURCES.icc]: "icc",
  [RESOURCES.exif]: "exif",
  [RESOURCES.xmp]: "xmp",
};
