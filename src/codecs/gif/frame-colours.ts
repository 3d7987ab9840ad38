/** A frame's pixels as indices, in every way that may be the shortest. */
import type { Rect } from "../../pipeline/geometry.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { EncodeOptions } from "../codec.ts";
import { ColourSet, MAX_COLOURS } from "../palette/colour-set.ts";
import { dither, ditherBytes } from "../palette/dither.ts";
import { Histogram, histogramBytes } from "../palette/histogram.ts";
import { errorOf, reduceBytes, reduceColours } from "../palette/reduce.ts";

/** What is to be painted: a part of a canvas whose pixels are opaque or 0. */
export interface FramePixels {
  rect: Rect;
  canvasWidth: number;
  words: Uint32Array;
  /** By the canvas: 1 where the pixel is not what is already shown. */
  changed: Uint8Array;
  /** Whether all of the rectangle's pixels are painted. */
  isFull: boolean;
}

export interface IndexedFrame {
  /** RGB triples; null where the indices are of the file's palette. */
  palette: Uint8Array | null;
  transparentIndex: number | null;
  /** Row by row. */
  indices: Uint8Array;
}

/** The palette that all frames share. */
export interface SharedPalette {
  /** RGB triples, in the picture's own profile. */
  colours: Uint8Array;
  /** The same with an entry for pixels that are not painted, where there is room for one. */
  palette: Uint8Array;
  /** Index for pixels that are not painted; null where all 256 are colours. */
  transparentIndex: number | null;
  /** Mean squared distance at which it is as good for other frames, too. */
  tolerance: number;
}

/** Distances nobody sees: two steps of each channel. */
const INVISIBLE = 12;
/** How much worse than its own frame's colours another frame's may be served. */
const TOLERANCE = 1.3;

/** @param error mean squared distance of the first frame's pixels */
export function sharedPalette(colours: Uint8Array, error: number): SharedPalette {
  const hasRoom = colours.length < MAX_COLOURS * 3;
  const palette = new Uint8Array(colours.length + (hasRoom ? 3 : 0));
  palette.set(colours);
  return {
    colours: palette.subarray(0, colours.length),
    palette,
    transparentIndex: hasRoom ? colours.length / 3 : null,
    tolerance: Math.max(INVISIBLE, TOLERANCE * error),
  };
}

/** Bytes a pixel that `room` of `indexExactly` and `indexNearly` has. */
export const ROOM_BYTES = 3;

/** What `indexNearly` holds besides, in bytes. */
export const nearlyBytes = (width: number, pixels: number): number =>
  histogramBytes(3) + reduceBytes(pixels, 3) + ditherBytes(width, 3);

/**
 * Without any loss: with what has not changed left out, and, where all pixels are painted, with
 * them, which may repeat better. Empty where there are too many colours.
 */
export function indexExactly(
  pixels: FramePixels,
  shared: SharedPalette | null,
  room: Uint8Array,
): IndexedFrame[] {
  const area = pixels.rect.width * pixels.rect.height;
  const found = [false, true].flatMap((whole, i) => {
    if (whole && !pixels.isFull) return [];
    const indices = room.subarray(i * area, (i + 1) * area);
    const own = lookUp(pixels, whole, indices);
    return own ? [own] : [];
  });
  if (!shared) return found;
  const target = room.subarray(2 * area, 3 * area);
  const [best] = found.flatMap((own) => {
    const mapped = toShared(own, shared, target);
    return mapped ? [mapped] : [];
  });
  return best ? [best, ...found] : found;
}

/** @returns null where the palette would have more than 256 entries */
function lookUp(
  { rect, canvasWidth, words, changed }: FramePixels,
  whole: boolean,
  indices: Uint8Array,
): IndexedFrame | null {
  const colours = new ColourSet();
  let last = 0;
  let index = 0;
  let left = 0;
  let to = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const start = y * canvasWidth + rect.x;
    for (let at = start; at < start + rect.width; at++, to++) {
      const word = words[at] as number;
      if (word === 0 || (!whole && changed[at] === 0)) {
        indices[to] = UNPAINTED;
        left++;
        continue;
      }
      if (word !== last) {
        index = colours.add(toColour(word));
        if (colours.size > MAX_COLOURS) return null;
        last = word;
      }
      indices[to] = index;
    }
  }
  if (left > 0 && colours.size >= MAX_COLOURS) return null;
  const { set, places } = colours.sorted();
  const table = new Uint8Array(MAX_COLOURS);
  table.set(places);
  if (left > 0) table[UNPAINTED] = colours.size;
  for (let i = 0; i < indices.length; i++) indices[i] = table[indices[i] as number] as number;
  const palette = new Uint8Array(3 * (colours.size + (left > 0 ? 1 : 0)));
  palette.set(set.colours);
  return { palette, transparentIndex: left > 0 ? colours.size : null, indices };
}

/** No index of a palette with an entry left for this. */
const UNPAINTED = 255;

/** A word of RGBA as (red << 16) | (green << 8) | blue. */
const toColour = (word: number): number =>
  ((word & 255) << 16) | (word & 0xff00) | ((word >> 16) & 255);

/** The same in the file's palette; null where that lacks a colour. */
function toShared(
  { palette, transparentIndex, indices }: IndexedFrame,
  shared: SharedPalette,
  target: Uint8Array,
): IndexedFrame | null {
  if (!palette || (transparentIndex !== null && shared.transparentIndex === null)) return null;
  const places = new Map<number, number>();
  for (let i = shared.colours.length / 3 - 1; i >= 0; i--)
    places.set(colourAt(shared.colours, i), i);
  const table = new Uint8Array(MAX_COLOURS);
  for (let i = 0; i < palette.length / 3; i++) {
    const place =
      i === transparentIndex ? shared.transparentIndex : places.get(colourAt(palette, i));
    if (place === undefined || place === null) return null;
    table[i] = place;
  }
  for (let i = 0; i < indices.length; i++) target[i] = table[indices[i] as number] as number;
  const transparent = transparentIndex === null ? null : shared.transparentIndex;
  return { palette: null, transparentIndex: transparent, indices: target };
}

const colourAt = (palette: Uint8Array, i: number): number =>
  ((palette[i * 3] as number) << 16) |
  ((palette[i * 3 + 1] as number) << 8) |
  (palette[i * 3 + 2] as number);

/**
 * With the file's palette where that has about the frame's colours, else with the palette that is
 * nearest to them.
 * @returns with the mean squared distance of its colours
 */
export function indexNearly(
  pixels: FramePixels,
  shared: SharedPalette | null,
  { effort, dither: strength }: EncodeOptions,
  room: Uint8Array,
  workspace: Workspace,
): IndexedFrame & { error: number } {
  const { rect, canvasWidth, changed } = pixels;
  const histogram = new Histogram(workspace.allocate(histogramBytes(3)), 3);
  const left = pack(pixels, room, histogram);
  const fits = shared && (left === 0 || shared.transparentIndex !== null);
  const sharedError = fits ? errorOf(histogram, shared.colours, workspace) : Infinity;
  const isShared = fits && sharedError <= shared.tolerance;
  const most = MAX_COLOURS - (left > 0 || shared === null ? 1 : 0);
  const colours = isShared ? shared.colours : reduceColours(histogram, 3, most, effort, workspace);
  const index = colours.length / 3;
  const isTransparent = (pixel: number): boolean => {
    const at =
      (rect.y + Math.floor(pixel / rect.width)) * canvasWidth + rect.x + (pixel % rect.width);
    return changed[at] === 0 || pixels.words[at] === 0;
  };
  const transparent = left > 0 ? { index, isTransparent } : null;
  const { width, height } = rect;
  const scratch = workspace.allocate(ditherBytes(width, 3));
  dither({ width, height, channels: 3, data: room }, colours, strength, transparent, scratch);
  const palette = new Uint8Array(colours.length + (left > 0 ? 3 : 0));
  palette.set(colours);
  return {
    palette: isShared ? null : palette,
    transparentIndex: left > 0 ? index : null,
    indices: room.subarray(0, width * height),
    error: isShared ? sharedError : errorOf(histogram, colours, workspace),
  };
}

/** The rectangle as RGB, its painted pixels counted in runs. @returns how many are not painted */
function pack(
  { rect, canvasWidth, words, changed }: FramePixels,
  rgb: Uint8Array,
  histogram: Histogram,
): number {
  let left = 0;
  let to = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const start = y * canvasWidth + rect.x;
    let run = to;
    for (let at = start; at < start + rect.width; at++, to += 3) {
      const word = words[at] as number;
      if (word === 0 || changed[at] === 0) {
        left++;
        if (to > run) histogram.add(rgb.subarray(run, to));
        run = to + 3;
        continue;
      }
      rgb[to] = word & 255;
      rgb[to + 1] = (word >> 8) & 255;
      rgb[to + 2] = (word >> 16) & 255;
    }
    if (to > run) histogram.add(rgb.subarray(run, to));
  }
  return left;
}
