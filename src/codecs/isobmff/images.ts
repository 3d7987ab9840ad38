/** The pictures in a HEIF file: what is shown, of which coded pieces. */
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Metadata, Orientation, Warning } from "../../pipeline/picture.ts";
import { Cursor } from "./boxes.ts";
import { damaged, unsupported } from "./failures.ts";
import { itemBytes, readItem } from "./item-data.ts";
import type { Extent, Item, Meta } from "./meta.ts";
import type { CodingColour, Property } from "./properties.ts";
import { readOrientation, readWindow, type Window } from "./transform.ts";

/** One picture as its codec knows it. */
export interface Piece {
  /** Of the item: av01, hvc1. */
  codec: string;
  /** What its decoder must know before (av1C, hvcC). */
  configuration: Uint8Array;
  width: number;
  height: number;
  extents: readonly Extent[];
  inMeta: boolean;
  /** Of its coded data. */
  bytes: number;
}

/** Pieces of equal size in rows, the last ones of which may be cut. */
export interface Tiling {
  columns: number;
  rows: number;
  pieces: readonly Piece[];
  /** Of the picture that they make. */
  width: number;
  height: number;
}

export interface HeifImage {
  colour: Tiling;
  alpha: Tiling | null;
  premultiplied: boolean;
  window: Window;
  orientation: Orientation;
  coding: CodingColour | null;
  metadata: Metadata;
  warnings: Warning[];
}

const CODED_TYPES = new Set(["av01", "hvc1", "hev1"]);
const MAX_TILES = 4096;
const ALPHA_TYPES = new Set([
  "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
  "urn:mpeg:hevc:2015:auxid:1",
]);

/** Ids of the pictures that a viewer would list, the primary one first. */
export function listImages({ items, primary }: Meta): number[] {
  const referred = (kind: string) =>
    [...items.values()].flatMap((item) => item.references.get(kind) ?? []);
  const parts = new Set(referred("dimg"));
  const isShown = (item: Item): boolean =>
    (CODED_TYPES.has(item.type) || item.type === "grid") &&
    !item.hidden &&
    !parts.has(item.id) &&
    !item.references.has("thmb") &&
    !item.references.has("auxl");
  const others = [...items.values()].filter((item) => item.id !== primary && isShown(item));
  return [primary, ...others.map(({ id }) => id)];
}

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readImage(file: ByteSource, meta: Meta, id: number): Promise<HeifImage> {
  const item = meta.items.get(id);
  if (!item) throw damaged("The file's picture is missing.");
  const colour = await readTiling(file, meta, item);
  const alphaItem = [...meta.items.values()].find(
    (other) => other.references.get("auxl")?.includes(id) && isAlpha(other.properties),
  );
  const alpha = alphaItem ? await readTiling(file, meta, alphaItem) : null;
  if (alpha && !matches(colour, alpha)) {
    throw unsupported("alpha", "Transparency that is divided unlike its picture cannot be read.");
  }
  const { metadata, warnings } = await readMetadata(file, meta, item);
  return {
    ...{ colour, alpha, metadata, warnings },
    premultiplied: item.references.get("prem")?.includes(alphaItem?.id ?? -1) ?? false,
    window: readWindow(item.properties, colour),
    orientation: readOrientation(item.properties),
    coding: findColour(meta, item),
  };
}

/** Whether they are of something that says how opaque another is. */
export const isAlpha = (properties: readonly Property[]): boolean =>
  properties.some((one) => one.kind === "auxiliary" && ALPHA_TYPES.has(one.type));

function matches(one: Tiling, other: Tiling): boolean {
  const [first] = one.pieces;
  const [second] = other.pieces;
  return (
    one.width === other.width &&
    one.height === other.height &&
    one.columns === other.columns &&
    one.rows === other.rows &&
    first?.width === second?.width &&
    first?.height === second?.height
  );
}

async function readTiling(file: ByteSource, meta: Meta, item: Item): Promise<Tiling> {
  if (item.type !== "grid") {
    const piece = readPiece(file, meta, item);
    const { width, height } = piece;
    return { columns: 1, rows: 1, pieces: [piece], width, height };
  }
  const grid = parseGrid(await readItem(file, meta, item, MAX_GRID_BYTES));
  const ids = item.references.get("dimg") ?? [];
  if (ids.length !== grid.columns * grid.rows) throw damaged("The picture lacks tiles.");
  const pieces = ids.map((id) => {
    const tile = meta.items.get(id);
    if (!tile) throw damaged("The picture lacks tiles.");
    return readPiece(file, meta, tile);
  });
  const [first] = pieces;
  const { width = 0, height = 0, codec } = first ?? {};
  if (pieces.some((p) => p.width !== width || p.height !== height || p.codec !== codec)) {
    throw damaged("The picture's tiles are not of one kind.");
  }
  const fits = (side: number, tile: number, count: number) =>
    side > tile * (count - 1) && side <= tile * count;
  if (!fits(grid.width, width, grid.columns) || !fits(grid.height, height, grid.rows)) {
    throw damaged("The picture's tiles do not cover it.");
  }
  return { ...grid, pieces };
}

const MAX_GRID_BYTES = 12;

/** ISO/IEC 23008-12, section 6.6.2.3. */
function parseGrid(bytes: Uint8Array): Omit<Tiling, "pieces"> {
  const cursor = new Cursor(bytes);
  cursor.u8();
  const side = (cursor.u8() & 1) === 0 ? 2 : 4;
  const rows = cursor.u8() + 1;
  const columns = cursor.u8() + 1;
  if (rows * columns > MAX_TILES) throw damaged("The picture has too many tiles.");
  const width = cursor.sized(side);
  return { columns, rows, width, height: cursor.sized(side) };
}

function readPiece(file: ByteSource, meta: Meta, item: Item): Piece {
  if (!CODED_TYPES.has(item.type)) {
    throw unsupported(
      "item_type",
      `HEIF files with pictures of type "${item.type}" cannot be read.`,
    );
  }
  const size = findProperty(item.properties, "size");
  const configuration = findProperty(item.properties, "configuration");
  if (!size || !configuration) throw damaged();
  return {
    codec: item.type === "hev1" ? "hvc1" : item.type,
    configuration: configuration.bytes,
    ...{ width: size.width, height: size.height },
    ...{ extents: item.extents, inMeta: item.inMeta },
    bytes: itemBytes(file, meta, item),
  };
}

export function findProperty<K extends Property["kind"]>(
  properties: readonly Property[],
  kind: K,
): Extract<Property, { kind: K }> | undefined {
  return properties.find((one): one is Extract<Property, { kind: K }> => one.kind === kind);
}

/** Grids may leave it to their tiles. */
function findColour(meta: Meta, item: Item): CodingColour | null {
  const tile = meta.items.get(item.references.get("dimg")?.[0] ?? -1);
  const found =
    findProperty(item.properties, "colour") ?? findProperty(tile?.properties ?? [], "colour");
  return found?.colour ?? null;
}

async function readMetadata(file: ByteSource, meta: Meta, item: Item) {
  const tile = meta.items.get(item.references.get("dimg")?.[0] ?? -1);
  const profile =
    findProperty(item.properties, "profile") ?? findProperty(tile?.properties ?? [], "profile");
  const metadata: Metadata = { icc: profile?.icc ?? null, exif: null, xmp: null };
  const warnings: Warning[] = [];
  for (const other of meta.items.values()) {
    const kind = metadataKind(other);
    if (!kind || metadata[kind] || !describes(other, item, meta)) continue;
    if (itemBytes(file, meta, other) > MAX_METADATA_BYTES) {
      warnings.push({
        code: "metadata_dropped",
        message: "The file's metadata is too large and was left out.",
      });
      continue;
    }
    const bytes = await readItem(file, meta, other, MAX_METADATA_BYTES);
    metadata[kind] = kind === "exif" ? stripExif(bytes) : bytes;
  }
  return { metadata, warnings };
}

function metadataKind({ type, contentType }: Item): "exif" | "xmp" | null {
  if (type === "Exif") return "exif";
  return type === "mime" && contentType === "application/rdf+xml" ? "xmp" : null;
}

/** What describes nothing in particular describes the primary picture. */
function describes(metadata: Item, item: Item, { primary }: Meta): boolean {
  const subjects = metadata.references.get("cdsc");
  return subjects ? subjects.includes(item.id) : item.id === primary;
}

/** Four bytes say how far behind them the TIFF structure begins. */
function stripExif(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length < 4) return null;
  const start = 4 + new Cursor(bytes).u32();
  return start < bytes.length ? bytes.subarray(start) : null;
}
