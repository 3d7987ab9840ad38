/** Where the samples of a track lie, and how long each is shown. ISO/IEC 14496-12, sections 8.6 and 8.7. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { Cursor, type Box } from "./boxes.ts";
import { damaged, truncated, unsupported } from "./failures.ts";

/** One coded picture of a sequence. */
export interface Sample {
  /** In the file. */
  offset: number;
  bytes: number;
  durationMs: number;
}

const MAX_SAMPLES = 65_536;

/** Opens one of the sample table's boxes. */
type OpenBox = (type: string) => Cursor | null;

/**
 * @param boxes of the sample table (stbl), in `movie`
 * @param timescale units of time a second
 * @throws AppError invalid_image, truncated_image where one is not in the file, unsupported_feature
 */
export function readSamples(
  file: ByteSource,
  movie: Uint8Array,
  boxes: readonly Box[],
  timescale: number,
): Sample[] {
  const open: OpenBox = (type) => {
    const box = boxes.find((one) => one.type === type);
    if (!box) return null;
    const cursor = new Cursor(movie, box.start, box.end);
    cursor.head();
    return cursor;
  };
  const sizes = readSizes(required(open("stsz")));
  const durations = readDurations(required(open("stts")), sizes.length, timescale);
  const offsets = readOffsets(open, sizes);
  return sizes.map((bytes, i) => {
    const offset = offsets[i] ?? 0;
    if (offset + bytes > file.size) throw truncated();
    return { offset, bytes, durationMs: durations[i] ?? 0 };
  });
}

function required(cursor: Cursor | null): Cursor {
  if (!cursor) throw damaged("The file's sequence is incomplete.");
  return cursor;
}

/** Of each sample, in bytes. */
function readSizes(cursor: Cursor): number[] {
  const common = cursor.u32();
  const count = cursor.u32();
  if (count > MAX_SAMPLES) throw damaged("The file's sequence has too many pictures.");
  if (common === 0 && count * 4 > cursor.left) throw damaged();
  return Array.from({ length: count }, () => common || cursor.u32());
}

/** Of each sample, in milliseconds. */
function readDurations(cursor: Cursor, count: number, timescale: number): number[] {
  if (timescale === 0) throw damaged("The file's sequence has no clock.");
  const entries = cursor.u32();
  const durations: number[] = [];
  for (let i = 0; i < entries && durations.length < count; i++) {
    const length = cursor.u32();
    const durationMs = (cursor.u32() * 1000) / timescale;
    const end = Math.min(count, durations.length + length);
    while (durations.length < end) durations.push(durationMs);
  }
  if (durations.length < count) throw damaged("The file's sequence is incomplete.");
  return durations;
}

/** Samples lie behind each other in chunks, of which tables say where they begin and what they hold. */
function readOffsets(open: OpenBox, sizes: readonly number[]): number[] {
  const wide = open("co64");
  const chunks = wide ?? required(open("stco"));
  const chunkCount = chunks.u32();
  const perChunk = readChunks(required(open("stsc")));
  const offsets: number[] = [];
  let run = 0;
  for (let chunk = 1; chunk <= chunkCount && offsets.length < sizes.length; chunk++) {
    let at = wide ? chunks.u64() : chunks.u32();
    while ((perChunk[run + 1]?.first ?? Infinity) <= chunk) run++;
    const end = Math.min(sizes.length, offsets.length + (perChunk[run]?.samples ?? 0));
    while (offsets.length < end) {
      offsets.push(at);
      at += sizes[offsets.length - 1] ?? 0;
    }
  }
  if (offsets.length < sizes.length) throw damaged("The file's sequence is incomplete.");
  return offsets;
}

/** How many samples chunks have, from the `first` one on, which counts from 1. */
function readChunks(cursor: Cursor): { first: number; samples: number }[] {
  const count = cursor.u32();
  if (count * 12 > cursor.left) throw damaged();
  return Array.from({ length: count }, () => {
    const [first, samples] = [cursor.u32(), cursor.u32()];
    if (cursor.u32() !== 1) {
      throw unsupported("sample_entries", "Sequences of pictures of several kinds cannot be read.");
    }
    return { first, samples };
  });
}
