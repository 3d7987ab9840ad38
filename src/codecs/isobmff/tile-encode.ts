/** Strips to a file of tiles that are encoded one by one: no picture is ever whole. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import { MIB } from "../../limits.ts";
import type { EncodeOptions } from "../codec.ts";
import type { CodingColour } from "./properties.ts";
import { writeHeifHead, type NewFile, type NewTiles } from "./write.ts";

/** One tile's coded data, and what the file must say of it. */
export interface CodedTile {
  data: Uint8Array;
  configuration: Uint8Array;
  coding: CodingColour;
}

export interface TileEncoder {
  brands: NewFile["brands"];
  codec: NewFile["codec"];
  /** Sides of tiles are multiples of this; of a picture that is one tile only where `exact`. */
  step: number;
  exact: boolean;
  /** Most pixels of a tile. */
  maxPixels: number;
  /** Upper bound of what it holds for a tile of so many pixels, in bytes. */
  memory(pixels: number): number;
  /** Upper bound of coded bytes a pixel, for pictures that are no noise. */
  rate(options: EncodeOptions): number;
  start(workspace: Workspace, bytes: number, options: EncodeOptions): Promise<EncodeTile>;
}

/** @param rgba the tile's pixels; gray ones where `mono` */
export type EncodeTile = (
  rgba: Uint8Array,
  width: number,
  height: number,
  mono: boolean,
) => CodedTile;

interface TilePlan {
  columns: number;
  rows: number;
  width: number;
  height: number;
}

/** What MIAF asks of a tile's side. */
const MIN_SIDE = 64;
const MAX_TILE_WIDTH = 2048;
/** Rows of tiles are kept until they are complete. */
const MAX_BAND_BYTES = 16 * MIB;
const MAX_CODED_BYTES = 32 * MIB;
const MIN_CODED_BYTES = 256 * 1024;

/** Tiles as few as fit, of equal size, whose last ones reach past the picture as little as can be. */
export function planTiles(
  { width, height, channels }: PictureInfo,
  { step, exact, maxPixels }: TileEncoder,
): TilePlan {
  const roundUp = (side: number) => Math.ceil(side / step) * step;
  if (roundUp(width) * roundUp(height) <= maxPixels) {
    const size = exact ? { width: roundUp(width), height: roundUp(height) } : { width, height };
    return { columns: 1, rows: 1, ...size };
  }
  const columns = Math.ceil(width / MAX_TILE_WIDTH);
  const tileWidth = Math.max(roundUp(Math.ceil(width / columns)), roundUp(MIN_SIDE));
  const most = Math.min(maxPixels / tileWidth, MAX_BAND_BYTES / (width * channels));
  const maxHeight = Math.max(Math.floor(most / step) * step, roundUp(MIN_SIDE));
  const rows = Math.ceil(height / maxHeight);
  const tileHeight = Math.max(roundUp(Math.ceil(height / rows)), roundUp(MIN_SIDE));
  return {
    columns,
    rows: Math.ceil(height / tileHeight),
    ...{ width: tileWidth, height: tileHeight },
  };
}

function planBytes(picture: PictureInfo, encoder: TileEncoder, options: EncodeOptions) {
  const tile = planTiles(picture, encoder);
  const pixels = tile.width * tile.height;
  const { width, height, channels } = picture;
  const wanted = width * height * encoder.rate(options) * (channels === 4 ? 1.5 : 1);
  return {
    tile,
    band: tile.height * width * channels,
    rgba: pixels * 4,
    encoder: encoder.memory(pixels),
    coded: Math.ceil(Math.min(MAX_CODED_BYTES, wanted + MIN_CODED_BYTES)),
  };
}

/** Upper bound of what `encodeTiles` holds, in bytes. */
export function tileEncoderMemory(
  picture: PictureInfo,
  encoder: TileEncoder,
  options: EncodeOptions,
): number {
  const plan = planBytes(picture, encoder, options);
  return plan.band + plan.rgba + plan.encoder + plan.coded;
}

/** @throws AppError memory_limit where a picture, in effect noise, codes into more than was planned */
export async function* encodeTiles(
  picture: Picture,
  encoder: TileEncoder,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels } = picture;
  const plan = planBytes(picture, encoder, options);
  const { tile } = plan;
  const encode = await encoder.start(workspace, plan.encoder, options);
  const rgba = workspace.allocate(plan.rgba);
  const colour: CodedTile[] = [];
  const alpha: CodedTile[] = [];
  for await (const { rows, data } of gatherBands(picture, tile.height, workspace)) {
    for (let column = 0; column < tile.columns; column++) {
      const part = { left: column * tile.width, rows, width, channels };
      copyColours(data, part, rgba, tile);
      colour.push(keep(encode(rgba, tile.width, tile.height, channels === 1), workspace));
      if (channels !== 4) continue;
      copyAlpha(data, part, rgba, tile);
      alpha.push(keep(encode(rgba, tile.width, tile.height, true), workspace));
    }
  }
  yield writeHeifHead({
    ...{ brands: encoder.brands, codec: encoder.codec, width, height },
    colour: describe(colour, tile, channels === 1 ? 1 : 3),
    alpha: alpha.length > 0 ? describe(alpha, tile, 1) : null,
    coding: signal(colour[0]),
    metadata: options.metadata,
  });
  // Chunks belong to the receiver, and these are not used again.
  for (const { data } of [...colour, ...alpha]) yield data;
}

/** Pixels are as they came: sRGB's curve, or what the profile beside it says. */
function signal(tile: CodedTile | undefined): CodingColour {
  const { matrix = 6, fullRange = true } = tile?.coding ?? {};
  return { primaries: 1, transfer: 13, matrix, fullRange };
}

function describe(tiles: readonly CodedTile[], plan: TilePlan, depths: 1 | 3): NewTiles {
  const { columns, rows, width, height } = plan;
  return {
    ...{ columns, rows, tileWidth: width, tileHeight: height },
    sizes: tiles.map(({ data }) => data.length),
    configuration: tiles[0]?.configuration ?? new Uint8Array(0),
    depths: Array.from({ length: depths }, () => 8),
  };
}

/** The encoder's memory is used again for the next tile. */
function keep(tile: CodedTile, workspace: Workspace): CodedTile {
  const data = workspace.allocate(tile.data.length);
  data.set(tile.data);
  return { ...tile, data };
}

interface Band {
  rows: number;
  /** Whole rows of the picture; used again for the next band. */
  data: Uint8Array;
}

async function* gatherBands(
  { width, height, channels, strips }: Picture,
  bandRows: number,
  workspace: Workspace,
): AsyncGenerator<Band, void, undefined> {
  const rowBytes = width * channels;
  const data = workspace.allocate(bandRows * rowBytes);
  let waiting = 0;
  for await (const strip of strips) {
    for (let row = 0; row < strip.rows;) {
      const count = Math.min(strip.rows - row, bandRows - waiting);
      data.set(strip.data.subarray(row * rowBytes, (row + count) * rowBytes), waiting * rowBytes);
      waiting += count;
      row += count;
      if (waiting < bandRows && strip.y + row < height) continue;
      yield { rows: waiting, data };
      waiting = 0;
    }
  }
}

/** A tile's columns in a band, and what the band has. */
interface Part {
  left: number;
  rows: number;
  width: number;
  channels: number;
}

/** Opaque pixels; behind the picture's edges its last ones are repeated, which costs least. */
function copyColours(band: Uint8Array, part: Part, rgba: Uint8Array, tile: TilePlan): void {
  const { channels } = part;
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  copyPixels(part, rgba, tile, (from) => {
    const red = band[from] ?? 0;
    return red | ((band[from + green] ?? 0) << 8) | ((band[from + blue] ?? 0) << 16) | OPAQUE;
  });
}

/** Alpha as gray. */
function copyAlpha(band: Uint8Array, part: Part, rgba: Uint8Array, tile: TilePlan): void {
  copyPixels(part, rgba, tile, (from) => ((band[from + 3] ?? 0) * 0x01_0101) | OPAQUE);
}

const OPAQUE = 0xff00_0000;

function copyPixels(
  { left, rows, width, channels }: Part,
  rgba: Uint8Array,
  tile: TilePlan,
  pixelAt: (from: number) => number,
): void {
  const words = new Uint32Array(rgba.buffer, rgba.byteOffset, tile.width * tile.height);
  const columns = Math.min(tile.width, width - left);
  for (let y = 0; y < tile.height; y++) {
    const start = y * tile.width;
    if (y >= rows) {
      words.copyWithin(start, start - tile.width, start);
      continue;
    }
    let from = (y * width + left) * channels;
    for (let x = 0; x < columns; x++, from += channels) words[start + x] = pixelAt(from);
    words.fill(words[start + columns - 1] ?? 0, start + columns, start + tile.width);
  }
}
