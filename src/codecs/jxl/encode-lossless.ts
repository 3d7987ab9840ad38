/**
 * Rows → a lossless JPEG XL file. A frame's groups are held, coded, until the table of their lengths
 * in front of them can be written; a picture that takes more becomes several frames, one below the
 * other, which decoders show as one picture.
 */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { concat } from "../concat.ts";
import { createBitWriter } from "./bit-writer.ts";
import { createGroupEncoder, GROUP_SIDE, groupBytes, maxGroupBytes } from "./encode-group.ts";
import { createBoxes, type BoxWriter } from "./write-boxes.ts";
import { putShared, writeFrameHead, writeHead, writeShared } from "./write-head.ts";

/** Of coded groups that are held, beside those of a row of them. */
const HELD_BYTES = 20 * MIB;
const CHUNK_BYTES = 256 * 1024;

const bandRows = ({ height }: PictureInfo): number => Math.min(GROUP_SIDE, height);

const maxBandBytes = ({ width, channels, height }: PictureInfo): number => {
  const full = Math.ceil(width / GROUP_SIDE);
  return full * maxGroupBytes(GROUP_SIDE, Math.min(GROUP_SIDE, height), channels);
};

const codedBytes = (picture: PictureInfo): number => {
  const most = Math.ceil(picture.height / GROUP_SIDE) * maxBandBytes(picture);
  // A column of groups is one frame, so that none has but one group of several.
  if (picture.width <= GROUP_SIDE) return most;
  return Math.min(most, maxBandBytes(picture) + HELD_BYTES);
};

/** Groups of a frame that share a section of what is seen from afar, which here is nothing. */
const FAR_GROUP_SIDE = GROUP_SIDE * 8;

/** Upper bound, in bytes. */
export function losslessMemory(picture: PictureInfo): number {
  const { width, channels } = picture;
  return (
    codedBytes(picture) + bandRows(picture) * width * channels + groupBytes(channels) + CHUNK_BYTES
  );
}

export async function* encodeLossless(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels, strips } = picture;
  const rowBytes = width * channels;
  const band = workspace.allocate(bandRows(picture) * rowBytes);
  const boxes = createBoxes(options.metadata);
  const frame = createFrame(picture, boxes, workspace);
  const head = writeHead(picture);
  yield concat([boxes.start(), boxes.part(head.length, false), head]);
  let [y, waiting] = [0, 0];
  for await (const { rows, data } of strips) {
    for (let row = 0; row < rows;) {
      const count = Math.min(rows - row, GROUP_SIDE - waiting);
      band.set(data.subarray(row * rowBytes, (row + count) * rowBytes), waiting * rowBytes);
      [row, waiting, y] = [row + count, waiting + count, y + count];
      if (waiting < GROUP_SIDE && y < height) continue;
      frame.add(band, waiting);
      waiting = 0;
      if (y === height || frame.isFull) yield* frame.end(y === height);
    }
  }
  if (y !== height) throw new AppError("internal", "The picture ended before its last row.");
}

function createFrame(picture: PictureInfo, boxes: BoxWriter, workspace: Workspace) {
  const { width, channels } = picture;
  const groups = createGroupEncoder(channels, workspace);
  const coded = workspace.allocate(codedBytes(picture));
  const isOneGroup = width <= GROUP_SIDE && picture.height <= GROUP_SIDE;
  let [start, rows, end] = [0, 0, 0];
  let sections: number[] = [];

  return {
    /** Whether another row of groups might not find room. */
    get isFull() {
      return coded.length - end < maxBandBytes(picture);
    },
    /** A row of groups. */
    add(band: Uint8Array, bandHeight: number): void {
      for (let left = 0; left < width; left += GROUP_SIDE) {
        const writer = createBitWriter(coded, end);
        if (isOneGroup) putShared(writer);
        const size = { width: Math.min(GROUP_SIDE, width - left), height: bandHeight };
        groups.encode(
          band,
          { start: left * channels, rowBytes: width * channels, ...size },
          writer,
        );
        writer.align();
        sections.push(writer.at - end);
        end = writer.at;
      }
      rows += bandHeight;
    },
    /** The frame of all that was added; the next begins below. */
    *end(isLast: boolean): Generator<Uint8Array> {
      const far = Math.ceil(width / FAR_GROUP_SIDE) * Math.ceil(rows / FAR_GROUP_SIDE);
      const isSingle = sections.length === 1;
      const shared = isSingle ? null : writeShared();
      const front = shared ? [shared.length, ...Array.from({ length: far + 1 }, () => 0)] : [];
      const rowsOf = { y: start, rows, isLast };
      const head = writeFrameHead(picture, rowsOf, [...front, ...sections]);
      const before = [head, ...(shared ? [shared] : [])];
      const bytes = before.reduce((sum, { length }) => sum + length, end);
      yield concat([boxes.part(bytes, isLast), ...before]);
      for (let at = 0; at < end; at += CHUNK_BYTES) {
        yield coded.slice(at, Math.min(end, at + CHUNK_BYTES));
      }
      [start, rows, end, sections] = [start + rows, 0, 0, []];
    },
  };
}
