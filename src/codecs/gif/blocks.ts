/** A GIF's blocks, one frame after the other (the GIF89a specification, sections 17 to 26). */
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Disposal, Patch } from "../animation/canvas.ts";
import { concat } from "../concat.ts";
import { Cursor } from "./cursor.ts";
import { damaged } from "./failures.ts";

/** First bytes of blocks, and the second of extensions. */
const BLOCKS = { extension: 0x21, image: 0x2c, trailer: 0x3b } as const;
const EXTENSIONS = { graphicControl: 0xf9, application: 0xff } as const;

/** Identifiers of application extensions with their authentication codes. */
const PROFILE = "ICCRGBG1012";
const LOOPS: readonly string[] = ["NETSCAPE2.0", "ANIMEXTS1.0"];

/** Extensions of a sound file before its first frame; others would be walked for ever. */
const MAX_EXTENSIONS = 1024;

/** By their numbers; those behind mean nothing. */
const DISPOSALS: readonly Disposal[] = ["keep", "keep", "clear", "restore"];

export interface Frame extends Patch {
  interlaced: boolean;
  /** RGB triples. */
  palette: Uint8Array;
  /** Whether it is its own, not the file's. */
  isLocal: boolean;
  /** Index of the pixels that are not painted; null where all are. */
  transparentIndex: number | null;
}

type Control = Pick<Frame, "transparentIndex" | "disposal" | "durationMs">;

const NO_CONTROL: Control = { transparentIndex: null, disposal: "keep", durationMs: 0 };

export interface BlockReader {
  readonly cursor: Cursor;
  /** The logical screen. */
  readonly screen: Size;
  readonly globalPalette: Uint8Array | null;
  /** As found so far. */
  readonly icc: Uint8Array | null;
  /** How often the animation is played; 0 is for ever. As found so far. */
  readonly plays: number;
  /**
   * Goes on to the next frame's image data, where the cursor then is. What is no block ends the file
   * behind its first frame, as in other decoders.
   * @returns null at the end
   */
  next(): Promise<Frame | null>;
  /** Skips the image data that the cursor is at. */
  skip(): Promise<void>;
}

/** @throws AppError invalid_image, truncated_image */
export async function readBlocks(source: ByteSource, windowBytes: number): Promise<BlockReader> {
  const cursor = new Cursor(source, 0, windowBytes);
  const head = (await cursor.take(13)).slice();
  const globalPalette = await readPalette(cursor, head[10] as number);
  let icc: Uint8Array | null = null;
  let plays = 1;
  let frames = 0;

  /** @returns what the extension says of the next frame; null where nothing */
  async function readExtension(): Promise<Control | null> {
    const label = await cursor.takeByte();
    let control: Control | null = null;
    if (label === EXTENSIONS.graphicControl) {
      control = await readControl(cursor);
    } else if (label === EXTENSIONS.application) {
      const name = String.fromCharCode(...(await cursor.take(await cursor.takeByte())));
      if (name === PROFILE) {
        icc = await readSubBlocks(cursor);
        return null;
      }
      if (LOOPS.includes(name)) {
        plays = (await readPlays(cursor)) ?? plays;
        return null;
      }
    }
    await cursor.skipSubBlocks();
    return control;
  }

  async function readFrame(control: Control): Promise<Frame> {
    const descriptor = (await cursor.take(9)).slice();
    const flags = descriptor[8] as number;
    const localPalette = await readPalette(cursor, flags);
    const [x = 0, y = 0, width = 0, height = 0] = [0, 2, 4, 6].map((at) =>
      readUint16(descriptor, at),
    );
    const frame: Frame = {
      ...control,
      rect: { x, y, width, height },
      interlaced: (flags & 0x40) !== 0,
      palette: localPalette ?? globalPalette ?? new Uint8Array(0),
      isLocal: localPalette !== null,
    };
    if (width === 0 || height === 0) throw damaged("The GIF's frame has no pixels.");
    if (frame.palette.length === 0) throw damaged("The GIF has no palette.");
    frames++;
    return frame;
  }

  return {
    cursor,
    screen: { width: readUint16(head, 6), height: readUint16(head, 8) },
    globalPalette,
    get icc() {
      return icc;
    },
    get plays() {
      return plays;
    },
    async next() {
      let control = NO_CONTROL;
      for (let count = 0; frames > 0 || count < MAX_EXTENSIONS; count++) {
        const block = await cursor.takeByte();
        if (block === BLOCKS.image) return await readFrame(control);
        if (block === BLOCKS.extension) control = (await readExtension()) ?? control;
        else if (frames > 0) return null;
        else if (block === BLOCKS.trailer) throw damaged("The GIF holds no picture.");
        else throw damaged("The GIF has a part of no known kind.");
      }
      throw damaged("The GIF has too many extensions.");
    },
    async skip() {
      await cursor.takeByte();
      await cursor.skipSubBlocks();
    },
  };
}

const readUint16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

/** Where the flags of a screen or a frame announce one. */
async function readPalette(cursor: Cursor, flags: number): Promise<Uint8Array | null> {
  if ((flags & 0x80) === 0) return null;
  return (await cursor.take(3 * 2 ** ((flags & 7) + 1))).slice();
}

/** Without the empty sub-block behind it. */
async function readControl(cursor: Cursor): Promise<Control | null> {
  const length = await cursor.takeByte();
  const control = await cursor.take(length);
  if (length < 4) return null;
  const flags = control[0] as number;
  return {
    transparentIndex: (flags & 1) !== 0 ? (control[3] as number) : null,
    disposal: DISPOSALS[(flags >> 2) & 7] ?? "keep",
    durationMs: 10 * readUint16(control, 1),
  };
}

/** The extension counts repetitions; 0 is for ever. */
async function readPlays(cursor: Cursor): Promise<number | null> {
  const length = await cursor.takeByte();
  if (length === 0) return null;
  const data = await cursor.take(length);
  const repeats = length >= 3 && data[0] === 1 ? readUint16(data, 1) : null;
  await cursor.skipSubBlocks();
  if (repeats === null) return null;
  return repeats === 0 ? 0 : repeats + 1;
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
