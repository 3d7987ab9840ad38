/**
 * A palette for the colours of a picture, by least squared error: boxes are cut where that lowers it
 * most (Wu, "Efficient Statistical Computations for Optimal Color Quantization", Graphics Gems II),
 * then the colours move to the means of what is nearest to them (Lloyd's algorithm).
 */
import { CELLS, type Samples } from "./histogram.ts";

interface Box {
  from: number;
  to: number;
  /** Squared error of its colours from their mean. */
  error: number;
}

/** Steps of a channel at which a box may be cut. */
const BINS = 64;
const BIN_SIZE = 256 / BINS;
/** Weight, then sums of red, green and blue. */
const MEMBERS = 4;

/** Bytes that `quantise` holds for so many samples, or for the samples of so many pixels. */
export const quantiseBytes = (samples: number): number => Math.min(samples, CELLS) * 4;

/**
 * @param most 1 to 256
 * @param rounds of Lloyd's algorithm; each takes `samples × most` steps
 * @param room `quantiseBytes`
 * @returns RGB triples, `most` at most
 */
export function quantise(
  samples: Samples,
  most: number,
  rounds: number,
  room: Uint8Array<ArrayBuffer>,
): Uint8Array {
  const order = new Uint32Array(room.buffer, 0, samples.count);
  for (let i = 0; i < order.length; i++) order[i] = i;
  const boxes = [describeBox(samples, order, 0, order.length)];
  while (boxes.length < most) {
    const worst = boxes.reduce((a, b) => (b.error > a.error ? b : a));
    const middle = worst.error > 0 ? cut(samples, order, worst) : null;
    if (middle === null) break;
    boxes.splice(
      boxes.indexOf(worst),
      1,
      describeBox(samples, order, worst.from, middle),
      describeBox(samples, order, middle, worst.to),
    );
  }
  const palette = Float32Array.from(
    boxes.flatMap(({ from, to }) => meanOf(samples, order, from, to)),
  );
  for (let round = 0; round < rounds; round++) moveToMeans(samples, palette);
  return Uint8Array.from(palette, (value) => Math.round(value));
}

function sumUp({ colours, weights }: Samples, order: Uint32Array, from: number, to: number) {
  let [weight, red, green, blue, squares] = [0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const sample = order[i] as number;
    const w = weights[sample] as number;
    const r = colours[sample * 3] as number;
    const g = colours[sample * 3 + 1] as number;
    const b = colours[sample * 3 + 2] as number;
    weight += w;
    red += w * r;
    green += w * g;
    blue += w * b;
    squares += w * (r * r + g * g + b * b);
  }
  return { weight, red, green, blue, squares };
}

function meanOf(samples: Samples, order: Uint32Array, from: number, to: number): number[] {
  const { weight, red, green, blue } = sumUp(samples, order, from, to);
  return [red / weight, green / weight, blue / weight];
}

function describeBox(samples: Samples, order: Uint32Array, from: number, to: number): Box {
  if (to - from < 2) return { from, to, error: 0 };
  const { weight, red, green, blue, squares } = sumUp(samples, order, from, to);
  return { from, to, error: squares - (red * red + green * green + blue * blue) / weight };
}

/**
 * Finds the best plane and puts the samples below it before the others.
 * @returns where those above start; null where no plane parts them
 */
function cut(samples: Samples, order: Uint32Array, { from, to }: Box): number | null {
  let best: { axis: number; bin: number; score: number } | null = null;
  for (let axis = 0; axis < 3; axis++) {
    const found = findPlane(project(samples, order, from, to, axis));
    if (found && (!best || found.score > best.score)) best = { axis, ...found };
  }
  if (!best) return null;
  const { axis, bin } = best;
  const isBelow = (sample: number): boolean =>
    (samples.colours[sample * 3 + axis] as number) < bin * BIN_SIZE;
  let middle = from;
  for (let i = from; i < to; i++) {
    const sample = order[i] as number;
    if (!isBelow(sample)) continue;
    order[i] = order[middle] as number;
    order[middle++] = sample;
  }
  return middle;
}

/** The box's weights and sums by one channel. */
function project(
  { colours, weights }: Samples,
  order: Uint32Array,
  from: number,
  to: number,
  axis: number,
): Float64Array {
  const bins = new Float64Array(BINS * MEMBERS);
  for (let i = from; i < to; i++) {
    const sample = (order[i] as number) * 3;
    const weight = weights[order[i] as number] as number;
    const at = Math.floor((colours[sample + axis] as number) / BIN_SIZE) * MEMBERS;
    bins[at] = (bins[at] as number) + weight;
    for (let c = 0; c < 3; c++) {
      bins[at + 1 + c] = (bins[at + 1 + c] as number) + weight * (colours[sample + c] as number);
    }
  }
  return bins;
}

/** The bin before which a cut leaves the least squared error: where both sides' means weigh most. */
function findPlane(bins: Float64Array): { bin: number; score: number } | null {
  const total = [0, 0, 0, 0];
  bins.forEach((value, i) => (total[i % MEMBERS] = (total[i % MEMBERS] as number) + value));
  const [weight = 0, red = 0, green = 0, blue = 0] = total;
  let best: { bin: number; score: number } | null = null;
  let [w, r, g, b] = [0, 0, 0, 0];
  for (let bin = 1; bin < BINS; bin++) {
    const at = (bin - 1) * MEMBERS;
    w += bins[at] as number;
    r += bins[at + 1] as number;
    g += bins[at + 2] as number;
    b += bins[at + 3] as number;
    if (w === 0 || w === weight) continue;
    const score =
      (r * r + g * g + b * b) / w +
      ((red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2) / (weight - w);
    if (!best || score > best.score) best = { bin, score };
  }
  return best;
}

/** One round: each colour of the palette becomes the mean of the samples nearest to it. */
function moveToMeans({ count, colours, weights }: Samples, palette: Float32Array): void {
  const size = palette.length / 3;
  const sums = new Float64Array(size * MEMBERS);
  for (let i = 0; i < count; i++) {
    const red = colours[i * 3] as number;
    const green = colours[i * 3 + 1] as number;
    const blue = colours[i * 3 + 2] as number;
    const at = nearest(palette, red, green, blue) * MEMBERS;
    const weight = weights[i] as number;
    sums[at] = (sums[at] as number) + weight;
    sums[at + 1] = (sums[at + 1] as number) + weight * red;
    sums[at + 2] = (sums[at + 2] as number) + weight * green;
    sums[at + 3] = (sums[at + 3] as number) + weight * blue;
  }
  for (let i = 0; i < size; i++) {
    const weight = sums[i * MEMBERS] as number;
    if (weight === 0) continue;
    for (let c = 0; c < 3; c++) palette[i * 3 + c] = (sums[i * MEMBERS + 1 + c] as number) / weight;
  }
}

/** Index of the palette's colour with the least squared distance. */
export function nearest(
  palette: Float32Array | Uint8Array,
  red: number,
  green: number,
  blue: number,
): number {
  let best = 0;
  let least = Infinity;
  for (let i = 0, at = 0; at < palette.length; i++, at += 3) {
    const r = (palette[at] as number) - red;
    const g = (palette[at + 1] as number) - green;
    const b = (palette[at + 2] as number) - blue;
    const distance = r * r + g * g + b * b;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}
