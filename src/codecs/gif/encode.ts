/**
 * Writes GIFs of one frame. Up to 256 colours are kept exactly; more are reduced to the palette that
 * is nearest to them and dithered. Pixels are written in sRGB: browsers ignore a GIF's profile.
 */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { openRgbToSrgb, rgbToSrgbBytes } from "../../colour/rgb.ts";
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import { dither, ditherBytes } from "../palette/dither.ts";
import { Histogram, histogramBytes } from "../palette/histogram.ts";
import { LZW_ENCODER_BYTES, LzwEncoder } from "./lzw-encoder.ts";
import { reduceBytes, reduceColours } from "../palette/reduce.ts";
import { paletteBits, TRAILER, writeHead } from "./write-head.ts";

/** Pixels are painted or not: from this alpha on they are. */
export const OPAQUE_FROM = 128;

/** Upper bound, in bytes. Two passes are made over colours, which are kept for that. */
export function encodeMemory({ width, height, channels, icc }: PictureInfo): number {
  const pixels = width * height;
  if (channels === 1) return LZW_ENCODER_BYTES;
  const mask = channels === 4 ? Math.ceil(pixels / 8) : 0;
  return (
    pixels * 3 +
    mask +
    histogramBytes(3) +
    reduceBytes(pixels, 3) +
    ditherBytes(width, 3) +
    rgbToSrgbBytes(icc) +
    LZW_ENCODER_BYTES
  );
}

export async function* encodeGif(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* picture.channels === 1 ? encodeGray(picture) : encodeColour(picture, options, workspace);
  yield Uint8Array.of(TRAILER);
}

/** Grays are their own indices, so that nothing is kept. */
async function* encodeGray(picture: Picture): AsyncGenerator<Uint8Array, void, undefined> {
  const toSrgb = picture.icc && createGrayToSrgb(picture.icc);
  const palette = Uint8Array.from({ length: 256 * 3 }, (_, i) => {
    const gray = Math.floor(i / 3);
    return toSrgb?.[gray] ?? gray;
  });
  yield writeHead(picture, palette, null);
  const lzw = new LzwEncoder(paletteBits(palette));
  let rows = 0;
  for await (const strip of picture.strips) {
    yield* lzw.add(strip.data);
    rows += strip.rows;
  }
  if (rows !== picture.height) throw incomplete();
  yield lzw.finish();
}

async function* encodeColour(
  picture: Picture,
  { effort, dither: strength }: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, icc } = picture;
  const held = await hold(picture, workspace);
  const { isTransparent } = held;
  const most = MAX_COLOURS - (isTransparent ? 1 : 0);
  const isExact = held.colours.size <= most;
  const { set: colours } = held.colours.sorted();
  const palette = isExact
    ? colours.colours
    : reduceColours(held.histogram, 3, most, effort, workspace);
  const index = palette.length / 3;
  const transparent = isTransparent && { index, isTransparent };
  if (isExact) {
    lookUp(held.rgb, colours, transparent);
  } else {
    const room = workspace.allocate(ditherBytes(width, 3));
    dither({ width, height, channels: 3, data: held.rgb }, palette, strength, transparent, room);
  }
  const written = new Uint8Array(palette.length + (transparent ? 3 : 0));
  written.set(palette);
  (await openRgbToSrgb(icc, workspace))?.(written, index, 3);
  yield writeHead(picture, written, transparent && index);
  const lzw = new LzwEncoder(paletteBits(written));
  yield* lzw.add(held.rgb.subarray(0, width * height));
  yield lzw.finish();
}

const incomplete = (): AppError =>
  new AppError("internal", "The picture ended before its last row.");

interface Held {
  /** All pixels, packed. Those that are not painted mean nothing. */
  rgb: Uint8Array;
  /** Of pixels counted from the top left; null where all are painted. */
  isTransparent: ((pixel: number) => boolean) | null;
  /** Of the painted pixels; not all of them where there are more than MAX_COLOURS. */
  colours: ColourSet;
  histogram: Histogram;
}

async function hold(picture: Picture, workspace: Workspace): Promise<Held> {
  const { width, height, channels } = picture;
  const rgb = workspace.allocate(width * height * 3);
  const mask = channels === 4 ? workspace.allocate(Math.ceil((width * height) / 8)) : null;
  const histogram = new Histogram(workspace.allocate(histogramBytes(3)), 3);
  const colours = new ColourSet();
  let pixels = 0;
  let unpainted = 0;
  for await (const { rows, data } of picture.strips) {
    const count = rows * width;
    const target = rgb.subarray(pixels * 3, (pixels + count) * 3);
    if (mask) {
      unpainted += dropAlpha(data, target, mask, pixels, colours, histogram);
    } else {
      target.set(data);
      colours.addAll(target);
      histogram.add(target);
    }
    pixels += count;
  }
  if (pixels !== width * height) throw incomplete();
  const isTransparent =
    mask && unpainted > 0
      ? (pixel: number): boolean => (((mask[pixel >> 3] as number) >> (pixel & 7)) & 1) !== 0
      : null;
  return { rgb, isTransparent, colours, histogram };
}

/** Painted pixels are counted in runs. @returns how many are not painted */
function dropAlpha(
  rgba: Uint8Array,
  rgb: Uint8Array,
  mask: Uint8Array,
  firstPixel: number,
  colours: ColourSet,
  histogram: Histogram,
): number {
  let unpainted = 0;
  let runStart = 0;
  const endRun = (at: number): void => {
    if (at === runStart) return;
    const run = rgb.subarray(runStart, at);
    colours.addAll(run);
    histogram.add(run);
  };
  let to = 0;
  for (let from = 0, pixel = firstPixel; from < rgba.length; from += 4, to += 3, pixel++) {
    if ((rgba[from + 3] as number) < OPAQUE_FROM) {
      mask[pixel >> 3] = (mask[pixel >> 3] as number) | (1 << (pixel & 7));
      unpainted++;
      endRun(to);
      runStart = to + 3;
      continue;
    }
    rgb[to] = rgba[from] as number;
    rgb[to + 1] = rgba[from + 1] as number;
    rgb[to + 2] = rgba[from + 2] as number;
  }
  endRun(to);
  return unpainted;
}

type Transparent = { index: number; isTransparent(pixel: number): boolean } | null;

/** In place: the indices come to lie at the start of `rgb`. */
function lookUp(rgb: Uint8Array, colours: ColourSet, transparent: Transparent): void {
  let last = -1;
  let index = 0;
  for (let pixel = 0, from = 0; from < rgb.length; pixel++, from += 3) {
    if (transparent?.isTransparent(pixel)) {
      rgb[pixel] = transparent.index;
      continue;
    }
    const colour =
      ((rgb[from] as number) << 16) | ((rgb[from + 1] as number) << 8) | (rgb[from + 2] as number);
    if (colour !== last) index = colours.add(colour);
    last = colour;
    rgb[pixel] = index;
  }
}
