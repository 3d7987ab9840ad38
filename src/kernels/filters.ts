/** Resampling filters and the tables of weights made from them. */

/** Filters of the resampler; `hqx` is another thing altogether. */
export type FilterName = "lanczos3" | "mitchell" | "catmull-rom" | "bilinear" | "box" | "nearest";

interface Filter {
  /** Half its width, in pixels of the coarser side. */
  support: number;
  weight(x: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The cubics of Mitchell and Netravali, "Reconstruction Filters in Computer Graphics" (1988). */
function cubic(b: number, c: number): Filter {
  const near = (x: number) =>
    ((12 - 9 * b - 6 * c) * x ** 3 + (-18 + 12 * b + 6 * c) * x ** 2 + (6 - 2 * b)) / 6;
  const far = (x: number) =>
    ((-b - 6 * c) * x ** 3 +
      (6 * b + 30 * c) * x ** 2 +
      (-12 * b - 48 * c) * x +
      (8 * b + 24 * c)) /
    6;
  return {
    support: 2,
    weight(signed) {
      const x = Math.abs(signed);
      return x < 1 ? near(x) : x < 2 ? far(x) : 0;
    },
  };
}

const FILTERS = {
  lanczos3: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  mitchell: cubic(1 / 3, 1 / 3),
  "catmull-rom": cubic(0, 1 / 2),
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  box: { support: 0.5, weight: (x) => (x >= -0.5 && x < 0.5 ? 1 : 0) },
  /** Takes the pixel under the centre, see `fillTaps`. */
  nearest: { support: 0, weight: () => 0 },
} as const satisfies Record<FilterName, Filter>;

/** One axis: `count` outputs from `first` on, of `fullSize` that `size` inputs are resampled to. */
export interface Axis {
  /** Inputs there are. */
  size: number;
  /** Inputs an output stands for: input size / output size. */
  ratio: number;
  first: number;
  count: number;
  filter: FilterName;
}

/** Weights have 14 fractional bits. */
export const WEIGHT_ONE = 1 << 14;

/** An upper bound of inputs that one output is made of. */
export function maxTaps({ size, ratio, filter }: Axis): number {
  const reach = FILTERS[filter].support * Math.max(ratio, 1);
  return Math.min(size, Math.ceil(2 * reach) + 1);
}

/**
 * The inputs of output `index` (counted from `axis.first`) and their weights, which sum up to
 * WEIGHT_ONE. Inputs past an edge count as the edge pixel.
 * @param weights receives them, room for maxTaps
 * @returns the first input and how many there are
 */
export function fillTaps(
  axis: Axis,
  index: number,
  weights: Float64Array,
): { start: number; taps: number } {
  const { size, ratio } = axis;
  const filter = FILTERS[axis.filter];
  const last = size - 1;
  const center = (axis.first + index + 0.5) * ratio;
  const spread = Math.max(ratio, 1);
  const reach = filter.support * spread;
  const from = Math.ceil(center - reach - 0.5);
  const to = Math.floor(center + reach - 0.5);
  if (axis.filter === "nearest" || from > to) {
    weights[0] = WEIGHT_ONE;
    return { start: Math.min(Math.floor(center), last), taps: 1 };
  }
  const start = Math.min(Math.max(from, 0), last);
  const taps = Math.min(to, last) - start + 1;
  weights.fill(0, 0, Math.max(taps, 1));
  let sum = 0;
  for (let input = from; input <= to; input++) {
    const weight = filter.weight((input + 0.5 - center) / spread);
    const tap = Math.min(Math.max(input, start), last) - start;
    weights[tap] = (weights[tap] ?? 0) + weight;
    sum += weight;
  }
  quantise(weights, Math.max(taps, 1), sum);
  return { start, taps: Math.max(taps, 1) };
}

/** To integers whose sum is exactly WEIGHT_ONE: the largest takes what rounding left over. */
function quantise(weights: Float64Array, taps: number, sum: number): void {
  let left = WEIGHT_ONE;
  let largest = 0;
  for (let tap = 0; tap < taps; tap++) {
    const weight = Math.round(((weights[tap] ?? 0) / sum) * WEIGHT_ONE);
    weights[tap] = weight;
    left -= weight;
    if (weight > (weights[largest] ?? 0)) largest = tap;
  }
  weights[largest] = (weights[largest] ?? 0) + left;
}
