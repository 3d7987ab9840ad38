/** Where the edge of a region goes: points on it, between the pixels of two colours. */
import type { Point } from "./curves.ts";
import { shareOf } from "./edges.ts";
import { follow, STEPS, type Direction } from "./outlines.ts";
import type { Bitmap, Regions } from "./regions.ts";

/** Sides in line on either side of what is a corner for sure. */
const STRAIGHT = 2;
/** A turn of more, in radians, is a corner, too, ... */
const CORNER = Math.PI / 3.5;
/** ... as seen over so many points, of outlines with enough of them. */
const CORNER_REACH = 3;
const LEAST_POINTS = 4 * CORNER_REACH;

interface Side extends Point {
  direction: Direction;
  /** How far outside of the sides the edge is. */
  offset: number;
}

export interface Vertex extends Point {
  isCorner: boolean;
}

/**
 * The outer edge of a region, and of the pixels around it whose regions are drawn after it.
 * @param ranks when each region is drawn
 * @param first its first pixel in the order of rows
 */
export function traceEdge(
  bitmap: Bitmap,
  { labels, colours }: Regions,
  ranks: Int32Array,
  label: number,
  first: number,
): Vertex[] {
  const { width, height, values, channels } = bitmap;
  const rank = ranks[label] as number;
  const isAbove = (p: number) => (ranks[labels[p] as number] as number) > rank;
  const isInside = (p: number): boolean =>
    labels[p] === label ||
    (isAbove(p) &&
      ((p % width > 0 && labels[p - 1] === label) ||
        (p % width < width - 1 && labels[p + 1] === label) ||
        labels[p - width] === label ||
        labels[p + width] === label));
  const sides: Side[] = [];
  // There is nothing above that is inside.
  const start = first >= width && isInside(first - width) ? first - width : first;
  follow(start, bitmap, isInside, (x, y, direction) => {
    const { x: dx, y: dy } = STEPS[direction];
    const [mx, my] = [x + dx / 2, y + dy / 2];
    const [ox, oy] = [mx + dy / 2, my - dx / 2];
    const inner = Math.floor(my + dx / 2) * width + Math.floor(mx - dy / 2);
    const outer = Math.floor(oy) * width + Math.floor(ox);
    const isOut = ox < 0 || oy < 0 || ox > width || oy > height;
    let offset = 0;
    if (!isOut && labels[inner] === label && !isAbove(outer)) {
      const [own, other] = [label * channels, (labels[outer] as number) * channels];
      offset =
        shareOf(values, outer * channels, colours, other, own, channels) -
        shareOf(values, inner * channels, colours, own, other, channels);
    }
    sides.push({ x: mx, y: my, direction, offset });
  });
  const vertices = toVertices(sides);
  if (vertices.length > LEAST_POINTS) markCorners(vertices);
  return vertices;
}

/** Where the edge is beside each side, and corners between sides that are straight for a while. */
function toVertices(sides: readonly Side[]): Vertex[] {
  const count = sides.length;
  const at = (i: number) => sides[(i + count) % count] as Side;
  const moved = ({ x, y, direction, offset }: Side): Point => ({
    x: x + STEPS[direction].y * offset,
    y: y - STEPS[direction].x * offset,
  });
  const runsTo = (i: number, step: 1 | -1): boolean => {
    for (let k = 1; k < STRAIGHT; k++) {
      if (at(i + step * k).direction !== at(i).direction) return false;
    }
    return true;
  };
  const isCorner = (i: number) =>
    at(i).direction !== at(i + 1).direction && runsTo(i, -1) && runsTo(i + 1, 1);
  const vertices: Vertex[] = [];
  for (let i = 0; i < count; i++) {
    const [before, after] = [isCorner(i - 1), isCorner(i)];
    if (!before && !after) vertices.push({ ...moved(at(i)), isCorner: false });
    if (!after) continue;
    const [a, b] = [moved(at(i - 1)), moved(at(i + 2))];
    const isAcross = at(i).direction % 2 === 0;
    vertices.push({ x: isAcross ? b.x : a.x, y: isAcross ? a.y : b.y, isCorner: true });
  }
  return vertices;
}

/** Where the points turn most. */
function markCorners(vertices: Vertex[]): void {
  const count = vertices.length;
  const at = (i: number) => vertices[(i + count) % count] as Vertex;
  const turns = vertices.map((vertex, i) => {
    const [a, b] = [at(i - CORNER_REACH), at(i + CORNER_REACH)];
    const turn =
      Math.atan2(b.y - vertex.y, b.x - vertex.x) - Math.atan2(vertex.y - a.y, vertex.x - a.x);
    return Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn)));
  });
  for (let i = 0; i < count; i++) {
    const turn = turns[i] as number;
    if (turn < CORNER) continue;
    let isSharpest = true;
    for (let k = -CORNER_REACH; k <= CORNER_REACH; k++) {
      const other = turns[(i + k + count) % count] as number;
      const isTaken = k !== 0 && at(i + k).isCorner;
      if (isTaken || other > turn || (other === turn && k < 0)) isSharpest = false;
    }
    if (isSharpest) at(i).isCorner = true;
  }
}
