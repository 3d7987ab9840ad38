/** What a GIF says of itself up to its first frame (the GIF89a specification, sections 17 to 26). */
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import { concat } from "../concat.ts";
import { Cursor } from "./cursor.ts";
import { damaged } from "./failures.ts";

/** First bytes of blocks, and the second of extensions. */
export const BLOCKS = { extension: 0x21, image: 0x2c, trailer: 0x3b } as const;
const EXTENSIONS = { graphicControl: 0xf9, application: 0xff } as const;

/** Identifier and authentication code of the ICC's application extension. */
const PROFILE_EXTENSION = "ICCRGBG1012";

const WINDOW_BYTES = 64 * 1024;
/** Extensions of a sound file before its first frame; others would be walked for ever. */
const MAX_EXTENSIONS = 1024;

export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
  interlaced: boolean;
  /** RGB triples. */
  palette: Uint8Array;
  /** Index of the pixels that are not painted; null where all are. */
  transparentIndex: number | null;
}

export interface GifHeader {
  /** Of the picture: the logical screen, made larger where the first frame does not fit in. */
  width: number;
  height: number;
  frame: Frame;
  icc: Uint8Array | null;
  /** Where the first frame's image data start, with the size of their codes. */
  dataOffset: number;
}

/** @throws AppError invalid_image, truncated_image */
export async function readHeader(source: ByteSource): Promise<GifHeader> {
  const cursor = new Cursor(source, 0, WINDOW_BYTES);
  const screen = await cursor.take(13);
  const [width, height] = [readUint16(screen, 6), readUint16(screen, 8)];
  const globalPalette = await readPalette(cursor, screen[10] as number);
  const { transparentIndex, icc } = await readExtensions(cursor);
  const descriptor = (await cursor.take(9)).slice();
  const flags = descriptor[8] as number;
  const localPalette = await readPalette(cursor, flags);
  const frame: Frame = {
    x: readUint16(descriptor, 0),
    y: readUint16(descriptor, 2),
    width: readUint16(descriptor, 4),
    height: readUint16(descriptor, 6),
    interlaced: (flags & 0x40) !== 0,
    palette: localPalette ?? globalPalette ?? new Uint8Array(0),
    transparentIndex,
  };
  if (frame.width === 0 || frame.height === 0) throw damaged("The GIF's frame has no pixels.");
  if (frame.palette.length === 0) throw damaged("The GIF has no palette.");
  return {
    width: Math.max(width, frame.x + frame.width),
    height: Math.max(height, frame.y + frame.height),
    ...{ frame, icc },
    dataOffset: cursor.position,
  };
}

const readUint16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

/** Where the flags of a screen or a frame announce one. */
async function readPalette(cursor: Cursor, flags: number): Promise<Uint8Array | null> {
  if ((flags & 0x80) === 0) return null;
  return (await cursor.take(3 * 2 ** ((flags & 7) + 1))).slice();
}

/** Up to the first frame's descriptor. The last of a kind counts. */
async function readExtensions(
  cursor: Cursor,
): Promise<Pick<Frame, "transparentIndex"> & { icc: Uint8Array | null }> {
  let transparentIndex: number | null = null;
  let icc: Uint8Array | null = null;
  for (let count = 0; count < MAX_EXTENSIONS; count++) {
    const block = await cursor.takeByte();
    if (block === BLOCKS.image) return { transparentIndex, icc };
    if (block === BLOCKS.trailer) throw damaged("The GIF holds no picture.");
    if (block !== BLOCKS.extension) throw damaged("The GIF has a part of no known kind.");
    const label = await cursor.takeByte();
    if (label === EXTENSIONS.graphicControl) {
      const length = await cursor.takeByte();
      const control = await cursor.take(length);
      if (length >= 4)
        transparentIndex = (control[0] as number) & 1 ? (control[3] as number) : null;
    } else if (label === EXTENSIONS.application) {
      const name = await cursor.take(await cursor.takeByte());
      if (String.fromCharCode(...name) === PROFILE_EXTENSION) {
        icc = await readSubBlocks(cursor);
        continue;
      }
    }
    await cursor.skipSubBlocks();
  }
  throw damaged("The GIF has too many extensions.");
}

/** Null where there is more than metadata may take. */
async function readSubBlocks(cursor: Cursor): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const length = await cursor.takeByte();
    if (length === 0) return concat(parts);
    const part = await cursor.take(length);
    bytes += length;
    if (bytes > MAX_METADATA_BYTES) break;
    parts.push(part.slice());
  }
  await cursor.skipSubBlocks();
  return null;
}
