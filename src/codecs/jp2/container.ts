/** The boxes around a codestream (JP2, and JPX where it is like that). ISO/IEC 15444-1, annex I. */
import { describeProfile } from "../../colour/profile.ts";
import { MAX_METADATA_BYTES } from "../../limits.ts";
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata } from "../../pipeline/picture.ts";
import { BOX_HEAD_BYTES, Cursor, listBoxes, readBoxHead, type Box } from "../isobmff/boxes.ts";
import { damaged, truncated, unsupported } from "./failures.ts";

/** How many colours a pixel has, and what they mean; null where the file does not say. */
export type Space = "gray" | "rgb" | "sycc" | "cmyk";

/** A component's values as indices of colours. */
export interface Palette {
  /** By column, the values of its entries. */
  columns: readonly (readonly number[])[];
  bits: readonly number[];
}

/** Where a channel comes from. */
export interface ChannelSource {
  component: number;
  /** Of the palette; null takes values as they are. */
  column: number | null;
}

export interface ChannelMeaning {
  channel: number;
  /** 0 is a colour, 1 transparency, 2 transparency that colours were multiplied with. */
  type: number;
  /** The number of the colour, from 1. */
  colour: number;
}

export interface Container {
  codestream: { start: number; size: number };
  space: Space | null;
  palette: Palette | null;
  channels: readonly ChannelSource[] | null;
  meanings: readonly ChannelMeaning[] | null;
  metadata: Metadata;
}

const SIGNATURE = "jP  ";
const WINDOW_BYTES = 4096;
const MAX_BOXES = 4096;
const MAX_HEADER_BYTES = MAX_METADATA_BYTES;
const XMP_ID = "be7acfcb97a942e89c71999491e3afac";
const EXIF_ID = "4a706754696666457869662d3e4a5032"; // "JpgTiffExif->JP2"
const ID_BYTES = 16;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readContainer(source: ByteSource): Promise<Container> {
  const read = createWindow(source, WINDOW_BYTES);
  const head = new Cursor(await read(0, Math.min(12, source.size)));
  const isBoxed = head.left >= 12 && head.u32() === 12 && head.text(4) === SIGNATURE;
  const found: Container = {
    codestream: { start: 0, size: source.size },
    ...{ space: null, palette: null, channels: null, meanings: null },
    metadata: { icc: null, exif: null, xmp: null },
  };
  if (!isBoxed) return found;
  found.codestream.size = 0;
  let offset = 0;
  for (let count = 0; offset + 8 <= source.size; count++) {
    if (count > MAX_BOXES) throw damaged();
    const left = source.size - offset;
    const cursor = new Cursor(await read(offset, Math.min(BOX_HEAD_BYTES, left)));
    const { type, headBytes, bytes: whole } = readBoxHead(cursor, left);
    if (whole < headBytes) throw damaged();
    const start = offset + headBytes;
    const length = whole - headBytes;
    if (type === "jp2c" && found.codestream.size === 0) found.codestream = { start, size: length };
    if (offset + whole > source.size) throw truncated();
    if (type === "jp2h") await readHeader(source, start, length, found);
    if (type === "uuid") await readUuid(source, start, length, found.metadata);
    offset += whole;
  }
  if (found.codestream.size === 0) throw truncated();
  return found;
}

async function readHeader(source: ByteSource, start: number, length: number, found: Container) {
  if (length > MAX_HEADER_BYTES) throw damaged("The JPEG 2000 file's header is too long.");
  const bytes = (await source.read(start, length)).slice();
  for (const box of listBoxes(bytes))
    READERS[box.type]?.(new Cursor(bytes, box.start, box.end), found, box);
}

type ReadBox = (cursor: Cursor, found: Container, box: Box) => void;

const READERS: Readonly<Record<string, ReadBox>> = {
  colr: readColour,
  pclr: readPalette,
  cmap: (cursor, found) => {
    found.channels = Array.from({ length: Math.floor(cursor.left / 4) }, () => {
      const [component, isMapped, column] = [cursor.u16(), cursor.u8(), cursor.u8()];
      return { component, column: isMapped ? column : null };
    });
  },
  cdef: (cursor, found) => {
    found.meanings = Array.from({ length: Math.min(cursor.u16(), cursor.left / 6) }, () => {
      const [channel, type, colour] = [cursor.u16(), cursor.u16(), cursor.u16()];
      return { channel, type, colour };
    });
  },
};

const ENUMERATED: Readonly<Record<number, Space>> = {
  12: "cmyk",
  16: "rgb",
  17: "gray",
  18: "sycc",
};
const PROFILED: Readonly<Record<string, Space>> = { RGB: "rgb", GRAY: "gray", CMYK: "cmyk" };

/** The first that is understood counts. */
function readColour(cursor: Cursor, found: Container): void {
  if (found.space) return;
  const method = cursor.u8();
  cursor.skip(2);
  if (method === 1) {
    const number = cursor.u32();
    found.space = ENUMERATED[number] ?? null;
    if (number === 14) throw unsupported("lab", "JPEG 2000 in CIELab cannot be read.");
  } else if (method === 2 || method === 3) {
    const icc = cursor.rest();
    const { space } = describeProfile(icc) ?? { space: "other" };
    found.space = PROFILED[space] ?? null;
    if (found.space) found.metadata.icc = icc;
  }
}

function readPalette(cursor: Cursor, found: Container): void {
  const [entries, count] = [cursor.u16(), cursor.u8()];
  const bits = Array.from({ length: count }, () => (cursor.u8() & 0x7f) + 1);
  if (entries === 0 || entries > 1024 || count === 0 || bits.some((depth) => depth > 16)) {
    throw damaged("The JPEG 2000 file's palette is damaged.");
  }
  const columns = bits.map(() => Array.from({ length: entries }, () => 0));
  for (let entry = 0; entry < entries; entry++) {
    for (const [column, depth] of bits.entries()) {
      const values = columns[column] as number[];
      values[entry] = depth > 8 ? cursor.u16() : cursor.u8();
    }
  }
  found.palette = { columns, bits };
}

async function readUuid(source: ByteSource, start: number, length: number, metadata: Metadata) {
  const size = length - ID_BYTES;
  if (size <= 0) return;
  const id = (await source.read(start, ID_BYTES)).reduce(
    (text, byte) => text + byte.toString(16).padStart(2, "0"),
    "",
  );
  const name = id === XMP_ID ? "xmp" : id === EXIF_ID ? "exif" : null;
  if (!name || metadata[name] || size > MAX_METADATA_BYTES) return;
  metadata[name] = (await source.read(start + ID_BYTES, size)).slice();
}
