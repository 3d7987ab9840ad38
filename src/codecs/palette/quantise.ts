/**
 * A palette for the colours of a picture, by least squared error: boxes are cut where that lowers it
 * most (Wu, "Efficient Statistical Computations for Optimal Color Quantization", Graphics Gems II),
 * then the colours move to the means of what is nearest to them (Lloyd's algorithm).
 */
import { CELLS, type ColourChannels, type Samples } from "./histogram.ts";

interface Range {
  from: number;
  to: number;
}

interface Box extends Range {
  /** Squared error of its colours from their mean. */
  error: number;
}

/** Steps of a channel at which a box may be cut. */
const BINS = 64;
const BIN_SIZE = 256 / BINS;
/** Bytes that `quantise` holds for so many samples, or for the samples of so many pixels. */
export const quantiseBytes = (samples: number, channels: ColourChannels): number =>
  Math.min(samples, CELLS[channels]) * 4;

/**
 * @param most 1 to 256
 * @param rounds of Lloyd's algorithm; each takes `samples × most` steps
 * @param room `quantiseBytes`
 * @returns colours of the samples' channels, `most` at most
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
  const palette = Float32Array.from(boxes.flatMap((box) => meanOf(samples, order, box)));
  for (let round = 0; round < rounds; round++) moveToMeans(samples, palette);
  return Uint8Array.from(palette, (value) => Math.round(value));
}

/** The weight, each channel's weighted sum, and the weighted sum of squares. */
function sumUp({ channels, colours, weights }: Samples, order: Uint32Array, box: Range) {
  const sums = new Float64Array(channels);
  let [weight, squares] = [0, 0];
  for (let i = box.from; i < box.to; i++) {
    const sample = order[i] as number;
    const w = weights[sample] as number;
    weight += w;
    for (let c = 0; c < channels; c++) {
      const value = colours[sample * channels + c] as number;
      sums[c] = (sums[c] as number) + w * value;
      squares += w * value * value;
    }
  }
  return { weight, sums, squares };
}

const squareOf = (sums: Float64Array): number => sums.reduce((sum, value) => sum + value ** 2, 0);

function meanOf(samples: Samples, order: Uint32Array, box: Range): number[] {
  const { weight, sums } = sumUp(samples, order, box);
  return Array.from(sums, (sum) => sum / weight);
}

function describeBox(samples: Samples, order: Uint32Array, from: number, to: number): Box {
  if (to - from < 2) return { from, to, error: 0 };
  const { weight, sums, squares } = sumUp(samples, order, { from, to });
  return { from, to, error: squares - squareOf(sums) / weight };
}

/**
 * Finds the best plane and puts the samples below it before the others.
 * @returns where those above start; null where no plane parts them
 */
function cut(samples: Samples, order: Uint32Array, { from, to }: Box): number | null {
  let best: { axis: number; bin: number; score: number } | null = null;
  for (let axis = 0; axis < samples.channels; axis++) {
    const bins = project(samples, order, { from, to }, axis);
    const found = findPlane(bins, samples.channels);
    if (found && (!best || found.score > best.score)) best = { axis, ...found };
  }
  if (!best) return null;
  const { axis, bin } = best;
  const isBelow = (sample: number): boolean =>
    (samples.colours[sample * samples.channels + axis] as number) < bin * BIN_SIZE;
  let middle = from;
  for (let i = from; i < to; i++) {
    const sample = order[i] as number;
    if (!isBelow(sample)) continue;
    order[i] = order[middle] as number;
    order[middle++] = sample;
  }
  return middle;
}

/** The box's weights and channels' sums by one channel. */
function project(
  { channels, colours, weights }: Samples,
  order: Uint32Array,
  { from, to }: Range,
  axis: number,
): Float64Array {
  const bins = new Float64Array(BINS * (channels + 1));
  for (let i = from; i < to; i++) {
    const sample = (order[i] as number) * channels;
    const weight = weights[order[i] as number] as number;
    const at = Math.floor((colours[sample + axis] as number) / BIN_SIZE) * (channels + 1);
    bins[at] = (bins[at] as number) + weight;
    for (let c = 0; c < channels; c++) {
      bins[at + 1 + c] = (bins[at + 1 + c] as number) + weight * (colours[sample + c] as number);
    }
  }
  return bins;
}

/** The bin before which a cut leaves the least squared error: where both sides' means weigh most. */
function findPlane(
  bins: Float64Array,
  channels: ColourChannels,
): { bin: number; score: number } | null {
  const members = channels + 1;
  const above = new Float64Array(members);
  bins.forEach((value, i) => (above[i % members] = (above[i % members] as number) + value));
  const below = new Float64Array(members);
  let best: { bin: number; score: number } | null = null;
  for (let bin = 1; bin < BINS; bin++) {
    let [squaresBelow, squaresAbove] = [0, 0];
    for (let member = 0; member < members; member++) {
      const moved = bins[(bin - 1) * members + member] as number;
      const b = (below[member] as number) + moved;
      const a = (above[member] as number) - moved;
      below[member] = b;
      above[member] = a;
      if (member > 0) [squaresBelow, squaresAbove] = [squaresBelow + b * b, squaresAbove + a * a];
    }
    const weightBelow = below[0] as number;
    const weightAbove = above[0] as number;
    if (weightBelow === 0 || weightAbove === 0) continue;
    const score = squaresBelow / weightBelow + squaresAbove / weightAbove;
    if (!best || score > best.score) best = { bin, score };
  }
  return best;
}

/** One round: each colour of the palette becomes the mean of the samples nearest to it. */
function moveToMeans({ channels, count, colours, weights }: Samples, palette: Float32Array): void {
  const size = palette.length / channels;
  const members = channels + 1;
  const sums = new Float64Array(size * members);
  for (let i = 0; i < count; i++) {
    const at = nearest(palette, colours, i * channels, channels) * members;
    const weight = weights[i] as number;
    sums[at] = (sums[at] as number) + weight;
    for (let c = 0; c < channels; c++) {
      const value = colours[i * channels + c] as number;
      sums[at + 1 + c] = (sums[at + 1 + c] as number) + weight * value;
    }
  }
  for (let i = 0; i < size; i++) {
    const weight = sums[i * members] as number;
    if (weight === 0) continue;
    for (let c = 0; c < channels; c++) {
      palette[i * channels + c] = (sums[i * members + 1 + c] as number) / weight;
    }
  }
}

/** Index of the palette's colour with the least squared distance to the one at `colours[from]`. */
export function nearest(
  palette: Float32Array | Uint8Array,
  colours: ArrayLike<number>,
  from: number,
  channels: ColourChannels,
): number {
  const [red = 0, green = 0, blue = 0] = [colours[from], colours[from + 1], colours[from + 2]];
  const alpha = channels === 4 ? (colours[from + 3] ?? 0) : 0;
  let best = 0;
  let least = Infinity;
  for (let i = 0, at = 0; at < palette.length; i++, at += channels) {
    const r = (palette[at] as number) - red;
    const g = (palette[at + 1] as number) - green;
    const b = (palette[at + 2] as number) - blue;
    const a = channels === 4 ? (palette[at + 3] as number) - alpha : 0;
    const distance = r * r + g * g + b * b + a * a;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}
