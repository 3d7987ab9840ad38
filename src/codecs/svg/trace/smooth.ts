/**
 * Regions with smooth outlines, one on the other. Each is drawn whole, without the holes in it, and
 * reaches one pixel under those that are drawn after it: so every edge that is seen is one shape's,
 * and nothing shines through between two.
 */
import type { Size } from "../../../pipeline/geometry.ts";
import { traceEdge } from "./edge-points.ts";
import { follow, STEPS } from "./outlines.ts";
import { hex, writeCurved } from "./paths.ts";
import type { Bitmap, Regions } from "./regions.ts";

/**
 * @param tolerance how far curves may be from where the edge was found, in pixels
 * @returns a path element for each region
 */
export function* writeSmoothly(
  bitmap: Bitmap,
  regions: Regions,
  tolerance: number,
): Generator<string, void, undefined> {
  const { colours, count } = regions;
  const firsts = new Int32Array(count);
  for (let p = regions.labels.length - 1; p >= 0; p--) firsts[regions.labels[p] as number] = p;
  const order = orderByArea(bitmap, regions, firsts);
  const ranks = new Int32Array(count);
  for (const [rank, label] of order.entries()) ranks[label] = rank;
  const valueOf = (label: number, channel: number): number =>
    colours[label * bitmap.channels + (bitmap.channels === 1 ? 0 : channel)] as number;
  for (const label of order) {
    const edge = traceEdge(bitmap, regions, ranks, label, firsts[label] as number);
    const path = writeCurved(edge, tolerance);
    const colour = (valueOf(label, 0) << 16) | (valueOf(label, 1) << 8) | valueOf(label, 2);
    if (path !== "") yield `<path fill="${hex(colour)}" d="${path}"/>`;
  }
}

/** By what their outer edges surround, the largest first: so what is in a hole comes after what has it. */
function orderByArea(size: Size, { labels, count }: Regions, firsts: Int32Array): number[] {
  const areas = new Float64Array(count);
  for (let label = 0; label < count; label++) {
    follow(
      firsts[label] as number,
      size,
      (p) => labels[p] === label,
      (_x, y, direction) => {
        areas[label] = (areas[label] as number) - STEPS[direction].x * y;
      },
    );
  }
  return Array.from(areas.keys()).toSorted((a, b) => (areas[b] as number) - (areas[a] as number));
}
