/** An OpenEXR file's attributes (OpenEXR file layout, version 2). Numbers are little-endian. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { damaged, truncated, unsupported } from "./failures.ts";

/** A rectangle whose last column and row belong to it. */
interface Window {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const SAMPLE_TYPES = { integer: 0, half: 1, float: 2 } as const;
export type SampleType = (typeof SAMPLE_TYPES)[keyof typeof SAMPLE_TYPES];

export interface Channel {
  name: string;
  type: SampleType;
  /** Whether B44 codes the logarithms of its halves. */
  isLogarithmic: boolean;
  /** Columns and rows for each of its samples. */
  acrossStep: number;
  downStep: number;
}

export interface ExrHeader {
  /** All that each block of samples has, in its order. */
  channels: readonly Channel[];
  compression: Compression;
  /** Where there are samples. */
  data: Window;
  /** What is to be seen. */
  display: Window;
  tiles: { width: number; height: number } | null;
  /** Whether each block says whose of several pictures it is. */
  isMultipart: boolean;
  /** Where the blocks' offsets are. */
  tableOffset: number;
}

/** By their numbers; those that are not read have no lines. */
const COMPRESSIONS = [
  { name: "none", lines: 1 },
  { name: "rle", lines: 1 },
  { name: "zips", lines: 1 },
  { name: "zip", lines: 16 },
  { name: "piz", lines: 32 },
  { name: "pxr24", lines: 16 },
  { name: "b44", lines: 32 },
  { name: "b44", lines: 32 },
  { name: "DWAA", lines: null },
  { name: "DWAB", lines: null },
] as const;

type Known = (typeof COMPRESSIONS)[number];
/** A way of coding blocks, of so many lines each where they are not tiles. */
export type Compression = Exclude<Known, { lines: null }>;

const FLAGS = { tiled: 0x200, deep: 0x800, multipart: 0x1000 };
/** Real headers have a few kilobytes, with previews and thousands of layers a few hundred. */
const MAX_HEADER_BYTES = 1024 * 1024;
const FIRST_READ_BYTES = 16 * 1024;
const MAX_CHANNELS = 1024;
const VERSION = 2;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readHeader(source: ByteSource): Promise<ExrHeader> {
  const first = await source.read(0, FIRST_READ_BYTES);
  try {
    return parse(first);
  } catch (error) {
    // Not there yet, or nowhere.
    if (!(error instanceof Ended) || source.size <= first.length) throw endedAs(error);
  }
  try {
    return parse(await source.read(0, MAX_HEADER_BYTES));
  } catch (error) {
    if (error instanceof Ended && source.size > MAX_HEADER_BYTES) {
      throw unsupported("header", "The EXR file's header is too long.");
    }
    throw endedAs(error);
  }
}

/** The bytes at hand are over. */
class Ended extends Error {}

const endedAs = (error: unknown): unknown => (error instanceof Ended ? truncated() : error);

function parse(bytes: Uint8Array): ExrHeader {
  const reader = new Reader(bytes);
  reader.skip(4);
  const version = reader.i32();
  if ((version & 0xff) !== VERSION)
    throw unsupported("version", "This EXR file is of another version.");
  if (version & FLAGS.deep) throw unsupported("deep", "EXR files with deep data cannot be read.");
  const isMultipart = (version & FLAGS.multipart) !== 0;
  const attributes = readAttributes(reader);
  if (isMultipart) while (readAttributes(reader).size > 0);
  const type = attributes.get("type");
  if (type?.text().startsWith("deep"))
    throw unsupported("deep", "EXR files with deep data cannot be read.");
  const isTiled = type ? type.text() === "tiledimage" : (version & FLAGS.tiled) !== 0;
  const need = (name: string): Reader => {
    const found = attributes.get(name);
    if (!found) throw damaged(`The EXR file lacks its ${name}.`);
    return found;
  };
  const number = need("compression").u8();
  const compression = COMPRESSIONS[number];
  if (!compression) throw damaged(`The EXR file says that it is compressed by method ${number}.`);
  if (compression.lines === null) {
    throw unsupported("compression", `EXR files compressed by ${compression.name} cannot be read.`);
  }
  const [data, display] = [readWindow(need("dataWindow")), readWindow(need("displayWindow"))];
  const tileSize = isTiled ? need("tiles") : null;
  const tiles = tileSize && { width: tileSize.i32(), height: tileSize.i32() };
  if (tiles && (tiles.width <= 0 || tiles.height <= 0))
    throw damaged("The EXR file's tiles are empty.");
  const channels = readChannels(need("channels"));
  if (compression.name === "b44" && channels.some(({ isLogarithmic }) => isLogarithmic)) {
    throw unsupported("compression", "EXR files with logarithms compressed by B44 cannot be read.");
  }
  return { channels, compression, data, display, tiles, isMultipart, tableOffset: reader.at };
}

/** Up to the empty name at the end; none where there is no further header. */
function readAttributes(reader: Reader): Map<string, Reader> {
  const attributes = new Map<string, Reader>();
  for (;;) {
    const name = reader.name();
    if (name === "") return attributes;
    reader.name(); // of its type
    const length = reader.i32();
    if (length < 0) throw damaged();
    const value = reader.skip(length);
    attributes.set(name, new Reader(value));
  }
}

function readWindow(reader: Reader): Window {
  const [left, top, right, bottom] = [reader.i32(), reader.i32(), reader.i32(), reader.i32()];
  if (right < left || bottom < top) throw damaged("The EXR file has no pixels.");
  return { left, top, right, bottom };
}

function readChannels(reader: Reader): Channel[] {
  const channels: Channel[] = [];
  for (;;) {
    const name = reader.name();
    if (name === "") return channels;
    const type = reader.i32();
    const isLogarithmic = reader.u8() !== 0;
    reader.skip(3);
    const [acrossStep, downStep] = [reader.i32(), reader.i32()];
    if (type < 0 || type > 2 || acrossStep < 1 || downStep < 1) throw damaged();
    channels.push({ name, type: type as SampleType, isLogarithmic, acrossStep, downStep });
    if (channels.length > MAX_CHANNELS) throw damaged("The EXR file has too many channels.");
  }
}

const MAX_NAME_BYTES = 255;

class Reader {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves on. @returns what was passed */
  skip(length: number): Uint8Array {
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new Ended();
    return this.bytes.subarray(start, this.at);
  }

  u8(): number {
    return this.skip(1)[0] as number;
  }

  i32(): number {
    this.skip(4);
    return this.#view.getInt32(this.at - 4, true);
  }

  /** Up to its zero. */
  name(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end > this.at + MAX_NAME_BYTES) throw damaged();
    if (end < 0) throw new Ended();
    const text = new TextDecoder("latin1").decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  /** All of it. */
  text(): string {
    return new TextDecoder("latin1").decode(this.bytes);
  }
}
