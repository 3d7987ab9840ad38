/** What the marker segments before the first scan say, read by random access. */
import { AppError } from "../../errors.ts";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata, Warning } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";
import { invalid, truncated } from "./failures.ts";
import { findHeight } from "./scans.ts";
import { EOI, EXIF_PREFIX, ICC_PREFIX, latin1, SOI, XMP_PREFIX } from "./segments.ts";
import { applySegment, FIRST_TABLES, type Tables } from "./tables.ts";

export interface Component {
  id: number;
  /** Destination of its quantisation table. */
  quantisation: number;
  /** Sampling factors, 1 to 4. */
  horizontal: number;
  vertical: number;
}

export interface JpegHeader {
  width: number;
  height: number;
  components: readonly Component[];
  /** Whether a decoder must keep all coefficients, since one scan does not hold them all. */
  multipleScans: boolean;
  progressive: boolean;
  /** What the samples mean. */
  colour: "gray" | "ycc" | "rgb" | "cmyk" | "ycck";
  /** In force where the first scan starts; its header's payload; where its data starts. */
  tables: Tables;
  scan: Uint8Array;
  dataOffset: number;
  /** Whether an Adobe segment was found: its CMYK is stored inverted. */
  adobe: boolean;
  metadata: Metadata;
  warnings: Warning[];
}

const SOS = 0xda;
const WINDOW_BYTES = 64 * 1024;
/** Real files have a few dozen at most. */
const MAX_SEGMENTS = 4096;
const ADOBE_PREFIX = latin1("Adobe");
const ADOBE_BYTES = 12;
const JFIF_PREFIX = latin1("JFIF\0");
const JFIF_BYTES = 14;
/** Segments with tables: Huffman, quantisation, restart interval. */
const TABLE_MARKERS: ReadonlySet<number> = new Set([0xc4, 0xdb, 0xdd]);

/** SOF markers by what they announce; the rest are baseline, extended and progressive. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  0xc3: "Lossless JPEG",
  0xc5: "Hierarchical JPEG",
  0xc6: "Hierarchical JPEG",
  0xc7: "Hierarchical JPEG",
  0xc8: "JPEG with extensions",
  0xc9: "Arithmetic-coded JPEG",
  0xca: "Arithmetic-coded JPEG",
  0xcb: "Arithmetic-coded JPEG",
  0xcd: "Arithmetic-coded JPEG",
  0xce: "Arithmetic-coded JPEG",
  0xcf: "Arithmetic-coded JPEG",
  0xde: "Hierarchical JPEG",
};

interface Segment {
  marker: number;
  /** Of its payload. */
  offset: number;
  length: number;
}

/**
 * Reads at most MAX_METADATA_BYTES of metadata and what lies between it.
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export async function readHeader(bytes: ByteSource): Promise<JpegHeader> {
  const read = createWindow(bytes);
  const collector = createMetadataCollector();
  let frame: Frame | undefined;
  let adobe: Uint8Array | undefined;
  let jfif = false;
  let tables = FIRST_TABLES;
  for await (const segment of walkSegments(read)) {
    const { marker, offset, length } = segment;
    if (marker === SOS) {
      if (!frame) throw invalid("The JPEG file has no frame header.");
      const scan = (await read(offset, length)).slice();
      const { metadata, warnings } = collector.finish(frame.components.length);
      const multipleScans = frame.progressive || (scan[0] ?? 0) < frame.components.length;
      const colour = findColour(frame.components, jfif, adobe);
      const dataOffset = offset + length;
      const start = { tables, scan, dataOffset };
      const info = { multipleScans, colour, adobe: adobe !== undefined, metadata, warnings };
      const height = frame.height || (await findHeight(bytes, dataOffset));
      return { ...frame, height, ...start, ...info };
    }
    if (isFrame(marker)) {
      if (frame) throw invalid("The JPEG file has two frame headers.");
      frame = parseFrame(marker, await read(offset, length));
    } else if (marker === 0xee) {
      const head = await read(offset, Math.min(length, ADOBE_BYTES));
      if (starts(head, ADOBE_PREFIX)) adobe ??= head.slice();
    } else if (marker === 0xe0) {
      jfif ||= length >= JFIF_BYTES && starts(await read(offset, JFIF_BYTES), JFIF_PREFIX);
    } else if (TABLE_MARKERS.has(marker)) {
      tables = applySegment(tables, marker, await read(offset, length));
    } else if (marker === 0xe1 || marker === 0xe2) {
      await collector.add(segment, read);
    }
  }
  throw invalid("The JPEG file has no picture.");
}

type Read = (offset: number, length: number) => Promise<Uint8Array>;

/** Exact reads through a window, so that walking small segments costs few requests. */
function createWindow(bytes: ByteSource): Read {
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return async (offset, length) => {
    if (offset + length > bytes.size) throw truncated();
    if (offset < start || offset + length > start + window.length) {
      window = await bytes.read(offset, Math.max(WINDOW_BYTES, length));
      start = offset;
      if (window.length < length) throw truncated();
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

async function* walkSegments(read: Read): AsyncGenerator<Segment, void, undefined> {
  const start = await read(0, 2);
  if (start[0] !== 0xff || start[1] !== SOI) throw invalid("This is not a JPEG file.");
  let offset = 2;
  for (let count = 0; count < MAX_SEGMENTS; count++) {
    const [prefix, marker = 0] = await read(offset, 2);
    if (prefix !== 0xff) throw invalid("The JPEG file's structure is damaged.");
    if (marker === 0xff) {
      offset += 1; // a fill byte
      continue;
    }
    offset += 2;
    if (marker === EOI) return;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    const [high = 0, low = 0] = await read(offset, 2);
    const length = high * 256 + low;
    if (length < 2 || marker === 0) throw invalid("The JPEG file's structure is damaged.");
    yield { marker, offset: offset + 2, length: length - 2 };
    offset += length;
  }
  throw invalid("The JPEG file has too many segments.");
}

interface Frame {
  width: number;
  /** 0 if it is told after the first scan. */
  height: number;
  components: Component[];
  progressive: boolean;
}

function isFrame(marker: number): boolean {
  return (
    marker in UNSUPPORTED ||
    (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xcc)
  );
}

/** T.81, B.2.2. */
function parseFrame(marker: number, payload: Uint8Array): Frame {
  const unsupported = UNSUPPORTED[marker];
  if (unsupported) throw new AppError("unsupported_feature", `${unsupported} is not supported.`);
  const at = (index: number): number => payload[index] ?? 0;
  const count = at(5);
  if (payload.length < 6 + 3 * count) throw invalid("The JPEG file's frame header is damaged.");
  if (at(0) !== 8) {
    throw new AppError("unsupported_feature", `JPEG with ${at(0)} bits a sample is not supported.`);
  }
  const height = at(1) * 256 + at(2);
  const width = at(3) * 256 + at(4);
  if (width === 0) throw invalid("The JPEG file says it is 0 wide.");
  if (count !== 1 && count !== 3 && count !== 4) {
    throw new AppError("unsupported_feature", `JPEG with ${count} components is not supported.`);
  }
  const components = Array.from({ length: count }, (_, i) => {
    const factors = at(7 + 3 * i);
    const quantisation = at(8 + 3 * i) & 3;
    return { id: at(6 + 3 * i), horizontal: factors >> 4, vertical: factors & 15, quantisation };
  });
  const valid = (factor: number) => factor >= 1 && factor <= 4;
  if (!components.every(({ horizontal, vertical }) => valid(horizontal) && valid(vertical))) {
    throw invalid("The JPEG file's sampling factors are damaged.");
  }
  return { width, height, components, progressive: marker === 0xc2 };
}

/** As libjpeg guesses it (jdapimin.c, default_decompress_parms). */
function findColour(
  components: readonly Component[],
  jfif: boolean,
  adobe: Uint8Array | undefined,
): JpegHeader["colour"] {
  if (components.length === 1) return "gray";
  const transform = adobe && adobe.length >= ADOBE_BYTES ? adobe[ADOBE_BYTES - 1] : undefined;
  if (components.length === 4) return transform === undefined || transform === 0 ? "cmyk" : "ycck";
  if (jfif) return "ycc";
  if (transform !== undefined) return transform === 0 ? "rgb" : "ycc";
  return components.map(({ id }) => String.fromCharCode(id)).join("") === "RGB" ? "rgb" : "ycc";
}

function starts(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.length <= bytes.length && prefix.every((byte, i) => bytes[i] === byte);
}

/** ICC.1, 7.2.6: the colour space a profile is for, by the picture's number of components. */
const ICC_SPACES: Readonly<Record<number, string>> = { 1: "GRAY", 3: "RGB ", 4: "CMYK" };

/** Keeps copies of EXIF, XMP and ICC up to the limit. */
function createMetadataCollector() {
  const found: Metadata = { icc: null, exif: null, xmp: null };
  const iccChunks = new Map<number, Uint8Array>();
  let iccCount = 0;
  let room = MAX_METADATA_BYTES;
  let dropped = false;
  const warnings: Warning[] = [];

  async function take({ offset, length }: Segment, skip: number, read: Read) {
    if (length - skip > room) {
      dropped = true;
      return null;
    }
    room -= length - skip;
    return (await read(offset + skip, length - skip)).slice();
  }

  /** All chunks or nothing: part of a profile is useless. */
  function assembleIcc(): Uint8Array | null {
    const chunks = Array.from({ length: iccCount }, (_, i) => iccChunks.get(i + 1));
    return chunks.every((chunk) => chunk !== undefined) && iccCount > 0 ? concat(chunks) : null;
  }

  function checkIcc(icc: Uint8Array | null, components: number): Uint8Array | null {
    if (!icc || starts(icc.subarray(16, 20), latin1(ICC_SPACES[components] ?? ""))) return icc;
    warnings.push({
      code: "profile_ignored",
      message: "The embedded colour profile does not fit the picture and was ignored.",
    });
    return null;
  }

  return {
    async add(segment: Segment, read: Read): Promise<void> {
      const head = await read(segment.offset, Math.min(segment.length, XMP_PREFIX.length));
      if (segment.marker === 0xe1 && starts(head, EXIF_PREFIX)) {
        found.exif ??= await take(segment, EXIF_PREFIX.length, read);
      } else if (segment.marker === 0xe1 && starts(head, XMP_PREFIX)) {
        found.xmp ??= await take(segment, XMP_PREFIX.length, read);
      } else if (segment.marker === 0xe2 && starts(head, ICC_PREFIX)) {
        const number = head[ICC_PREFIX.length] ?? 0;
        const chunk = await take(segment, ICC_PREFIX.length + 2, read);
        iccCount = head[ICC_PREFIX.length + 1] ?? 0;
        if (chunk && !iccChunks.has(number)) iccChunks.set(number, chunk);
      }
    },

    finish(components: number) {
      found.icc = checkIcc(assembleIcc(), components);
      if (iccChunks.size > 0 && !found.icc && warnings.length === 0) dropped = true;
      if (dropped) {
        warnings.push({
          code: "metadata_dropped",
          message: "Metadata that is too large or damaged was left out.",
        });
      }
      return { metadata: found, warnings };
    },
  };
}
