/** The marker segments in front of a codestream's tiles. ISO/IEC 15444-1, annex A. */
import { createWindow, type ByteSource } from "../../pipeline/bytes.ts";
import { MIB } from "../../limits.ts";
import { damaged, truncated, unsupported } from "./failures.ts";

export const MARKERS = {
  start: 0xff4f,
  size: 0xff51,
  coding: 0xff52,
  componentCoding: 0xff53,
  tileLengths: 0xff55,
  packetLengths: 0xff57,
  packedHeaders: 0xff60,
  comment: 0xff64,
  tilePart: 0xff90,
  data: 0xff93,
  end: 0xffd9,
} as const;

/** Those that say where something is, which changes here, or nothing about the picture. */
const DROPPED: readonly number[] = [MARKERS.tileLengths, MARKERS.packetLengths, MARKERS.comment];

/** Packed packet headers of large pictures take as much; all else is a few hundred bytes. */
const MAX_BYTES = MIB;
const WINDOW_BYTES = 4096;
const MAX_COMPONENTS = 16;
const MAX_BITS = 16;

export interface Segment {
  marker: number;
  /** What follows the length. */
  data: DataView;
}

/** How the samples of a component are coded. */
export interface Coding {
  /** How often its size can be halved. */
  levels: number;
  /** Samples of a code block. */
  blockArea: number;
  layers: number;
  /** Exponents of the precincts' width and height, by resolution from the smallest. */
  precincts: readonly (readonly [number, number])[];
}

export interface Component extends Coding {
  bits: number;
  isSigned: boolean;
  /** Columns and rows of the reference grid for each of its samples. */
  dx: number;
  dy: number;
}

/** All lengths are those of the reference grid. */
export interface MainHeader {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  tileWidth: number;
  tileHeight: number;
  tileX0: number;
  tileY0: number;
  components: readonly Component[];
  /** What every tile needs to know, but for the size. */
  segments: readonly Segment[];
  /** The whole of the segment that says the size. */
  size: Segment;
  /** Where the first tile-part begins. */
  tilesOffset: number;
}

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readMainHeader(source: ByteSource): Promise<MainHeader> {
  const { segments, tilesOffset } = await readSegments(source);
  const [size] = segments;
  if (size?.marker !== MARKERS.size || size.data.byteLength < 36) throw damaged();
  const coding = segments.find(({ marker }) => marker === MARKERS.coding);
  if (!coding) throw damaged();
  const u32 = (index: number): number => size.data.getUint32(2 + index * 4);
  const [x1, y1, x0, y0] = [u32(0), u32(1), u32(2), u32(3)];
  const [tileWidth, tileHeight, tileX0, tileY0] = [u32(4), u32(5), u32(6), u32(7)];
  if (x1 <= x0 || y1 <= y0) throw damaged("The JPEG 2000 file has no pixels.");
  const tilesAreWrong =
    [tileWidth, tileHeight].includes(0) ||
    [tileX0 > x0, tileY0 > y0, tileX0 + tileWidth <= x0, tileY0 + tileHeight <= y0].includes(true);
  if (tilesAreWrong) throw damaged("The JPEG 2000 file's tiles are not where its picture is.");
  return {
    ...{ x0, y0, x1, y1, tileWidth, tileHeight, tileX0, tileY0, size, tilesOffset },
    components: readComponents(size.data, coding.data, segments),
    segments: segments.filter(({ marker }) => marker !== MARKERS.size),
  };
}

async function readSegments(source: ByteSource) {
  const read = createWindow(source, WINDOW_BYTES);
  const readView = async (offset: number, length: number): Promise<DataView> => {
    const bytes = (await read(offset, length)).slice();
    if (bytes.length < length) throw truncated();
    return new DataView(bytes.buffer, 0, length);
  };
  if ((await readView(0, 2)).getUint16(0) !== MARKERS.start) throw damaged();
  const segments: Segment[] = [];
  let offset = 2;
  while (offset < MAX_BYTES) {
    const head = await readView(offset, 4);
    const [marker, length] = [head.getUint16(0), head.getUint16(2)];
    if (marker === MARKERS.tilePart) return { segments, tilesOffset: offset };
    if (marker < MARKERS.size || length < 2) throw damaged();
    const data = await readView(offset + 4, length - 2);
    if (!DROPPED.includes(marker)) segments.push({ marker, data });
    offset += 2 + length;
  }
  throw unsupported("main_header", "The JPEG 2000 file's header is too long.");
}

function readComponents(
  size: DataView,
  coding: DataView,
  segments: readonly Segment[],
): readonly Component[] {
  const count = size.getUint16(34);
  if (count === 0 || size.byteLength < 36 + count * 3) throw damaged();
  if (count > MAX_COMPONENTS) {
    throw unsupported("components", `Pictures of ${count} components cannot be read.`);
  }
  const common = readCoding(coding);
  return Array.from({ length: count }, (_, index) => {
    const [precision, dx, dy] = [0, 1, 2].map((i) => size.getUint8(36 + index * 3 + i));
    const bits = ((precision as number) & 0x7f) + 1;
    if (!dx || !dy) throw damaged();
    if (bits > MAX_BITS) throw unsupported("bits", `Samples of ${bits} bits cannot be read.`);
    const own = segments.findLast(
      ({ marker, data }) => marker === MARKERS.componentCoding && data.getUint8(0) === index,
    );
    const isSigned = (precision as number) > 0x7f;
    return { bits, isSigned, dx, dy, ...(own ? readOwnCoding(own.data, common) : common) };
  });
}

/** Of all components. @throws AppError invalid_image */
export function readCoding(data: DataView): Coding {
  if (data.byteLength < 10) throw damaged();
  const layers = data.getUint16(2);
  return { ...readSteps(data, 5, (data.getUint8(0) & 1) === 1), layers };
}

/** Of one. @throws AppError invalid_image */
export function readOwnCoding(data: DataView, { layers }: Coding): Coding {
  if (data.byteLength < 7) throw damaged();
  return { ...readSteps(data, 2, (data.getUint8(1) & 1) === 1), layers };
}

const MAX_LEVELS = 32;
const LARGEST_PRECINCT = [15, 15] as const;

function readSteps(data: DataView, at: number, hasPrecincts: boolean): Omit<Coding, "layers"> {
  const levels = data.getUint8(at);
  const exponents = (data.getUint8(at + 1) & 15) + (data.getUint8(at + 2) & 15) + 4;
  if (levels > MAX_LEVELS || exponents > 12) throw damaged();
  if (hasPrecincts && data.byteLength < at + 6 + levels) throw damaged();
  const precincts = Array.from({ length: levels + 1 }, (_, resolution) => {
    if (!hasPrecincts) return LARGEST_PRECINCT;
    const both = data.getUint8(at + 5 + resolution);
    return [both & 15, both >> 4] as const;
  });
  return { levels, blockArea: 2 ** exponents, precincts };
}
