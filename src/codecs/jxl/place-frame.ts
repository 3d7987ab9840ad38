/**
 * A picture's only frame as one of several in a larger picture: its header is written anew, with its
 * place, and what follows stays as it is. Layout: ISO/IEC 18181-1:2024, annex F.
 */
import type { Rect } from "../../pipeline/geometry.ts";
import { concat } from "../concat.ts";
import { createBitWriter, putChoice } from "./bit-writer.ts";
import { createBitReader } from "./bits.ts";
import { readHeader } from "./header.ts";
import { PLACES } from "./write-head.ts";

/** More than headers take that have no features. */
const HEADER_BYTES = 64;

export interface FramePlace extends Rect {
  /** Whether it is the whole picture. */
  isWhole: boolean;
  isLast: boolean;
}

/**
 * @param code a codestream of one frame, of blocks of frequencies, with transparency
 * @returns the frame
 */
export function placeFrame(code: Uint8Array, place: FramePlace): Uint8Array {
  const { firstFrame } = readHeader(code);
  if (!firstFrame) throw new Error("The encoder wrote another header.");
  const reader = createBitReader(code, firstFrame.start);
  const room = new Uint8Array(HEADER_BYTES);
  const writer = createBitWriter(room);
  // All as usual is told by one bit, which a place makes untrue.
  const isUsual = reader.read(1) === 1;
  writer.flag(false);
  /** @param usual what it is where it is not said */
  const copy = (bits: number, usual = 0): number => {
    const value = isUsual ? usual : reader.read(bits);
    writer.put(value, bits);
    return value;
  };
  const skip = (bits: number, usual = 0): number => (isUsual ? usual : reader.read(bits));
  const expect = (found: number, wanted = 0): void => {
    if (found !== wanted) throw new Error("The encoder wrote another frame.");
  };

  // A regular frame of blocks; its features.
  expect(copy(2 + 1));
  const features = copy(2);
  if (features > 0) copy(features === 1 ? 4 : 8);
  expect(features === 3 ? 1 : 0);
  // As large as it is shown; scales of two channels' quantisers; one pass.
  expect(copy(2 + 2));
  copy(3, 3);
  copy(3, 2);
  expect(copy(2));
  // It is the whole picture, replaces what was there, twice, and is the last.
  expect(skip(1 + 2 + 2));
  expect(skip(1, 1), 1);
  writer.flag(!place.isWhole);
  if (!place.isWhole) {
    for (const value of [place.x * 2, place.y * 2, place.width, place.height]) {
      putChoice(writer, value, PLACES);
    }
  }
  for (let i = 0; i < 2; i++) writer.put(0, place.isWhole ? 2 : 4);
  writer.flag(place.isLast);
  if (!place.isLast) writer.put(0, 2);
  // No name; filters, whose weights are the usual ones.
  expect(copy(2));
  if (copy(1, 1) === 0) {
    if (copy(1) === 1) expect(copy(1));
    if (copy(2) > 0) {
      expect(copy(1 + 1));
      if (copy(1) === 1) for (let i = 0; i < 4; i++) copy(16);
    }
    expect(copy(2));
  }
  // No extensions; sections in their order, which is said of every frame.
  expect(copy(2));
  expect(reader.read(1));
  writer.flag(false);
  reader.align();
  writer.align();
  return concat([room.subarray(0, writer.at), code.subarray(reader.position / 8)]);
}
