/** Regions as they are: along the sides of pixels, all of a colour in one path. */
import type { Size } from "../../../pipeline/geometry.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import { follow, type Direction } from "./outlines.ts";
import { hex } from "./paths.ts";
import type { Bitmap, Regions } from "./regions.ts";

const CHUNK_CHARACTERS = 64 * 1024;

/** By direction. */
const LETTERS = ["h", "v", "h", "v"] as const;
const SIGNS = [1, 1, -1, -1] as const;

/** More regions than these get ... */
const FEW_REGIONS = 4096;
/** ... colours of so many values a channel, so that fewer paths have to name theirs. */
const COARSE_VALUES = 32;

/** In bytes: which sides were passed; where outlines begin, as found and by colour. */
export const exactBytes = ({ width, height }: Size, outline: number): number =>
  width * height + mostOutlines({ width, height }, outline) * (8 + 8);

/** Each has four sides at least, and sides have two, but for those around it all. */
const mostOutlines = ({ width, height }: Size, outline: number): number =>
  Math.ceil((outline + width + height) / 2);

/** @returns the text, in parts */
export function* writeExactly(
  regions: Regions,
  bitmap: Bitmap,
  workspace: Workspace,
): Generator<string, void, undefined> {
  const { width } = bitmap;
  const pixels = regions.labels.length;
  const starts = findOutlines(regions, bitmap, colouring(regions, bitmap), workspace);
  let text = '<g shape-rendering="crispEdges">';
  let last = -1;
  let from = { x: 0, y: 0 };
  for (const value of starts) {
    const [colour, start] = [Math.floor(value / pixels), value % pixels];
    const at = { x: start % width, y: Math.floor(start / width) };
    const end = last === -1 ? "" : '"/>';
    text +=
      colour === last
        ? `m${at.x - from.x} ${at.y - from.y}`
        : `${end}<path fill="${hex(colour)}" d="M${at.x} ${at.y}`;
    text += `${writeOutline(regions, bitmap, start)}z`;
    [last, from] = [colour, at];
    if (text.length < CHUNK_CHARACTERS) continue;
    yield text;
    text = "";
  }
  yield `${text}"/></g>`;
}

/** A region's colour, in 24 bits. */
function colouring({ colours, count }: Regions, { channels }: Bitmap): (label: number) => number {
  const step = count > FEW_REGIONS ? 255 / (COARSE_VALUES - 1) : 1;
  const valueOf = (label: number, channel: number): number => {
    const value = colours[label * channels + (channels === 1 ? 0 : channel)] as number;
    return Math.round(Math.round(value / step) * step);
  };
  return (label) => (valueOf(label, 0) << 16) | (valueOf(label, 1) << 8) | valueOf(label, 2);
}

/**
 * Outlines, of holes, too, by a pixel whose upper side is the first of it that is come across.
 * @returns colour × pixels + pixel, by colour
 */
function findOutlines(
  { labels, outline }: Regions,
  { width, height }: Size,
  colourOf: (label: number) => number,
  workspace: Workspace,
): Float64Array {
  const passed = workspace.allocate(labels.length);
  const most = mostOutlines({ width, height }, outline);
  const starts = new Float64Array(workspace.allocate(most * 8).buffer);
  let found = 0;
  for (let p = 0; p < labels.length; p++) {
    const label = labels[p] as number;
    if (passed[p] || (p >= width && labels[p - width] === label)) continue;
    starts[found++] = colourOf(label) * labels.length + p;
    const pass = (x: number, y: number, direction: Direction): void => {
      if (direction === 0) passed[y * width + x] = 1;
    };
    follow(p, { width, height }, (pixel) => labels[pixel] === label, pass);
  }
  return starts.subarray(0, found).toSorted();
}

function writeOutline({ labels }: Regions, size: Size, start: number): string {
  const label = labels[start];
  let text = "";
  let run = 0;
  let heading: Direction = 0;
  const step = (_x: number, _y: number, direction: Direction): void => {
    if (direction !== heading) {
      text += `${LETTERS[heading]}${run * SIGNS[heading]}`;
      [run, heading] = [0, direction];
    }
    run++;
  };
  follow(start, size, (pixel) => labels[pixel] === label, step);
  // The last run is what closing draws.
  return text;
}
