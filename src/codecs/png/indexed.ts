/**
 * Pictures as indices of a palette. Up to 256 colours are found while the picture comes; at the
 * first one too many it goes on as what it is, from its first row, or is reduced to the number of
 * colours that was asked for.
 */
import { createGrayToSrgb } from "../../colour/profile.ts";
import { ENGINE } from "../../kernels/engine.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Picture, type PictureInfo, type Strip } from "../../pipeline/picture.ts";
import type { Effort, EncodeOptions } from "../codec.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import { incomplete } from "./deflate-rows.ts";
import { dither, ditherBytes } from "../palette/dither.ts";
import { Histogram, histogramBytes } from "../palette/histogram.ts";
import { reduceBytes, reduceColours } from "../palette/reduce.ts";

/** Pixels up to which a picture is held, at a byte each, to see whether a palette has its colours. */
const EXACT_PIXELS: Readonly<Record<Effort, number>> = {
  fast: 0,
  default: 4 * MIB,
  max: 24 * MIB,
};

export interface Palette {
  /** RGB. */
  colours: Uint8Array;
  /** Of all colours up to the last that is not opaque; null where all are. */
  alphas: Uint8Array | null;
  /** Bits of an index. */
  depth: 1 | 2 | 4 | 8;
  /** Whether the colours are still of the picture's profile. */
  keepsProfile: boolean;
}

export interface Indexed {
  palette: Palette;
  /** One byte a pixel. */
  indices: Uint8Array;
}

type Found = { indexed: Indexed; rest: null } | { indexed: null; rest: Picture };

/** How many colours the palette may have; null where none is looked for. */
function limitOf({ width, height, channels }: PictureInfo, options: EncodeOptions): number | null {
  const { colors, effort } = options;
  // Gray has 256 at most, and needs no palette for them.
  if (channels === 1) return colors === MAX_COLOURS ? null : colors;
  return colors ?? (width * height <= EXACT_PIXELS[effort] ? MAX_COLOURS : null);
}

const reducedChannels = ({ channels }: PictureInfo): 3 | 4 => (channels === 4 ? 4 : 3);

/** What `findPalette` and `packIndices` hold, in bytes. An upper bound. */
export function paletteMemory(picture: PictureInfo, options: EncodeOptions): number {
  if (limitOf(picture, options) === null) return 0;
  const { width, height } = picture;
  const pixels = width * height;
  const channels = reducedChannels(picture);
  const strip = STRIP_ROWS * width * picture.channels;
  if (options.colors === null) return pixels + strip;
  return (
    pixels * (1 + channels) +
    strip +
    histogramBytes(channels) +
    reduceBytes(pixels, channels) +
    ditherBytes(width, channels)
  );
}

/**
 * @param strips the picture's; the caller closes them
 * @returns the picture with a palette, or what to read it from instead
 */
export async function findPalette(
  picture: Picture,
  strips: AsyncIterator<Strip>,
  options: EncodeOptions,
  workspace: Workspace,
): Promise<Found> {
  const limit = limitOf(picture, options);
  if (limit === null) {
    return {
      indexed: null,
      rest: { ...picture, strips: { [Symbol.asyncIterator]: () => strips } },
    };
  }
  const found = await findExact(picture, strips, limit, workspace);
  if (found.indexed || options.colors === null) return found;
  return { indexed: await reduce(found.rest, limit, options, workspace), rest: null };
}

async function findExact(
  picture: Picture,
  strips: AsyncIterator<Strip>,
  limit: number,
  workspace: Workspace,
): Promise<Found> {
  const { width, height, channels } = picture;
  const engine = await workspace.take(ENGINE);
  const indices = workspace.allocate(width * height);
  const colours = new ColourSet();
  let filled = 0;
  for (let next = await strips.next(); !next.done; next = await strips.next()) {
    const strip = next.value;
    const room = indices.subarray(filled, filled + strip.rows * width);
    if (!lookUp(strip.data, channels, colours, limit, room)) {
      const held = indices.subarray(0, filled);
      if (filled === 0) workspace.free(indices);
      // The engine's memory may grow before the strip is asked for.
      const data = engine.pin(strip.data);
      const again = resume(picture, held, colours, () => ({ ...strip, data: data() }), strips);
      return { indexed: null, rest: { ...picture, strips: again } };
    }
    filled += room.length;
  }
  if (filled !== indices.length) throw incomplete();
  const alphas = channels === 4 ? colours.alphas : null;
  return { indexed: { palette: toPalette(picture, colours.colours, alphas), indices }, rest: null };
}

/** @returns false at the first colour that is one too many */
function lookUp(
  data: Uint8Array,
  channels: number,
  colours: ColourSet,
  limit: number,
  indices: Uint8Array,
): boolean {
  let last = 0;
  let index = -1;
  for (let from = 0, to = 0; from < data.length; from += channels, to++) {
    const red = data[from] as number;
    const green = channels === 1 ? red : (data[from + 1] as number);
    const blue = channels === 1 ? red : (data[from + 2] as number);
    const alpha = channels === 4 ? (data[from + 3] as number) : 255;
    const colour = (alpha << 24) | (red << 16) | (green << 8) | blue;
    if (index < 0 || colour !== last) {
      index = colours.add(colour);
      if (colours.size > limit) return false;
      last = colour;
    }
    indices[to] = index;
  }
  return true;
}

/** The rows that were looked up, then the strip that could not be, then the others. */
async function* resume(
  { width, channels }: PictureInfo,
  indices: Uint8Array,
  set: ColourSet,
  strip: () => Strip,
  strips: AsyncIterator<Strip>,
): AsyncGenerator<Strip, void, undefined> {
  const { colours, alphas } = set;
  const buffer = new Uint8Array(STRIP_ROWS * width * channels);
  for (let at = 0; at < indices.length; at += STRIP_ROWS * width) {
    const part = indices.subarray(at, at + STRIP_ROWS * width);
    for (let i = 0, to = 0; i < part.length; i++, to += channels) {
      const index = part[i] as number;
      buffer[to] = colours[index * 3] as number;
      if (channels === 1) continue;
      buffer[to + 1] = colours[index * 3 + 1] as number;
      buffer[to + 2] = colours[index * 3 + 2] as number;
      if (channels === 4) buffer[to + 3] = alphas[index] as number;
    }
    const rows = part.length / width;
    yield { y: at / width, rows, data: buffer.subarray(0, part.length * channels) };
  }
  yield strip();
  for (let next = await strips.next(); !next.done; next = await strips.next()) yield next.value;
}

/** Colours count by what can be seen of them: alpha is multiplied in while they are compared. */
async function reduce(
  picture: Picture,
  limit: number,
  options: EncodeOptions,
  workspace: Workspace,
): Promise<Indexed> {
  const { width, height } = picture;
  const channels = reducedChannels(picture);
  const data = workspace.allocate(width * height * channels);
  const histogram = new Histogram(workspace.allocate(histogramBytes(channels)), channels);
  let filled = 0;
  for await (const strip of picture.strips) {
    const target = data.subarray(filled, filled + strip.rows * width * channels);
    if (picture.channels === 4) premultiply(strip.data, target);
    else if (picture.channels === 3) target.set(strip.data);
    else
      for (let i = 0; i < target.length; i++) target[i] = strip.data[Math.floor(i / 3)] as number;
    histogram.add(target);
    filled += target.length;
  }
  if (filled !== data.length) throw incomplete();
  const palette = reduceColours(histogram, channels, limit, options.effort, workspace);
  const room = workspace.allocate(ditherBytes(width, channels));
  dither({ width, height, channels, data }, palette, options.dither, null, room);
  const { colours, alphas } = split(palette, channels);
  return {
    palette: toPalette(picture, colours, alphas),
    indices: data.subarray(0, width * height),
  };
}

function premultiply(rgba: Uint8Array, target: Uint8Array): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3] as number;
    for (let c = i; c < i + 3; c++) target[c] = Math.round(((rgba[c] as number) * alpha) / 255);
    target[i + 3] = alpha;
  }
}

/** The palette's colours, not premultiplied, and its alphas. */
function split(palette: Uint8Array, channels: 3 | 4) {
  if (channels === 3) return { colours: palette, alphas: null };
  const count = palette.length / 4;
  const alphas = Uint8Array.from({ length: count }, (_, i) => palette[i * 4 + 3] as number);
  const colours = Uint8Array.from({ length: count * 3 }, (_, i) => {
    const index = Math.floor(i / 3);
    const alpha = alphas[index] as number;
    if (alpha === 0) return 0;
    return Math.min(255, Math.round(((palette[index * 4 + (i % 3)] as number) * 255) / alpha));
  });
  return { colours, alphas };
}

/** A profile for gray has no meaning for a palette: it is applied. */
function toPalette(
  { channels, icc }: PictureInfo,
  colours: Uint8Array,
  alphas: Uint8Array | null,
): Palette {
  const toSrgb = channels === 1 && icc ? createGrayToSrgb(icc) : null;
  const opaqueFrom = alphas ? alphas.findLastIndex((alpha) => alpha < 255) + 1 : 0;
  const count = colours.length / 3;
  return {
    colours: toSrgb ? colours.map((gray) => toSrgb[gray] ?? gray) : colours,
    alphas: alphas && opaqueFrom > 0 ? alphas.subarray(0, opaqueFrom) : null,
    depth: count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8,
    keepsProfile: channels !== 1,
  };
}

/** Rows of packed indices, the first in the highest bits, as a picture of gray pixels of a byte. */
export function packIndices(
  { width, height }: PictureInfo,
  { palette, indices }: Indexed,
): Picture {
  const { depth } = palette;
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  async function* strips(): AsyncGenerator<Strip, void, undefined> {
    const buffer = new Uint8Array(depth === 8 ? 0 : STRIP_ROWS * rowBytes);
    for (let y = 0; y < height; y += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - y);
      const part = indices.subarray(y * width, (y + rows) * width);
      yield { y, rows, data: depth === 8 ? part : pack(part, rows) };
    }

    function pack(part: Uint8Array, rows: number): Uint8Array {
      buffer.fill(0);
      for (let row = 0; row < rows; row++) {
        for (let x = 0; x < width; x++) {
          const at = row * rowBytes + Math.floor(x / perByte);
          const shift = 8 - depth * ((x % perByte) + 1);
          buffer[at] = (buffer[at] as number) | ((part[row * width + x] as number) << shift);
        }
      }
      return buffer.subarray(0, rows * rowBytes);
    }
  }
  return { width: rowBytes, height, channels: 1, icc: null, strips: strips() };
}
