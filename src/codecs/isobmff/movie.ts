/** The movie box: tracks, whose samples are a sequence's pictures. ISO/IEC 14496-12, section 8. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { Cursor, listBoxes, type Box } from "./boxes.ts";
import { damaged } from "./failures.ts";
import { readProperty, type Property } from "./properties.ts";
import { readSamples, type Sample } from "./sample-table.ts";
import type { Matrix } from "./transform.ts";

export interface Track {
  id: number;
  /** av01, hvc1 ... */
  codec: string;
  width: number;
  height: number;
  /** As items have them. */
  properties: Property[];
  matrix: Matrix;
  /** Tracks it refers to, by the kind of reference. */
  references: Map<string, number[]>;
  /** How often it is played; 0 is for ever. */
  plays: number;
  samples: Sample[];
}

const MAX_TRACKS = 16;
const PICTURE_HANDLERS = ["pict", "vide", "auxv"];

/** Boxes in one another, opened by their names. */
function createOpener(movie: Uint8Array, boxes: readonly Box[]) {
  const find = (type: string): Box | null => boxes.find((box) => box.type === type) ?? null;
  return {
    cursor(type: string): Cursor | null {
      const box = find(type);
      return box && new Cursor(movie, box.start, box.end);
    },
    /** @param path names from the outside to the inside */
    inside(...path: string[]): Box[] {
      return path.reduce<Box[]>((level, type) => {
        const box = level.find((one) => one.type === type);
        return box ? listBoxes(movie, box.start, box.end) : [];
      }, boxes.slice());
    },
  };
}

/**
 * The tracks of pictures.
 * @param movie what is in the box
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export function readMovie(file: ByteSource, movie: Uint8Array): Track[] {
  const tracks = listBoxes(movie).filter(({ type }) => type === "trak");
  if (tracks.length > MAX_TRACKS) throw damaged("The file has too many tracks.");
  return tracks.flatMap(({ start, end }) => readTrack(file, movie, listBoxes(movie, start, end)));
}

/** None where it has no pictures. */
function readTrack(file: ByteSource, movie: Uint8Array, boxes: readonly Box[]): Track[] {
  const track = createOpener(movie, boxes);
  const media = createOpener(movie, track.inside("mdia"));
  const handler = media.cursor("hdlr");
  const header = track.cursor("tkhd");
  const clock = media.cursor("mdhd");
  if (!handler || !header || !clock) throw damaged("The file's sequence is incomplete.");
  handler.skip(8);
  if (!PICTURE_HANDLERS.includes(handler.text(4))) return [];
  const tableBoxes = media.inside("minf", "stbl");
  const entry = createOpener(movie, tableBoxes).cursor("stsd");
  if (!entry) throw damaged("The file's sequence is incomplete.");
  const { id, duration, matrix } = readHeader(header);
  const samples = readSamples(file, movie, tableBoxes, readTimescale(clock));
  if (samples.length === 0) return [];
  return [
    {
      ...{ id, matrix, samples },
      ...readSampleEntry(movie, entry),
      references: readReferences(movie, track.inside("tref")),
      plays: readPlays(createOpener(movie, track.inside("edts")).cursor("elst"), duration),
    },
  ];
}

function readHeader(cursor: Cursor): { id: number; duration: number; matrix: Matrix } {
  const long = cursor.head().version === 1;
  cursor.skip(long ? 16 : 8);
  const id = cursor.u32();
  cursor.skip(4);
  const duration = long ? readLong(cursor) : readShort(cursor);
  cursor.skip(16);
  const [a = 0, b = 0, , c = 0, d = 0] = Array.from({ length: 9 }, () => cursor.i32());
  return { id, duration, matrix: [a, c, b, d].map(Math.sign) as unknown as Matrix };
}

const ALL_ONES = 0xffff_ffff;

/** All ones are no end. */
function readShort(cursor: Cursor): number {
  const value = cursor.u32();
  return value === ALL_ONES ? Infinity : value;
}

function readLong(cursor: Cursor): number {
  const [high, low] = [cursor.u32(), cursor.u32()];
  return high === ALL_ONES && low === ALL_ONES ? Infinity : high * 2 ** 32 + low;
}

function readTimescale(cursor: Cursor): number {
  cursor.skip(cursor.head().version === 1 ? 16 : 8);
  return cursor.u32();
}

/** Of the first edit, which says whether it is repeated for as long as the track lasts. */
function readPlays(cursor: Cursor | null, duration: number): number {
  if (!cursor) return 0;
  const { version, flags } = cursor.head();
  if ((flags & 1) === 0) return 1;
  if (cursor.u32() === 0) throw damaged("The file's sequence is incomplete.");
  const once = version === 1 ? readLong(cursor) : readShort(cursor);
  const plays = Math.ceil(duration / once);
  return plays <= MAX_PLAYS ? plays : 0;
}

/** The most that other formats can say; files that say more, as ffmpeg's do, mean for ever. */
const MAX_PLAYS = 65_535;

function readReferences(movie: Uint8Array, boxes: readonly Box[]): Map<string, number[]> {
  return new Map(
    boxes.map(({ type, start, end }) => {
      const cursor = new Cursor(movie, start, end);
      return [type, Array.from({ length: cursor.left >> 2 }, () => cursor.u32())];
    }),
  );
}

/** Of a VisualSampleEntry, in front of the boxes in it. */
const SAMPLE_ENTRY_BYTES = 78;

function readSampleEntry(movie: Uint8Array, cursor: Cursor) {
  cursor.skip(8);
  const [box] = listBoxes(movie, cursor.offset, cursor.end);
  if (!box) throw damaged("The file's sequence is incomplete.");
  const entry = new Cursor(movie, box.start, box.end);
  entry.skip(24);
  const [width, height] = [entry.u16(), entry.u16()];
  entry.skip(SAMPLE_ENTRY_BYTES - 28);
  const properties = listBoxes(movie, entry.offset, entry.end).flatMap(
    (one) => readProperty(one.type, new Cursor(movie, one.start, one.end)) ?? [],
  );
  return { codec: box.type === "hev1" ? "hvc1" : box.type, width, height, properties };
}
