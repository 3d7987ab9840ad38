/**
 * Rows → a lossy JPEG XL file of tiles that are encoded one by one, each a frame at its place, which
 * decoders show as one picture. Colours become sRGB: frames in the space of lossy coding tell of light
 * alone, and the encoder knows no other.
 */
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { concat } from "../concat.ts";
import { libjxlMemory, startLibjxl } from "./libjxl.ts";
import { placeFrame } from "./place-frame.ts";
import { createBoxes } from "./write-boxes.ts";
import { writeHead } from "./write-head.ts";

const MAX_TILE_WIDTH = 1024;
const MAX_TILE_PIXELS = 400_000;
/** Rows of tiles are kept until they are complete. */
const MAX_BAND_BYTES = 12 * MIB;
/** Blocks of frequencies have this side. */
const STEP = 8;

interface Tiles {
  columns: number;
  width: number;
  height: number;
}

/** Tiles of equal size, as few as there may be; the last ones may be smaller. */
function planTiles({ width, height, channels }: PictureInfo): Tiles {
  const columns = Math.ceil(width / MAX_TILE_WIDTH);
  const tileWidth = Math.ceil(width / columns / STEP) * STEP;
  const most = Math.min(MAX_TILE_PIXELS / tileWidth, MAX_BAND_BYTES / (width * channels));
  const rows = Math.max(STEP, Math.floor(most / STEP) * STEP);
  return {
    columns: Math.ceil(width / tileWidth),
    width: tileWidth,
    height: Math.min(rows, height),
  };
}

/** Upper bound, in bytes. A tile's code is less than its pixels. */
export function lossyMemory(picture: PictureInfo): number {
  const tile = planTiles(picture);
  const pixels = tile.width * tile.height;
  const band = tile.height * picture.width * picture.channels;
  return libjxlMemory(pixels) + pixels * 4 + band + rgbToSrgbBytes(picture.icc);
}

export async function* encodeLossy(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, channels, strips } = picture;
  const tile = planTiles(picture);
  const encode = await startLibjxl(workspace, tile.width * tile.height, options);
  const toSrgb = await openRgbToSrgb(picture.icc, workspace);
  const rgba = workspace.allocate(tile.width * tile.height * 4);
  const rowBytes = width * channels;
  const band = workspace.allocate(tile.height * rowBytes);
  const boxes = createBoxes(options.metadata);
  const head = writeHead({ width, height, channels: 4, icc: null }, true);
  yield concat([boxes.start(), boxes.part(head.length, false), head]);
  const isWhole = tile.width >= width && tile.height >= height;

  /** The frame of one of the tiles in the band, which ends above row `end`. */
  function encodeTile(column: number, rows: number, end: number): Uint8Array {
    const x = column * tile.width;
    const size = { width: Math.min(tile.width, width - x), height: rows };
    const pixels = rgba.subarray(0, size.width * rows * 4);
    for (let row = 0; row < rows; row++) {
      const from = row * rowBytes + x * channels;
      copyRow(
        band,
        from,
        channels,
        pixels.subarray(row * size.width * 4, (row + 1) * size.width * 4),
      );
    }
    toSrgb?.(pixels, size.width * rows, 4);
    const code = encode(pixels, size.width, rows);
    const isLast = end === height && column === tile.columns - 1;
    const frame = placeFrame(code, { ...size, x, y: end - rows, isWhole, isLast });
    return concat([boxes.part(frame.length, isLast), frame]);
  }

  let [y, waiting] = [0, 0];
  for await (const { rows, data } of strips) {
    for (let row = 0; row < rows;) {
      const count = Math.min(rows - row, tile.height - waiting);
      band.set(data.subarray(row * rowBytes, (row + count) * rowBytes), waiting * rowBytes);
      [row, waiting, y] = [row + count, waiting + count, y + count];
      if (waiting < tile.height && y < height) continue;
      for (let column = 0; column < tile.columns; column++) yield encodeTile(column, waiting, y);
      waiting = 0;
    }
  }
  if (y !== height) throw new AppError("internal", "The picture ended before its last row.");
}

function copyRow(band: Uint8Array, start: number, channels: number, rgba: Uint8Array): void {
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let to = 0, from = start; to < rgba.length; to += 4, from += channels) {
    rgba[to] = band[from] as number;
    rgba[to + 1] = band[from + green] as number;
    rgba[to + 2] = band[from + blue] as number;
    rgba[to + 3] = channels === 4 ? (band[from + 3] as number) : 255;
  }
}
