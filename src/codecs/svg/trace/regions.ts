/**
 * A picture in regions of one colour: neighbours merge in the order of what that costs in squared
 * error for each unit of outline that it saves (Koepfler, Lopez, Morel: A multiscale algorithm for
 * image segmentation by variational method, 1994, for Mumford and Shah's functional).
 */
import type { Size } from "../../../pipeline/geometry.ts";
import type { Workspace } from "../../../pipeline/memory.ts";

/** What is looked at. */
export interface Bitmap extends Size {
  /** RGB, or one value, of each pixel. */
  values: Uint8Array;
  channels: 1 | 3;
  /** How much of each pixel is seen, of 255; null is all of all. */
  weights: Uint8Array | null;
}

export interface Regions {
  /** Of each pixel, from 0 on. */
  labels: Int32Array;
  count: number;
  /** As many values of each region as a pixel has. */
  colours: Uint8Array;
  /** Sides of pixels between regions. */
  outline: number;
  /** Sum of squared differences, each as much as its pixel is seen. */
  error: number;
}

export interface Bounds {
  /** Merging ends at the first of these sums of squared differences that leaves ... */
  errors: readonly number[];
  /** ... outlines of no more than this, or at the last. */
  shortOutline: number;
  /** Where few regions are left it ends at this cost already. */
  faintCost: number;
  /** It goes on, whatever the error, until there are no more. */
  maxOutline: number;
}

/** Pairs that can be kept, as soon as there are no more. */
const MAX_PAIRS = 300_000;
const PAIR_NUMBERS = 3;

/** Costs at which merging is tried, step by step; in larger steps while there are too many pairs, ... */
const FIRST_COST = 4;
const GROWTH = { pixels: 2, pairs: 1.5 };
/** ... when each side counts for itself: two regions touch at so many. */
const USUAL_SIDES = 8;
/** What is not seen goes to what is most like it. */
const LEAST_WEIGHT = 1;

/** What is left of few regions when merging has come to a cost that can be seen is kept. */
const FEW_SIDES = 10_000;

const pairsOf = ({ width, height }: Size): number => Math.min(2 * width * height, MAX_PAIRS);

/** In bytes: trees of pixels, weights and means; pairs, in order, too, and their places. */
export const segmentBytes = (size: Size): number =>
  (size.width * size.height + 1) * (4 + 16 + 8) + 2 * 4 * PAIR_NUMBERS * pairsOf(size);

/** Regions on their way: pixels are in trees whose roots stand for them. */
interface Merging {
  parents: Int32Array;
  weights: Float32Array;
  /** Three values each. */
  means: Float32Array;
  /** Two neighbours and how long they touch; null while there are too many. */
  pairs: Int32Array | null;
  pairCount: number;
  regions: number;
  outline: number;
  error: number;
}

/** @param labels of each pixel, to be filled. Everything else is gone afterwards but the colours. */
export function segment(
  bitmap: Bitmap,
  { errors, shortOutline, faintCost, maxOutline }: Bounds,
  labels: Int32Array,
  workspace: Workspace,
): Regions {
  const mark = workspace.mark();
  const { merging, join } = startMerging(bitmap, workspace);
  let cost = 0;
  for (const error of errors) {
    for (;;) {
      const isLong = merging.outline > maxOutline || merging.pairs === null;
      const isClear = cost > faintCost && merging.outline <= FEW_SIDES;
      if (!isLong && (isClear || merging.error >= error)) break;
      const { pairs } = merging;
      const isWhole = mergeUpTo(merging, bitmap, cost, isLong ? Infinity : error);
      join();
      if (merging.pairCount === 0 || !isWhole) break;
      if (merging.pairs !== pairs) cost /= USUAL_SIDES;
      cost = Math.max(FIRST_COST, cost * (merging.pairs ? GROWTH.pairs : GROWTH.pixels));
    }
    if (merging.outline <= shortOutline) break;
  }
  const { count, colours } = writeLabels(merging, bitmap, labels);
  workspace.rewind(mark);
  return { labels, count, colours, outline: merging.outline, error: merging.error };
}

/** Each pixel is a region. */
function startMerging(bitmap: Bitmap, workspace: Workspace): { merging: Merging; join(): void } {
  const { width, height, channels, values } = bitmap;
  const count = width * height;
  const ints = (length: number) => new Int32Array(workspace.allocate(length * 4).buffer);
  const floats = (length: number) => new Float32Array(workspace.allocate(length * 4).buffer);
  const merging: Merging = {
    ...{ parents: ints(count), weights: floats(count), means: floats(count * 3) },
    ...{ pairs: null, pairCount: Infinity, regions: count, outline: Infinity, error: 0 },
  };
  for (let p = 0; p < count; p++) {
    merging.parents[p] = p;
    merging.weights[p] = Math.max(LEAST_WEIGHT, bitmap.weights?.[p] ?? 255) / 255;
    for (let c = 0; c < channels; c++) {
      merging.means[p * 3 + c] = values[p * channels + c] as number;
    }
  }
  const room: Room = {
    pairs: ints(pairsOf(bitmap) * PAIR_NUMBERS),
    spare: ints(pairsOf(bitmap) * PAIR_NUMBERS),
    starts: ints(count + 1),
    marks: ints(count),
  };
  return { merging, join: () => joinPairs(merging, bitmap, room) };
}

/** @returns whether all that cost no more were merged */
function mergeUpTo(merging: Merging, { width }: Size, cost: number, maxError: number): boolean {
  const { parents, pairs, pairCount } = merging;
  let isWhole = true;
  if (pairs) {
    for (let i = 0; i < pairCount * PAIR_NUMBERS; i += PAIR_NUMBERS) {
      const [a, b, length] = [pairs[i], pairs[i + 1], pairs[i + 2]] as [number, number, number];
      if (!merge(merging, a, b, cost * length, maxError)) isWhole = false;
    }
    return isWhole;
  }
  for (let p = 0; p < parents.length; p++) {
    if ((p + 1) % width !== 0) merge(merging, p, p + 1, cost, maxError);
    if (p + width < parents.length) merge(merging, p, p + width, cost, maxError);
  }
  return isWhole;
}

/** @returns whether they are one, or cost more than `maxCost`: not kept apart by the error */
function merge(
  merging: Merging,
  pixelA: number,
  pixelB: number,
  maxCost: number,
  maxError: number,
): boolean {
  const { parents, weights, means } = merging;
  const a = rootOf(parents, pixelA);
  const b = rootOf(parents, pixelB);
  if (a === b) return true;
  const wa = weights[a] as number;
  const wb = weights[b] as number;
  const d0 = (means[b * 3] as number) - (means[a * 3] as number);
  const d1 = (means[b * 3 + 1] as number) - (means[a * 3 + 1] as number);
  const d2 = (means[b * 3 + 2] as number) - (means[a * 3 + 2] as number);
  const whole = wa + wb;
  const cost = ((wa * wb) / whole) * (d0 * d0 + d1 * d1 + d2 * d2);
  if (cost > maxCost) return true;
  if (merging.error + cost > maxError) return false;
  merging.error += cost;
  merging.regions--;
  const into = wa >= wb ? a : b;
  const share = wa >= wb ? wb / whole : -wa / whole;
  parents[wa >= wb ? b : a] = into;
  weights[into] = whole;
  means[into * 3] = (means[into * 3] as number) + d0 * share;
  means[into * 3 + 1] = (means[into * 3 + 1] as number) + d1 * share;
  means[into * 3 + 2] = (means[into * 3 + 2] as number) + d2 * share;
  return true;
}

function rootOf(parents: Int32Array, start: number): number {
  let p = start;
  for (;;) {
    const parent = parents[p] as number;
    if (parent === p) return p;
    const above = parents[parent] as number;
    parents[p] = above;
    p = above;
  }
}

interface Room {
  pairs: Int32Array;
  spare: Int32Array;
  starts: Int32Array;
  marks: Int32Array;
}

/** Of each two regions that touch one pair is left, as long as all of theirs were. */
function joinPairs(merging: Merging, { width }: Size, { pairs, spare, starts, marks }: Room): void {
  const { parents } = merging;
  // A region has two pairs of its own at least, as a rule.
  if (merging.regions * 2 * PAIR_NUMBERS > pairs.length) return;
  starts.fill(0);
  let end = 0;
  let sides = 0;
  const add = (pixelA: number, pixelB: number, length: number): void => {
    const a = rootOf(parents, pixelA);
    const b = rootOf(parents, pixelB);
    if (a === b) return;
    sides += length;
    const low = Math.min(a, b);
    starts[low + 1] = (starts[low + 1] as number) + 1;
    if (end < pairs.length) put(pairs, end, low, Math.max(a, b), length);
    end += PAIR_NUMBERS;
  };
  if (merging.pairs) {
    for (let i = 0; i < merging.pairCount * PAIR_NUMBERS; i += PAIR_NUMBERS) {
      add(pairs[i] as number, pairs[i + 1] as number, pairs[i + 2] as number);
    }
  } else {
    for (let p = 0; p < parents.length; p++) {
      if ((p + 1) % width !== 0) add(p, p + 1, 1);
      if (p + width < parents.length) add(p, p + width, 1);
    }
  }
  merging.outline = sides;
  if (end > pairs.length) return;
  for (let p = 1; p < starts.length; p++) {
    starts[p] = (starts[p] as number) + (starts[p - 1] as number);
  }
  for (let i = 0; i < end; i += PAIR_NUMBERS) {
    const a = pairs[i] as number;
    const place = starts[a] as number;
    starts[a] = place + 1;
    put(spare, place * PAIR_NUMBERS, a, pairs[i + 1] as number, pairs[i + 2] as number);
  }
  // Where each second one was last kept: that is of the same first one, or before its pairs.
  marks.fill(-1);
  let [kept, first, current] = [0, 0, -1];
  for (let i = 0; i < end; i += PAIR_NUMBERS) {
    const [a, b, length] = [spare[i], spare[i + 1], spare[i + 2]] as [number, number, number];
    if (a !== current) [current, first] = [a, kept];
    const mark = marks[b] as number;
    if (mark >= first) {
      pairs[mark + 2] = (pairs[mark + 2] as number) + length;
      continue;
    }
    marks[b] = kept;
    put(pairs, kept, a, b, length);
    kept += PAIR_NUMBERS;
  }
  merging.pairs = pairs;
  merging.pairCount = kept / PAIR_NUMBERS;
}

function put(pairs: Int32Array, at: number, a: number, b: number, length: number): void {
  pairs[at] = a;
  pairs[at + 1] = b;
  pairs[at + 2] = length;
}

function writeLabels(
  { parents, means }: Merging,
  { channels }: Bitmap,
  labels: Int32Array,
): Pick<Regions, "count" | "colours"> {
  let count = 0;
  for (let p = 0; p < labels.length; p++) if (parents[p] === p) labels[p] = count++;
  const colours = new Uint8Array(count * channels);
  for (let p = 0; p < labels.length; p++) {
    const root = rootOf(parents, p);
    if (root !== p) continue;
    for (let c = 0; c < channels; c++) {
      colours[(labels[p] as number) * channels + c] = Math.round(means[p * 3 + c] as number);
    }
  }
  // Roots come to their own label again.
  for (let p = 0; p < labels.length; p++) labels[p] = labels[rootOf(parents, p)] as number;
  return { count, colours };
}
