/**
 * The plane of alpha beside a lossy picture (ALPH, RFC 9649, section 2.7.1.2), some rows at a time:
 * raw, from a stream, or coded as a lossless picture's green, which is held.
 */
import * as layout from "../../kernels/assembly/vp8l-layout.ts";
import { align, type Engine } from "../../kernels/engine.ts";
import { startVp8lDecoder, vp8lPartBytes } from "../../kernels/vp8l-decoder.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import { STRIP_ROWS } from "../../pipeline/picture.ts";
import { checkVp8l, damaged } from "./failures.ts";
import { copyInto, streamPart, type Place } from "./input.ts";

export interface AlphaPlane extends Place {
  /** Whether it is coded as a lossless picture. */
  coded: boolean;
  /** How rows were filtered, as the file numbers it. */
  filter: number;
}

interface Size {
  width: number;
  height: number;
}

const OVERRUN_BYTES = 16;
const WINDOW_BYTES = 64 * 1024;

const toPlan = ({ width, height }: Size, { offset, end }: AlphaPlane) => {
  return { width, height, inputBytes: end - offset };
};

/** A strip's rows and, before them, the one above. */
const stripBytes = (width: number): number => align(width * (STRIP_ROWS + 1) + OVERRUN_BYTES);

/** The first byte of the chunk. @throws AppError invalid_image for what is reserved */
export function parseAlpha(first: number, { offset, end }: Place): AlphaPlane {
  const method = first & 3;
  if (method > 1 || first >> 5 !== 0) throw damaged();
  return { offset: offset + 1, end, coded: method === 1, filter: (first >> 2) & 3 };
}

/** Bytes of the engine's memory, an upper bound. */
export function planAlpha(size: Size, plane: AlphaPlane): number {
  return stripBytes(size.width) + (plane.coded ? vp8lPartBytes(toPlan(size, plane)) : 0);
}

export interface AlphaReader {
  /** Rows `from` to `to`, the next ones, of the strip that begins with `first`. Returns a pointer. */
  read(from: number, to: number, first: number): Promise<number>;
  close(): Promise<unknown>;
}

/** @throws AppError invalid_image, truncated_image; `read` throws them, too */
export async function openAlpha(
  engine: Engine,
  bytes: ByteSource,
  size: Size,
  plane: AlphaPlane,
): Promise<AlphaReader> {
  const { width } = size;
  const strip = engine.allocate(stripBytes(width));
  const source = plane.coded
    ? await openCoded(engine, bytes, size, plane)
    : openRaw(engine, bytes, size, plane);
  const rowAt = (index: number): number => strip + (index + 1) * width;
  return {
    async read(from, to, first) {
      if (from === first) engine.copy(rowAt(STRIP_ROWS - 1), rowAt(-1), width);
      await source.read(to - from, rowAt(from - first));
      for (let y = from; y < to; y++) {
        const row = rowAt(y - first);
        engine.exports.unfilterPlaneRow(plane.filter, row, y === 0 ? 0 : row - width, width);
      }
      return rowAt(from - first);
    },
    close: () => source.close(),
  };
}

interface RowSource {
  read(rows: number, target: number): Promise<void> | void;
  close(): Promise<unknown>;
}

async function openCoded(
  engine: Engine,
  bytes: ByteSource,
  size: Size,
  plane: AlphaPlane,
): Promise<RowSource> {
  const decoder = startVp8lDecoder(engine, toPlan(size, plane));
  await copyInto(engine, decoder.input, bytes, plane);
  checkVp8l(decoder.readHeader());
  return {
    read(rows, target) {
      for (let i = 0; i < rows; i++) {
        checkVp8l(decoder.readRow());
        decoder.writePlane(target + i * size.width);
      }
    },
    close: () => Promise.resolve(),
  };
}

function openRaw(engine: Engine, bytes: ByteSource, size: Size, plane: AlphaPlane): RowSource {
  if (plane.end - plane.offset < size.width * size.height) checkVp8l(layout.TRUNCATED);
  const part = streamPart(bytes, plane, WINDOW_BYTES);
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async read(rows, target) {
      const wanted = rows * size.width;
      for (let done = 0; done < wanted;) {
        if (rest.length === 0) rest = (await part.next()).chunk;
        const taken = rest.subarray(0, wanted - done);
        engine.view(target + done, taken.length).set(taken);
        rest = rest.subarray(taken.length);
        done += taken.length;
      }
    },
    close: () => part.close(),
  };
}
