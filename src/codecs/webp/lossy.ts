/**
 * Lossy pictures (VP8, RFC 6386) to strips with our own kernel. A frame is its head (header and
 * modes), which is held, and up to eight parts with coefficients, whose rows take turns: each part
 * passes by through a window of its own.
 */
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
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Strip } from "../../pipeline/picture.ts";
import { openAlpha, planAlpha, type AlphaPlane, type AlphaReader } from "./alpha.ts";
import { damaged, truncated } from "./failures.ts";
import {
  copyInto,
  rangePart,
  streamPart,
  unreadable,
  type PartReader,
  type Place,
} from "./input.ts";

/** Where a frame's data is in the file, behind its tag and size. */
export interface Vp8Frame extends Place {
  /** Of its head, which starts there. */
  headBytes: number;
}

export interface LossyPicture {
  width: number;
  height: number;
  frame: Vp8Frame;
  alpha: AlphaPlane | null;
}

/** Of a part's size in the table before the first one; the last one's size is what is left. */
const SIZE_BYTES = 3;

const toPlan = ({ width, height, frame, alpha }: LossyPicture): Vp8Plan => {
  return { width, height, headBytes: frame.headBytes, channels: alpha ? 4 : 3 };
};

/** Bytes of the engine's memory, an upper bound. */
export function planLossy(picture: LossyPicture): number {
  const { alpha } = picture;
  return vp8DecoderBytes(toPlan(picture)) + (alpha ? planAlpha(picture, alpha) : 0);
}

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
  await copyInto(engine, decoder.head, bytes, { offset, end: offset + headBytes });
  const { status, parts } = decoder.readHeader();
  check(status);
  decoder.start(parts);
  const places = await readPlaces(bytes, offset + headBytes, end, parts);
  const { alpha } = picture;
  return writeStrips(decoder, engine, picture, {
    parts: openParts(bytes, places),
    alpha: alpha && (await openAlpha(engine, bytes, picture, alpha)),
  });
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

/** A single part is read as a stream, several by ranges: rows take turns, streams would wait. */
function openParts(bytes: ByteSource, places: readonly Place[]): PartReader[] {
  const [only] = places;
  const size = windowBytes(places.length);
  if (places.length === 1 && only) return [streamPart(bytes, only, size)];
  return places.map((place) => rangePart(bytes, place, size));
}

async function* writeStrips(
  decoder: Vp8Decoder,
  engine: Engine,
  { width, height }: LossyPicture,
  { parts, alpha }: { parts: readonly PartReader[]; alpha: AlphaReader | null },
): AsyncGenerator<Strip> {
  const rowBytes = width * (alpha ? 4 : 3);
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
        decoder.writeRows(written, end, y, alpha ? await alpha.read(written, end, y) : 0);
        written = end;
        if (written < y + STRIP_ROWS && written < height) break;
        const rows = written - y;
        yield { y, rows, data: engine.view(decoder.strip, rows * rowBytes) };
        y = written;
      }
    }
  } finally {
    await Promise.all([...parts, alpha].map((reader) => reader?.close()));
  }
}
