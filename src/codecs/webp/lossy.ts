/**
 * Lossy pictures (VP8, RFC 6386) to strips with our own kernel. A frame is its head (header and
 * modes), which is held, and up to eight parts with coefficients, whose rows take turns: each part
 * passes by through a window of its own.
 */
import { AppError } from "../../errors.ts";
import * as layout from "../../kernels/assembly/vp8-decode-layout.ts";
import { ENGINE, type Engine } from "../../kernels/engine.ts";
import {
  startVp8Decoder,
  STRIP_ROWS,
  vp8DecoderBytes,
  windowBytes,
  type Vp8Decoder,
  type Vp8Plan,
} from "../../kernels/vp8-decoder.ts";
import { chunks, type ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Strip } from "../../pipeline/picture.ts";
import { damaged, truncated } from "./failures.ts";
import type { VP8Frame } from "./header.ts";

export interface LossyPicture {
  width: number;
  height: number;
  frame: VP8Frame;
}

const COPY_BYTES = 64 * 1024;
/** Of a part's size in the table before the first one; the last one's size is what is left. */
const SIZE_BYTES = 3;

const toPlan = ({ width, height, frame }: LossyPicture): Vp8Plan => {
  return { width, height, headBytes: frame.headBytes };
};

/** Bytes of the engine's memory, an upper bound. */
export const planLossy = (picture: LossyPicture): number => vp8DecoderBytes(toPlan(picture));

/** @throws AppError for every status but DONE */
function check(status: number): void {
  if (status === layout.NEEDS_MORE || status === layout.TRUNCATED) throw truncated();
  if (status !== layout.DONE) throw damaged();
}

/** @throws AppError invalid_image, truncated_image; the strips throw them, too */
export async function decodeLossy(
  bytes: ByteSource,
  picture: LossyPicture,
  workspace: Workspace,
): Promise<AsyncGenerator<Strip>> {
  const engine = await workspace.take(ENGINE, planLossy(picture));
  const decoder = startVp8Decoder(engine, toPlan(picture));
  const { offset, end, headBytes } = picture.frame;
  for (let done = 0; done < headBytes;) {
    const chunk = await bytes.read(offset + done, Math.min(COPY_BYTES, headBytes - done));
    if (chunk.length === 0) throw unreadable();
    engine.view(decoder.head + done, chunk.length).set(chunk);
    done += chunk.length;
  }
  const { status, parts } = decoder.readHeader();
  check(status);
  decoder.start(parts);
  const places = await readPlaces(bytes, offset + headBytes, end, parts);
  return writeStrips(decoder, engine, picture, openParts(bytes, places));
}

interface Place {
  offset: number;
  end: number;
}

/** Where the parts are (section 9.5); like libwebp, sizes past the end are taken to mean it. */
async function readPlaces(
  bytes: ByteSource,
  offset: number,
  end: number,
  parts: number,
): Promise<Place[]> {
  const tableBytes = (parts - 1) * SIZE_BYTES;
  let start = offset + tableBytes;
  if (start > end) throw truncated();
  const table = await bytes.read(offset, tableBytes);
  if (table.length < tableBytes) throw unreadable();
  const places: Place[] = [];
  for (let i = 0; i < tableBytes; i += SIZE_BYTES) {
    const size = (table[i] ?? 0) | ((table[i + 1] ?? 0) << 8) | ((table[i + 2] ?? 0) << 16);
    places.push({ offset: start, end: Math.min(start + size, end) });
    start = Math.min(start + size, end);
  }
  if (start >= end) throw truncated();
  return [...places, { offset: start, end }];
}

/** A part of the file that passes by; chunks are valid until the next one. */
interface PartReader {
  next(): Promise<{ chunk: Uint8Array; final: boolean }>;
  close(): Promise<unknown>;
}

/** A single part is read as a stream, several by ranges: rows take turns, streams would wait. */
function openParts(bytes: ByteSource, places: readonly Place[]): PartReader[] {
  const [only] = places;
  if (places.length === 1 && only) return [streamPart(bytes, only)];
  return places.map((place) => rangePart(bytes, place, windowBytes(places.length)));
}

function streamPart(bytes: ByteSource, { offset, end }: Place): PartReader {
  let position = offset;
  const open = async () => chunks(await bytes.stream(offset), windowBytes(1));
  let source: ReturnType<typeof open> | undefined;
  return {
    async next() {
      const { value } = await (await (source ??= open())).next();
      if (!value) throw unreadable();
      const chunk = value.subarray(0, end - position);
      position += chunk.length;
      return { chunk, final: position === end };
    },
    close: async () => source && (await source).return(),
  };
}

function rangePart(bytes: ByteSource, { offset, end }: Place, chunkBytes: number): PartReader {
  let position = offset;
  return {
    async next() {
      const size = Math.min(chunkBytes, end - position);
      const chunk = size > 0 ? await bytes.read(position, size) : new Uint8Array(0);
      if (chunk.length < size) throw unreadable();
      position += size;
      return { chunk, final: position === end };
    },
    close: () => Promise.resolve(),
  };
}

const unreadable = (): AppError =>
  new AppError("storage_unavailable", "The stored file could not be read to its end.");

async function* writeStrips(
  decoder: Vp8Decoder,
  engine: Engine,
  { width, height }: LossyPicture,
  parts: readonly PartReader[],
): AsyncGenerator<Strip> {
  let y = 0;
  let written = 0;
  try {
    for (let row = 0; row < decoder.rows; row++) {
      let status = decoder.readRow();
      while (status === layout.NEEDS_MORE) {
        const index = row % parts.length;
        const { chunk, final } = (await parts[index]?.next()) ?? {};
        if (chunk) decoder.addInput(index, chunk, final === true);
        status = decoder.readRow();
      }
      check(status);
      const known = decoder.rowsKnown(row + 1);
      while (written < known) {
        const end = Math.min(known, y + STRIP_ROWS);
        decoder.writeRows(written, end, y);
        written = end;
        if (written < y + STRIP_ROWS && written < height) break;
        yield { y, rows: written - y, data: engine.view(decoder.strip, (written - y) * width * 3) };
        y = written;
      }
    }
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}
