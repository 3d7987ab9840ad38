/**
 * The headers that begin a codestream: SizeHeader, ImageMetadata, and of the first frame's header what
 * tells how much memory it takes (ISO/IEC 18181-1:2024, annexes D to F).
 */
import type { Orientation } from "../../pipeline/picture.ts";
import { bits, createBitReader, type BitReader } from "./bits.ts";
import { damaged } from "./failures.ts";

/** More than any header has whose channels have names of usual length. */
export const HEADER_BYTES = 4096;

export interface SampleDepth {
  bits: number;
  /** Of these the exponent's, where samples are floating-point numbers; else 0. */
  exponentBits: number;
}

export interface ExtraChannel {
  kind: "alpha" | "black" | "other";
  depth: SampleDepth;
  /** Of alpha: whether colours have been multiplied by it. */
  isAssociated: boolean;
}

/** Colours by their numbers, which are those of ISO/IEC 23091-2 where that has them. */
export interface EnumeratedColour {
  whitePoint: number;
  primaries: number;
  /** Null where the curve is a mere power. */
  transfer: number | null;
}

export interface JxlHeader {
  width: number;
  height: number;
  orientation: Orientation;
  depth: SampleDepth;
  isGray: boolean;
  extraChannels: readonly ExtraChannel[];
  /** Whether the picture is coded in a space of its own, which decoders leave for any other. */
  isXyb: boolean;
  /** Null where a profile says it. */
  colour: EnumeratedColour | null;
  animation: { plays: number } | null;
  /** Whether whole numbers of 16 bits hold all samples, where they are coded as such. */
  isNarrow: boolean;
  /** Null where something is in front of it that only a decoder can skip. */
  firstFrame: FirstFrame | null;
}

export interface FirstFrame {
  /** Where its header begins, in bytes. */
  start: number;
  /** Coded as pixels, not as blocks of frequencies. */
  isModular: boolean;
  hasNoise: boolean;
  /** Whether other frames are laid over it, as far as that can be told. */
  isLayer: boolean;
}

const WHITE_D65 = 1;
const PRIMARIES_SRGB = 1;
const TRANSFER_SRGB = 13;
export const SRGB: EnumeratedColour = {
  whitePoint: WHITE_D65,
  primaries: PRIMARIES_SRGB,
  transfer: TRANSFER_SRGB,
};

const CUSTOM = 2;
const [GREY, XYB] = [1, 2];
const [ALPHA, SPOT, BLACK, CFA] = [0, 2, 4, 5];
const MAX_NAME_BYTES = 1071;

/** Width for a height, by their ratio. */
const RATIOS = [
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const;

/**
 * @param bytes the codestream's beginning, HEADER_BYTES where it has so many
 * @throws AppError invalid_image, truncated_image
 */
export function readHeader(bytes: Uint8Array): JxlHeader {
  if (bytes[0] !== 0xff || bytes[1] !== 0x0a) throw damaged("This is no JPEG XL codestream.");
  const reader = createBitReader(bytes, 2);
  const size = readSize(reader);
  return { ...size, ...readMetadata(reader) };
}

function readSize(reader: BitReader): { width: number; height: number } {
  const isSmall = reader.flag();
  const side = () =>
    isSmall
      ? (reader.read(5) + 1) * 8
      : reader.choose(bits(9, 1), bits(13, 1), bits(18, 1), bits(30, 1));
  const height = side();
  const ratio = RATIOS[reader.read(3) - 1];
  const width = ratio ? Math.floor((height * ratio[0]) / ratio[1]) : side();
  return { width, height };
}

const EIGHT_BITS: SampleDepth = { bits: 8, exponentBits: 0 };

function readMetadata(reader: BitReader): Omit<JxlHeader, "width" | "height"> {
  if (reader.flag()) {
    const isTransformDefault = reader.flag();
    return {
      ...{ orientation: 1, depth: EIGHT_BITS, isGray: false, extraChannels: [], isNarrow: true },
      ...{ isXyb: true, colour: SRGB, animation: null },
      firstFrame: isTransformDefault ? readFirstFrame(reader, true, 0) : null,
    };
  }
  const hasExtraFields = reader.flag();
  const extra = hasExtraFields ? readExtraFields(reader) : NO_EXTRA_FIELDS;
  const depth = readDepth(reader);
  const isNarrow = reader.flag();
  const count = reader.choose(0, 1, bits(4, 2), bits(12, 1));
  const extraChannels = Array.from({ length: count }, () => readExtraChannel(reader));
  const isXyb = reader.flag();
  const colours = readColours(reader);
  if (hasExtraFields) skipToneMapping(reader);
  // No extensions, and transforms that are the usual ones.
  const isUsual = reader.long() === 0 && reader.flag() && colours.colour !== null;
  const { hasPreview, ...fields } = extra;
  const firstFrame = isUsual && !hasPreview ? readFirstFrame(reader, isXyb, count) : null;
  return { ...fields, depth, isNarrow, extraChannels, isXyb, ...colours, firstFrame };
}

function skipToneMapping(reader: BitReader): void {
  if (reader.flag()) return;
  reader.half();
  reader.half();
  reader.flag();
  reader.half();
}

const NOISE = 1;

function readFirstFrame(reader: BitReader, isXyb: boolean, extraChannels: number): FirstFrame {
  reader.align();
  const start = reader.position / 8;
  if (reader.flag()) return { start, isModular: false, hasNoise: false, isLayer: false };
  const isRegular = reader.read(2) === 0;
  const isModular = reader.flag();
  const hasNoise = (reader.long() & NOISE) !== 0;
  const isLayer = !isRegular || readIsLayer(reader, isModular, isXyb, extraChannels);
  return { start, isModular, hasNoise, isLayer };
}

/** What stands before a frame's place, and whether it has one, or is not the last. */
function readIsLayer(
  reader: BitReader,
  isModular: boolean,
  isXyb: boolean,
  extraChannels: number,
): boolean {
  // Chroma of less resolution, sizes, how samples are quantised.
  if (!isXyb && reader.flag()) reader.read(6);
  reader.read(2 + 2 * extraChannels);
  if (isModular) reader.read(2);
  else if (isXyb) reader.read(6);
  // Several passes are of one picture that comes into being bit by bit.
  if (reader.read(2) > 0) return false;
  if (reader.flag()) return true;
  for (let i = 0; i < 1 + extraChannels; i++) if (reader.read(2) > 0) return true;
  return !reader.flag();
}

interface ExtraFields extends Pick<JxlHeader, "orientation" | "animation"> {
  hasPreview: boolean;
}

const NO_EXTRA_FIELDS: ExtraFields = { orientation: 1, animation: null, hasPreview: false };

function readExtraFields(reader: BitReader): ExtraFields {
  const orientation = (reader.read(3) + 1) as Orientation;
  if (reader.flag()) readSize(reader);
  const hasPreview = reader.flag();
  if (hasPreview) skipPreview(reader);
  return { orientation, hasPreview, animation: reader.flag() ? readAnimation(reader) : null };
}

function skipPreview(reader: BitReader): void {
  const isSmall = reader.flag();
  const skipSide = () =>
    isSmall
      ? reader.choose(16, 32, bits(5, 1), bits(9, 33))
      : reader.choose(bits(6, 1), bits(8, 65), bits(10, 321), bits(12, 1345));
  skipSide();
  if (reader.read(3) === 0) skipSide();
}

function readAnimation(reader: BitReader): { plays: number } {
  // Ticks a second, as a fraction.
  reader.choose(100, 1000, bits(10, 1), bits(30, 1));
  reader.choose(1, 1001, bits(8, 1), bits(10, 1));
  const plays = reader.choose(0, bits(3), bits(16), bits(32));
  reader.flag();
  return { plays };
}

function readDepth(reader: BitReader): SampleDepth {
  if (reader.flag()) {
    const depth = reader.choose(32, 16, 24, bits(6, 1));
    return { bits: depth, exponentBits: reader.read(4) + 1 };
  }
  return { bits: reader.choose(8, 10, 12, bits(6, 1)), exponentBits: 0 };
}

function readExtraChannel(reader: BitReader): ExtraChannel {
  if (reader.flag()) return { kind: "alpha", depth: EIGHT_BITS, isAssociated: false };
  const type = reader.enumerated();
  const depth = readDepth(reader);
  // How much smaller it is than the picture.
  reader.choose(0, 3, 4, bits(3, 1));
  const nameBytes = reader.choose(0, bits(4), bits(5, 16), bits(10, 48));
  if (nameBytes > MAX_NAME_BYTES) throw damaged();
  for (let i = 0; i < nameBytes; i++) reader.read(8);
  const isAssociated = type === ALPHA && reader.flag();
  if (type === SPOT) for (let i = 0; i < 4; i++) reader.half();
  if (type === CFA) reader.choose(1, bits(2), bits(4, 3), bits(8, 19));
  const kind = type === ALPHA ? "alpha" : type === BLACK ? "black" : "other";
  return { kind, depth, isAssociated };
}

function readColours(reader: BitReader): Pick<JxlHeader, "isGray" | "colour"> {
  if (reader.flag()) return { isGray: false, colour: SRGB };
  const hasProfile = reader.flag();
  const space = reader.enumerated();
  const isGray = space === GREY;
  if (hasProfile) return { isGray, colour: null };
  const whitePoint = space === XYB ? WHITE_D65 : readPoints(reader, 1);
  const primaries = space === XYB || isGray ? PRIMARIES_SRGB : readPoints(reader, 3);
  if (space === XYB) return { isGray, colour: SRGB };
  const isPower = reader.flag();
  const curve = isPower ? reader.read(24) : reader.enumerated();
  return { isGray, colour: { whitePoint, primaries, transfer: isPower ? null : curve } };
}

/** The number of a white point, or of primaries; their places are read where it stands for these. */
function readPoints(reader: BitReader, points: number): number {
  const known = reader.enumerated();
  if (known !== CUSTOM) return known;
  for (let i = 0; i < points * 2; i++) {
    reader.choose(bits(19), bits(19, 524_288), bits(20, 1_048_576), bits(21, 2_097_152));
  }
  return known;
}
