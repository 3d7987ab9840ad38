/** Writes a HEIF file of one picture, or of a grid of tiles. Layout: ISO/IEC 23008-12. */
import type { Metadata } from "../../pipeline/picture.ts";
import { concat } from "../concat.ts";
import type { CodingColour } from "./properties.ts";

/** Coded tiles, all of one size, row by row; the last ones of rows and columns may reach too far. */
export interface NewTiles {
  tileWidth: number;
  tileHeight: number;
  columns: number;
  rows: number;
  /** Bytes of each. */
  sizes: readonly number[];
  /** The box that tells a decoder of them, e.g. av1C, without its head. */
  configuration: Uint8Array;
  /** Bits of each channel. */
  depths: readonly number[];
}

export interface NewFile {
  brands: readonly [major: string, ...compatible: string[]];
  /** Of the coded items and of their configuration's box. */
  codec: { item: string; configuration: string };
  width: number;
  height: number;
  colour: NewTiles;
  alpha: NewTiles | null;
  coding: CodingColour;
  /** Members that are null are left out. */
  metadata: Metadata;
}

const ALPHA_TYPE = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";

interface NewItem {
  type: string;
  /** Behind the name, for mime. */
  contentType?: string;
  hidden: boolean;
  bytes: number;
  /** In the meta box. */
  data?: Uint8Array;
  /** 1-based numbers of properties; essential ones are negative. */
  properties: number[];
}

/**
 * All that comes before the coded tiles: those of colours, then those of alpha, one behind the other.
 * Metadata are in it.
 */
export function writeHeifHead(file: NewFile): Uint8Array {
  const { metadata, colour, alpha } = file;
  const properties: Uint8Array[] = [];
  const property = (type: string, ...parts: Uint8Array[]): number =>
    properties.push(box(type, ...parts));
  const items: NewItem[] = [];
  const references: { type: string; from: number; to: number[] }[] = [];

  function addTiles(tiles: NewTiles, own: number[]): number {
    const { item, configuration } = file.codec;
    const configured = -property(configuration, tiles.configuration);
    const depths = property("pixi", full(), bytes(tiles.depths.length, ...tiles.depths));
    const shared = [configured, depths];
    if (tiles.tileWidth === file.width && tiles.tileHeight === file.height) {
      const size = property("ispe", full(), u32(file.width, file.height));
      const [only = 0] = tiles.sizes;
      return items.push({
        ...{ type: item, hidden: false, bytes: only },
        properties: [size, ...shared, ...own],
      });
    }
    const size = property("ispe", full(), u32(file.width, file.height));
    const data = gridData(tiles, file);
    const properties_ = [size, depths, ...own];
    const grid = items.push({
      ...{ type: "grid", hidden: false, bytes: data.length, data },
      properties: properties_,
    });
    const tileSize = property("ispe", full(), u32(tiles.tileWidth, tiles.tileHeight));
    const to = tiles.sizes.map((size_) =>
      items.push({ type: item, hidden: true, bytes: size_, properties: [tileSize, ...shared] }),
    );
    references.push({ type: "dimg", from: grid, to });
    return grid;
  }

  const colours: number[] = [];
  if (metadata.icc) colours.push(property("colr", ascii("prof"), metadata.icc));
  colours.push(property("colr", codingData(file.coding)));
  const primary = addTiles(colour, colours);
  if (alpha) {
    const kind = property("auxC", full(), ascii(`${ALPHA_TYPE}\0`));
    references.push({ type: "auxl", from: addTiles(alpha, [kind]), to: [primary] });
  }
  const front: Uint8Array[] = [];
  const describe = (data: Uint8Array, type: string, contentType?: string): void => {
    front.push(data);
    const common = { type, hidden: false, bytes: data.length, properties: [] };
    const from = items.push(contentType ? { ...common, contentType } : common);
    references.push({ type: "cdsc", from, to: [primary] });
  };
  // The TIFF structure begins right behind these four bytes.
  if (metadata.exif) describe(concat([u32(0), metadata.exif]), "Exif");
  if (metadata.xmp) describe(metadata.xmp, "mime", "application/rdf+xml");

  const start = writeStart(file.brands);
  const meta = (dataStart: number) => writeMeta(items, properties, references, primary, dataStart);
  const coded = [...colour.sizes, ...(alpha?.sizes ?? [])].reduce((sum, size) => sum + size, 0);
  const inFront = front.reduce((sum, { length }) => sum + length, 0);
  // Offsets have a fixed length, so that the first try tells where the data will be.
  const dataStart = start.length + meta(0).length + 8;
  const head = concat([u32(8 + inFront + coded), ascii("mdat")]);
  return concat([start, meta(dataStart), head, ...front]);
}

function writeStart([major, ...compatible]: NewFile["brands"]): Uint8Array {
  return box("ftyp", ascii(major), u32(0), ascii(major), ...compatible.map(ascii));
}

/** In the order of the data: metadata, then tiles as they were added. */
function locate(items: readonly NewItem[], dataStart: number): number[] {
  const offsets: number[] = [];
  let inMeta = 0;
  let inFile = dataStart;
  const isMetadata = ({ type }: NewItem) => type === "Exif" || type === "mime";
  for (const [index, item] of items.entries()) {
    if (!isMetadata(item)) continue;
    offsets[index] = inFile;
    inFile += item.bytes;
  }
  for (const [index, item] of items.entries()) {
    if (isMetadata(item)) continue;
    offsets[index] = item.data ? inMeta : inFile;
    if (item.data) inMeta += item.bytes;
    else inFile += item.bytes;
  }
  return offsets;
}

function writeMeta(
  items: readonly NewItem[],
  properties: readonly Uint8Array[],
  references: readonly { type: string; from: number; to: number[] }[],
  primary: number,
  dataStart: number,
): Uint8Array {
  const offsets = locate(items, dataStart);
  const handler = box("hdlr", full(), u32(0), ascii("pict"), u32(0, 0, 0), bytes(0));
  const infos = items.map(({ type, contentType, hidden }, index) =>
    box(
      "infe",
      u32((2 << 24) | (hidden ? 1 : 0)),
      u16(index + 1, 0),
      ascii(type),
      ascii(contentType ? `\0${contentType}\0` : "\0"),
    ),
  );
  const locations = items.map(({ data, bytes: length }, index) =>
    concat([u16(index + 1, data ? 1 : 0, 0, 1), u32(offsets[index] ?? 0, length)]),
  );
  const associations = items.flatMap(({ properties: own }, index) =>
    own.length === 0
      ? []
      : [concat([u16(index + 1), bytes(own.length, ...own.map((n) => (n < 0 ? 0x80 | -n : n)))])],
  );
  const inMeta = items.flatMap(({ data }) => (data ? [data] : []));
  return box(
    "meta",
    full(),
    handler,
    box("pitm", full(), u16(primary)),
    box("iloc", u32(1 << 24), u16(0x4400, items.length), ...locations),
    box("iinf", full(), u16(items.length), ...infos),
    ...(references.length > 0 ? [writeReferences(references)] : []),
    box(
      "iprp",
      box("ipco", ...properties),
      box("ipma", full(), u32(associations.length), ...associations),
    ),
    ...(inMeta.length > 0 ? [box("idat", ...inMeta)] : []),
  );
}

function writeReferences(references: readonly { type: string; from: number; to: number[] }[]) {
  return box(
    "iref",
    full(),
    ...references.map(({ type, from, to }) => box(type, u16(from, to.length, ...to))),
  );
}

function gridData({ columns, rows }: NewTiles, { width, height }: NewFile): Uint8Array {
  return concat([bytes(0, 1, rows - 1, columns - 1), u32(width, height)]);
}

function codingData({ primaries, transfer, matrix, fullRange }: CodingColour): Uint8Array {
  return concat([ascii("nclx"), u16(primaries, transfer, matrix), bytes(fullRange ? 0x80 : 0)]);
}

function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return concat([u32(length), ascii(type), ...parts]);
}

/** A full box's version and flags. */
const full = (): Uint8Array => u32(0);

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function u16(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value]));
}

function u32(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((v) => [v >>> 24, v >>> 16, v >>> 8, v]));
}
