/**
 * A codestream's tiles, each as a codestream of its own: the same header, whose picture is the tile
 * where it lies, and the tile's parts. So a decoder holds one tile at a time. ISO/IEC 15444-1, annex B.
 */
import type { Rect } from "../../pipeline/geometry.ts";
import { damaged, truncated, unsupported } from "./failures.ts";
import {
  MARKERS,
  readCoding,
  readOwnCoding,
  type Coding,
  type Component,
  type MainHeader,
} from "./markers.ts";

/** A part of the reference grid. */
interface Area {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Where a tile's data are. */
interface Part {
  start: number;
  end: number;
}

const TILE_PART_HEAD_BYTES = 12;

export interface TileGrid {
  columns: number;
  rows: number;
}

export function gridOf(header: MainHeader): TileGrid {
  const { x1, y1, tileX0, tileY0, tileWidth, tileHeight } = header;
  const columns = Math.ceil((x1 - tileX0) / tileWidth);
  const rows = Math.ceil((y1 - tileY0) / tileHeight);
  if (columns * rows > 65_535) throw damaged("The JPEG 2000 file has too many tiles.");
  return { columns, rows };
}

export function tileArea(header: MainHeader, column: number, row: number): Area {
  const { x0, y0, x1, y1, tileX0, tileY0, tileWidth, tileHeight } = header;
  return {
    x0: Math.max(x0, tileX0 + column * tileWidth),
    y0: Math.max(y0, tileY0 + row * tileHeight),
    x1: Math.min(x1, tileX0 + (column + 1) * tileWidth),
    y1: Math.min(y1, tileY0 + (row + 1) * tileHeight),
  };
}

/** The samples that a component has of an area, reduced, by their place in its own grid. */
export function samplesOf(
  { x0, y0, x1, y1 }: Area,
  { dx, dy }: Pick<Component, "dx" | "dy">,
  scale: number,
): Rect {
  const reduce = (value: number, step: number): number =>
    Math.ceil(Math.ceil(value / step) / scale);
  const [x, y] = [reduce(x0, dx), reduce(y0, dy)];
  return { x, y, width: reduce(x1, dx) - x, height: reduce(y1, dy) - y };
}

/**
 * Powers of two by which the picture can be reduced so that a side becomes ceil(side / scale) and
 * its tiles still meet.
 */
export function scalesOf(header: MainHeader): number[] {
  const { components, x0, y0, tileX0, tileY0, tileWidth, tileHeight } = header;
  const { columns, rows } = gridOf(header);
  const levels = Math.min(...components.map((component) => component.levels), 6);
  const steps = [...components.map(({ dx }) => dx), ...components.map(({ dy }) => dy)];
  const edges = [
    ...[x0, y0],
    ...(columns > 1 ? [tileX0, tileWidth] : []),
    ...(rows > 1 ? [tileY0, tileHeight] : []),
  ];
  return Array.from({ length: levels + 1 }, (_, level) => 2 ** level).filter(
    (scale) =>
      scale === 1 || edges.every((edge) => steps.every((step) => edge % (step * scale) === 0)),
  );
}

/**
 * The parts of each tile in the data behind the main header.
 * @throws AppError invalid_image, truncated_image when a tile is not complete
 */
export function listParts(data: Uint8Array, header: MainHeader): readonly (readonly Part[])[] {
  const { columns, rows } = gridOf(header);
  const tiles = Array.from({ length: columns * rows }, () => ({
    parts: [] as Part[],
    announced: 0,
  }));
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  while (at + 2 <= data.length && view.getUint16(at) === MARKERS.tilePart) {
    if (at + TILE_PART_HEAD_BYTES > data.length) throw truncated();
    const tile = tiles[view.getUint16(at + 4)];
    const end = at + view.getUint32(at + 6) || endOfLast(view);
    if (!tile || end < at + TILE_PART_HEAD_BYTES + 2) throw damaged();
    if (end > data.length) throw truncated();
    tile.announced = Math.max(tile.announced, view.getUint8(at + 11), 1);
    tile.parts.push({ start: at, end });
    if (tile.parts.length > 255) throw damaged();
    checkPackets(view, at, header);
    at = end;
  }
  const isEnd = at + 2 <= data.length && view.getUint16(at) === MARKERS.end;
  if (!isEnd && at + 2 <= data.length) throw damaged();
  if (tiles.some(({ parts, announced }) => parts.length < announced || announced === 0)) {
    throw at + 2 <= data.length ? damaged() : truncated();
  }
  return tiles.map(({ parts }) => parts);
}

/** Of the last part, which need not say its length: it goes up to the end of the codestream. */
function endOfLast(view: DataView): number {
  const end = view.byteLength - 2;
  if (end < 0 || view.getUint16(end) !== MARKERS.end) throw truncated();
  return end;
}

/**
 * Each packet takes a byte at least, so that more packets than bytes are none that a file can have,
 * and none that a decoder should begin to look for.
 */
const MIN_SUSPECT_PACKETS = 1_000_000;

/** @throws AppError invalid_image where the header, or a tile's own, asks for too many */
function checkPackets(view: DataView, partStart: number, header: MainHeader): void {
  const index = view.getUint16(partStart + 4);
  const { columns } = gridOf(header);
  const area = tileArea(header, index % columns, Math.floor(index / columns));
  const own = readOwn(view, partStart, header);
  let packets = 0;
  for (const [i, component] of header.components.entries()) {
    const coding = own(i) ?? component;
    packets += coding.layers * countPrecincts(area, component, coding);
  }
  if (packets > Math.max(MIN_SUSPECT_PACKETS, view.byteLength)) {
    throw damaged("The JPEG 2000 file claims more packets than it has bytes.");
  }
}

/** What a tile-part's header says of the coding of its components. */
function readOwn(view: DataView, partStart: number, { components }: MainHeader) {
  let common: Coding | undefined;
  const owns = new Map<number, Coding>();
  let at = partStart + TILE_PART_HEAD_BYTES;
  while (at + 4 <= view.byteLength && view.getUint16(at) !== MARKERS.data) {
    const [marker, length] = [view.getUint16(at), view.getUint16(at + 2)];
    if (length < 2 || at + 2 + length > view.byteLength) throw damaged();
    const data = new DataView(view.buffer, view.byteOffset + at + 4, length - 2);
    if (marker === MARKERS.coding) common = readCoding(data);
    if (marker === MARKERS.componentCoding && data.byteLength > 0) {
      const general = common ?? (components[0] as Component);
      owns.set(data.getUint8(0), readOwnCoding(data, general));
    }
    at += 2 + length;
  }
  return (component: number): Coding | undefined => owns.get(component) ?? common;
}

function countPrecincts(area: Area, component: Component, { levels, precincts }: Coding): number {
  let count = 0;
  for (const [resolution, [widthBits, heightBits]] of precincts.entries()) {
    const { x, y, width, height } = samplesOf(area, component, 2 ** (levels - resolution));
    const along = (start: number, length: number, bits: number): number =>
      length === 0 ? 0 : Math.ceil((start + length) / 2 ** bits) - Math.floor(start / 2 ** bits);
    count += along(x, width, widthBits) * along(y, height, heightBits);
  }
  return count;
}

/** A tile as a codestream. @returns its pieces, to be put one behind the other */
export function tileCodestream(
  header: MainHeader,
  data: Uint8Array,
  parts: readonly Part[],
  column: number,
  row: number,
): Uint8Array[] {
  return [
    tileHeader(header, column, row),
    ...parts.map(({ start, end }) => {
      const part = data.subarray(start, end);
      // Of a copy's only tile.
      part.set([0, 0], 4);
      return part;
    }),
    Uint8Array.of(MARKERS.end >> 8, MARKERS.end & 255),
  ];
}

/** @throws AppError unsupported_feature where what it needs lies in front of all tiles */
export function tileHeader(header: MainHeader, column: number, row: number): Uint8Array {
  const { size, segments, tileX0, tileY0, tileWidth, tileHeight } = header;
  const { columns, rows } = gridOf(header);
  const isPacked = segments.some(({ marker }) => marker === MARKERS.packedHeaders);
  if (isPacked && columns * rows > 1) {
    throw unsupported(
      "packed_packet_headers",
      "JPEG 2000 files whose tiles share one table of packets cannot be read.",
    );
  }
  const sizeData = new DataView(size.data.buffer.slice(0));
  const { x0, y0, x1, y1 } = tileArea(header, column, row);
  const origin = [tileX0 + column * tileWidth, tileY0 + row * tileHeight];
  for (const [i, value] of [x1, y1, x0, y0, tileWidth, tileHeight, ...origin].entries()) {
    sizeData.setUint32(2 + i * 4, value);
  }
  const all = [{ marker: MARKERS.size, data: sizeData }, ...segments];
  const bytes = new Uint8Array(all.reduce((sum, { data }) => sum + 4 + data.byteLength, 2));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MARKERS.start);
  let at = 2;
  for (const { marker, data } of all) {
    view.setUint16(at, marker);
    view.setUint16(at + 2, data.byteLength + 2);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at + 4);
    at += 4 + data.byteLength;
  }
  return bytes;
}
