/**
 * Strips and tiles that are JPEG files of their own, with tables that they share (Adobe's TIFF
 * Technical Note 2), by our own decoder.
 */
import { ENGINE, type Engine } from "../../kernels/engine.ts";
import { prepend, slice, windowed, type ByteSource } from "../../pipeline/bytes.ts";
import { MIB } from "../../limits.ts";
import type { InstanceKind, Workspace } from "../../pipeline/memory.ts";
import type { DecodePlan, Warning } from "../../pipeline/picture.ts";
import { readHeader, type JpegHeader } from "../jpeg/header.ts";
import { canStream, decodeStream, planStream } from "../jpeg/stream.ts";
import { readBlob, readIntegers, type Directory } from "./directory.ts";
import { damaged, unsupported } from "./failures.ts";
import type { SegmentGrid } from "./header.ts";
import { TAGS } from "./tags.ts";

/** What all parts of a picture have in common. */
export interface JpegParts {
  /** A start of image and the shared tables. */
  head: Uint8Array;
  /** null where it is what the parts say themselves. */
  colour: JpegHeader["colour"] | null;
  /** Of the first. Others must not need more than it does. */
  memoryBytes: number;
}

/** What is read of the file at a time. */
const WINDOW_BYTES = MIB;
/** The decoder's stream, twice. */
const STREAM_BYTES = 512 * 1024;
const MAX_TABLES_BYTES = 64 * 1024;
const SOI = Uint8Array.of(0xff, 0xd8);

const WHOLE: DecodePlan = { scale: 1, region: null };

/** Its memory goes back to what it was after each part, which others' must not. */
const PARTS_ENGINE: InstanceKind<Engine> = { ...ENGINE, name: "engine for a TIFF's parts" };

/** Upper bound, in bytes. */
export const jpegPartsBytes = ({ memoryBytes }: JpegParts): number =>
  memoryBytes + 2 * WINDOW_BYTES + STREAM_BYTES;

/** Reads the shared tables and the first part's header. @throws what the JPEG's reader does */
export async function openJpegParts(
  source: ByteSource,
  directory: Directory,
  segments: SegmentGrid,
  colour: JpegHeader["colour"] | null,
): Promise<JpegParts> {
  const tables = await readBlob(source, directory, TAGS.jpegTables, MAX_TABLES_BYTES);
  // They are a JPEG file without a picture, whose end is cut off.
  const head = tables ? tables.subarray(0, tables.length - 2) : SOI;
  const [first, bytes] = [new Uint32Array(1), new Uint32Array([source.size])];
  await readIntegers(source, directory, segments.offsets, first);
  if (segments.byteCounts) await readIntegers(source, directory, segments.byteCounts, bytes);
  const part = { source, offset: first[0] ?? 0, bytes: bytes[0] ?? 0 };
  const opened = await openPart({ head, colour, memoryBytes: 0 }, part);
  if (!canStream(opened.header, WHOLE)) throw unsupported("JPEG with unusual sampling factors");
  // Scans are held, and another part's may be longer than the first's.
  const fileBytes = opened.header.multipleScans ? head.length + source.size : 0;
  return { head, colour, memoryBytes: planStream(opened.header, fileBytes, WHOLE) };
}

interface Part {
  source: ByteSource;
  offset: number;
  bytes: number;
}

async function openPart({ head, colour }: JpegParts, { source, offset, bytes }: Part) {
  // A part's own start of image is left out for the head's.
  const file = prepend(head, slice(source, offset + SOI.length, bytes - SOI.length));
  const found = await readHeader(file);
  // What the samples mean is the TIFF's to say, and inks are what they are.
  const header: JpegHeader = colour ? { ...found, colour, adobe: false } : found;
  return { bytes: file, header };
}

/** Gives a part's rows, packed. @param width of the part; @param samples a pixel */
export type ReadPart = (
  offset: number,
  bytes: number,
) => AsyncGenerator<Uint8Array, void, undefined>;

export function createPartReader(
  file: ByteSource,
  parts: JpegParts,
  { width, samples }: { width: number; samples: number },
  workspace: Workspace,
  warnings: Warning[],
): ReadPart {
  const source = windowed(file, WINDOW_BYTES);
  return async function* (offset, bytes) {
    const opened = await openPart(parts, { source, offset, bytes });
    const { header } = opened;
    if (header.width !== width || header.components.length !== samples) {
      throw damaged("The TIFF's JPEG data have another size than it says.");
    }
    if (!canStream(header, WHOLE)) throw unsupported("JPEG with unusual sampling factors");
    if (planStream(header, opened.bytes.size, WHOLE) > parts.memoryBytes) throw damaged();
    const engine = await workspace.take(PARTS_ENGINE, parts.memoryBytes);
    const mark = engine.mark();
    const found: Warning[] = [];
    try {
      const { strips } = await decodeStream({ ...opened, warnings: found }, WHOLE, engine);
      for await (const { data } of strips) yield data;
    } finally {
      engine.rewind(mark);
    }
    for (const warning of found) {
      if (!warnings.some(({ code }) => code === warning.code)) warnings.push(warning);
    }
  };
}
