/** Edges that were smoothed: their pixels are of neither region, and go to the one they are most of. */
import type { Size } from "../../../pipeline/geometry.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import type { Bitmap, Regions } from "./regions.ts";

/** How far from a mixture of two colours a pixel may be, squared. */
const TOLERANCE = 3 * 20 ** 2;
/** How far the regions are that a pixel may be between. */
const REACH = 2;
/** Of them so many at most. */
const MOST = 8;

/** In bytes: labels, what is within regions, a way around; and sums of regions. */
export const sharpenBytes = ({ width, height }: Size, outline: number): number =>
  width * height * (4 + 1 + 4) + (outline + 1) * 16;

/** Regions with edges that go between pixels. The labels that it is given are made others. */
export function sharpen(bitmap: Bitmap, regions: Regions, workspace: Workspace): Regions {
  const pixels = regions.labels.length;
  const inner = findInner(bitmap, regions.labels, workspace);
  averageInner(
    bitmap,
    regions,
    inner,
    new Float32Array(workspace.allocate(regions.count * 16).buffer),
  );
  const labels = new Int32Array(workspace.allocate(pixels * 4).buffer);
  for (let p = 0; p < pixels; p++) {
    labels[p] = inner[p] ? (regions.labels[p] as number) : choose(bitmap, regions, inner, p);
  }
  const stack = new Int32Array(workspace.allocate(pixels * 4).buffer);
  return part(bitmap, { ...regions, labels }, regions.labels, stack);
}

/** Pixels of a square of four of one region. */
function findInner({ width, height }: Size, labels: Int32Array, workspace: Workspace): Uint8Array {
  const inner = workspace.allocate(labels.length);
  for (let y = 0; y + 1 < height; y++) {
    for (let p = y * width; p < y * width + width - 1; p++) {
      const label = labels[p];
      if (labels[p + 1] !== label || labels[p + width] !== label || labels[p + width + 1] !== label)
        continue;
      inner[p] = inner[p + 1] = inner[p + width] = inner[p + width + 1] = 1;
    }
  }
  return inner;
}

/** Colours of regions without what is at their edges; those that have nothing else keep theirs. */
function averageInner(
  { width, channels, values, weights }: Bitmap,
  { labels, count, colours }: Regions,
  inner: Uint8Array,
  sums: Float32Array,
): void {
  for (let p = width; p < labels.length - width; p++) {
    const label = labels[p] as number;
    if (
      !inner[p] ||
      labels[p - 1] !== label ||
      labels[p + 1] !== label ||
      labels[p - width] !== label ||
      labels[p + width] !== label
    )
      continue;
    const weight = weights?.[p] ?? 255;
    for (let c = 0; c < channels; c++)
      sums[label * 4 + c] =
        (sums[label * 4 + c] as number) + weight * (values[p * channels + c] as number);
    sums[label * 4 + 3] = (sums[label * 4 + 3] as number) + weight;
  }
  for (let label = 0; label < count; label++) {
    const weight = sums[label * 4 + 3] as number;
    if (weight === 0) continue;
    for (let c = 0; c < channels; c++)
      colours[label * channels + c] = Math.round((sums[label * 4 + c] as number) / weight);
  }
}

/** The region nearby that the pixel is most of, or else its own. */
function choose(
  bitmap: Bitmap,
  { labels, colours }: Regions,
  inner: Uint8Array,
  p: number,
): number {
  const { width, height, channels, values } = bitmap;
  const near: number[] = [];
  const [x, y] = [p % width, Math.floor(p / width)];
  for (let ny = Math.max(0, y - REACH); ny <= Math.min(height - 1, y + REACH); ny++) {
    for (let nx = Math.max(0, x - REACH); nx <= Math.min(width - 1, x + REACH); nx++) {
      const label = labels[ny * width + nx] as number;
      if (inner[ny * width + nx] && near.length < MOST && !near.includes(label)) near.push(label);
    }
  }
  let [best, chosen] = [TOLERANCE, labels[p] as number];
  for (const a of near) {
    for (const b of near) {
      if (b < a) continue;
      const share = shareOf(values, p * channels, colours, a * channels, b * channels, channels);
      let far = 0;
      for (let c = 0; c < channels; c++) {
        const from = colours[a * channels + c] as number;
        far +=
          ((values[p * channels + c] as number) -
            from -
            share * ((colours[b * channels + c] as number) - from)) **
          2;
      }
      if (far < best) [best, chosen] = [far, share < 0.5 ? a : b];
    }
  }
  return chosen;
}

/** How much of a value is the second of two colours, 0 to 1. */
export function shareOf(
  values: Uint8Array,
  at: number,
  colours: Uint8Array,
  a: number,
  b: number,
  channels: number,
): number {
  let [along, length] = [0, 0];
  for (let c = 0; c < channels; c++) {
    const from = colours[a + c] as number;
    const difference = (colours[b + c] as number) - from;
    along += ((values[at + c] as number) - from) * difference;
    length += difference * difference;
  }
  return length === 0 ? 0 : Math.min(1, Math.max(0, along / length));
}

/** Labels anew, since what is not connected any more is not one region. */
function part(
  { width, channels }: Bitmap,
  regions: Regions,
  parts: Int32Array,
  stack: Int32Array,
): Regions {
  const { labels, colours } = regions;
  parts.fill(-1);
  const found: number[] = [];
  for (let start = 0; start < labels.length; start++) {
    if (parts[start] !== -1) continue;
    const label = labels[start] as number;
    let top = 0;
    const visit = (p: number): void => {
      if (p < 0 || p >= labels.length || parts[p] !== -1 || labels[p] !== label) return;
      parts[p] = found.length;
      stack[top++] = p;
    };
    visit(start);
    while (top > 0) {
      const p = stack[--top] as number;
      if (p % width > 0) visit(p - 1);
      if (p % width < width - 1) visit(p + 1);
      visit(p - width);
      visit(p + width);
    }
    found.push(label);
  }
  const own = new Uint8Array(found.length * channels);
  for (const [i, label] of found.entries()) {
    own.set(colours.subarray(label * channels, (label + 1) * channels), i * channels);
  }
  return { ...regions, labels: parts, count: found.length, colours: own };
}
