/**
 * What stands before the pixels of a lossless picture: its headers, and those of a frame. Layout as
 * header.ts reads it; frames': ISO/IEC 18181-1:2024, annex F.
 */
import type { PictureInfo } from "../../pipeline/picture.ts";
import { TREE_CONTEXTS } from "./contexts.ts";
import { createBitWriter, putChoice, type BitWriter, type Range } from "./bit-writer.ts";
import { createCode, putCodes } from "./prefix-codes.ts";
import { putProfile } from "./write-profile.ts";

const HEAD_BYTES = 64;

/**
 * The codestream up to the first frame.
 * @param isXyb for frames in the space of lossy coding, which are shown as sRGB
 */
export function writeHead(picture: PictureInfo, isXyb = false): Uint8Array {
  const { icc } = picture;
  const room = new Uint8Array(HEAD_BYTES + (icc ? icc.length * 2 + 4096 : 0));
  const writer = createBitWriter(room);
  writer.put(0x0aff, 16);
  putSize(writer, picture);
  putMetadata(writer, picture, isXyb);
  if (icc) putProfile(writer, icc);
  writer.align();
  return room.subarray(0, writer.at);
}

const SIDES: readonly Range[] = [
  [9, 1],
  [13, 1],
  [18, 1],
  [30, 1],
];

function putSize(writer: BitWriter, { width, height }: PictureInfo): void {
  writer.flag(false);
  putChoice(writer, height, SIDES);
  writer.put(0, 3);
  putChoice(writer, width, SIDES);
}

const [RGB, GREY] = [0, 1];
const SRGB_CURVE = 13;

function putMetadata(writer: BitWriter, { channels, icc }: PictureInfo, isXyb: boolean): void {
  const isGray = channels === 1;
  // Not all as usual, but upright, without a preview, still; 8 bits, for which 16 are enough.
  writer.put(0b00, 2);
  writer.put(0b000, 3);
  writer.flag(true);
  writer.put(channels === 4 ? 1 : 0, 2);
  if (channels === 4) writer.flag(true);
  writer.flag(isXyb);
  const isSrgb = !isGray && !icc;
  writer.flag(isSrgb);
  if (!isSrgb) {
    writer.flag(icc !== null);
    writer.put(isGray ? GREY : RGB, 2);
  }
  if (isGray && !icc) {
    // D65, no mere power, sRGB's curve, colours relative to white.
    writer.put(1, 2);
    writer.flag(false);
    writer.put(2, 2);
    writer.put(SRGB_CURVE - 2, 4);
    writer.put(1, 2);
  }
  // No extensions, and the usual transforms.
  writer.put(0, 2);
  writer.flag(true);
}

/** Rows of the picture that a frame has. */
export interface FrameRows {
  y: number;
  rows: number;
  isLast: boolean;
}

export const PLACES: readonly Range[] = [
  [8, 0],
  [11, 256],
  [14, 2304],
  [30, 18_688],
];
const SECTION_BYTES: readonly Range[] = [
  [10, 0],
  [14, 1024],
  [22, 17_408],
  [30, 4_211_712],
];

/**
 * A frame's header and its table of sections.
 * @param sections bytes of each
 */
export function writeFrameHead(
  { width, height, channels }: PictureInfo,
  frame: FrameRows,
  sections: readonly number[],
): Uint8Array {
  const room = new Uint8Array(HEAD_BYTES + sections.length * 4);
  const writer = createBitWriter(room);
  const hasAlpha = channels === 4;
  const isWhole = frame.rows === height;
  // Not all as usual: a regular frame, of pixels, without any features, in the colours as they are.
  writer.flag(false);
  writer.put(0, 2);
  writer.flag(true);
  writer.put(0, 2);
  writer.flag(false);
  // As large as it is shown; groups of 256 pixels a side; one pass.
  writer.put(0, hasAlpha ? 4 : 2);
  writer.put(1, 2);
  writer.put(0, 2);
  writer.flag(!isWhole);
  if (!isWhole) {
    putChoice(writer, 0, PLACES);
    putChoice(writer, frame.y * 2, PLACES);
    putChoice(writer, width, PLACES);
    putChoice(writer, frame.rows, PLACES);
  }
  // It replaces what was there, and lies on the frames before, where these are.
  for (let i = 0; i < (hasAlpha ? 2 : 1); i++) writer.put(0, isWhole ? 2 : 4);
  writer.flag(frame.isLast);
  if (!frame.isLast) writer.put(0, 2);
  // No name, no filters, no extensions of filters and of the frame.
  writer.put(0, 2);
  writer.put(0, 1 + 1 + 2 + 2);
  writer.put(0, 2);
  // Sections in their order.
  writer.flag(false);
  writer.align();
  for (const bytes of sections) putChoice(writer, bytes, SECTION_BYTES);
  writer.align();
  return room.slice(0, writer.at);
}

/** Of several groups, what they share: a tree of one leaf, that some decoders ask for, and no transform. */
export function writeShared(): Uint8Array {
  const room = new Uint8Array(HEAD_BYTES);
  const writer = createBitWriter(room);
  // The usual weights of what is not there, and a tree.
  writer.put(0b11, 2);
  const counts = Uint32Array.of(1);
  const code = createCode(counts);
  // All numbers of the tree are 0, and so take no bits; and the code that its leaf has.
  for (const contexts of [TREE_CONTEXTS, 1]) {
    putCodes(writer, [counts], [code], new Uint8Array(contexts));
  }
  // That tree, the usual weights, no transform.
  writer.put(0b0011, 4);
  writer.align();
  return room.slice(0, writer.at);
}

/** What a frame that is one group says before the group: the usual weights, no tree for all. */
export function putShared(writer: BitWriter): void {
  writer.put(0b01, 2);
}
