/**
 * Which quality, and if need be which size, makes a file of a number of bytes: guesses by what is
 * known so far. Pure arithmetic; that sizes grow with quality is assumed for a guess and never for a
 * promise.
 */

/** What a file has, or would have, at a quality. */
export interface Point {
  quality: number;
  bytes: number;
}

export interface Range {
  lowest: number;
  highest: number;
}

/** Of the bytes allowed: what guesses aim at, and from where on a result is good enough. */
const AIM = 0.985;
const GOOD = 0.95;

/** By how much a file's logarithm grows with a point of quality, where two points do not tell. */
const USUAL_SLOPE = 0.028;
const SLOPES = { least: 0.01, most: 0.08 };

/** A quality to begin with, by what photographs take: 0.2 bytes a pixel at 75. */
export function firstQuality(bytes: number, pixels: number, range: Range): number {
  return clamp(Math.round(75 + 45 * Math.log(bytes / pixels / 0.2)), range);
}

/** The best quality that is known to fit. */
export function bestOf(points: readonly Point[], limit: number): Point | undefined {
  return points
    .filter(({ bytes }) => bytes <= limit)
    .toSorted((a, b) => a.quality - b.quality)
    .at(-1);
}

/** The quality to try next; null where the best known is good enough or nothing better is left. */
export function nextQuality(points: readonly Point[], limit: number, range: Range): number | null {
  const best = bestOf(points, limit);
  if (best && (best.bytes >= GOOD * limit || best.quality === range.highest)) return null;
  const tooLarge = points.filter(({ bytes }) => bytes > limit).map(({ quality }) => quality);
  const lowest = best ? best.quality + 1 : range.lowest;
  const highest = Math.min(range.highest, ...tooLarge.map((quality) => quality - 1));
  if (lowest > highest) return null;
  // Whether quality is enough at all should be known before the tries are used up.
  if (!best && points.length > 1) return range.lowest;
  const middle = Math.ceil((lowest + highest) / 2);
  const guess = isStuck(points, limit) ? middle : Math.floor(qualityFor(points, AIM * limit));
  return clamp(guess, { lowest, highest });
}

/** Whether guesses creep up to the limit from one side, as before a jump in the sizes. */
function isStuck(points: readonly Point[], limit: number): boolean {
  const fits = points.map(({ bytes }) => bytes <= limit);
  return fits.includes(true) && fits.includes(false) && fits.at(-1) === fits.at(-2);
}

/** Where the line through the points, in the logarithm, comes to `bytes`. */
function qualityFor(points: readonly Point[], bytes: number): number {
  const sorted = points.toSorted((a, b) => a.quality - b.quality);
  const above = sorted.findIndex((point) => point.bytes > bytes);
  const { from, slope } = lineAt(sorted, above);
  return from.quality + Math.log(bytes / from.bytes) / slope;
}

/** What the same line has at a quality. */
export function bytesAt(points: readonly Point[], quality: number): number {
  const sorted = points.toSorted((a, b) => a.quality - b.quality);
  const above = sorted.findIndex((point) => point.quality > quality);
  const { from, slope } = lineAt(sorted, above);
  return from.bytes * Math.exp(slope * (quality - from.quality));
}

/** @param above which of the points is the first beyond; -1 is none */
function lineAt(sorted: readonly Point[], above: number): { from: Point; slope: number } {
  const end = above === -1 ? sorted.length - 1 : Math.max(1, above);
  const before = sorted[end - 1];
  const after = sorted[end];
  const from = (above === -1 ? after : (before ?? after)) ?? { quality: 0, bytes: 1 };
  if (!before || !after) return { from, slope: USUAL_SLOPE };
  const slope = Math.log(after.bytes / before.bytes) / (after.quality - before.quality);
  const isBetween = above > 0;
  const steepest = isBetween ? Infinity : SLOPES.most;
  return { from, slope: Math.min(steepest, Math.max(SLOPES.least, slope)) };
}

/** What is known once a file has been made: estimates were all off by about as much. */
export function correctPoints(points: readonly Point[], made: Point): Point[] {
  const estimate = points.length > 0 ? bytesAt(points, made.quality) : made.bytes;
  const others = points.filter(({ quality }) => quality !== made.quality);
  const corrected = others.map(({ quality, bytes }) => ({
    quality,
    bytes: (bytes * made.bytes) / estimate,
  }));
  return [...corrected, made];
}

/** What a file has at a size, as a share of each side. */
export interface Side {
  side: number;
  bytes: number;
}

/**
 * A file's bytes grow with its sides to this power where two sizes do not tell: by less than its
 * pixels, since detail moves closer.
 */
const USUAL_POWER = 1.5;
const POWERS = { least: 1, most: 2.2 };

/** Of the bytes allowed, what a smaller picture aims at. */
const REDUCED_AIM = 0.85;

/** What must be left at most, so that no try is for nothing, and at least. */
const STEPS = { most: 0.95, least: 0.001 };

/**
 * What should be left of each side.
 * @param sides what is known, at one quality; the last is too large still
 * @param least what a picture of one pixel takes
 */
export function sideFor(sides: readonly Side[], least: number, limit: number): number {
  const last = sides.at(-1);
  if (!last) return 1;
  const before = sides.at(-2);
  const measured = before
    ? Math.log((before.bytes - least) / (last.bytes - least)) / Math.log(before.side / last.side)
    : USUAL_POWER;
  const power = Math.min(POWERS.most, Math.max(POWERS.least, measured || USUAL_POWER));
  const share = (REDUCED_AIM * limit - least) / (last.bytes - least);
  const step = Math.max(0, share) ** (1 / power);
  return last.side * Math.min(STEPS.most, Math.max(STEPS.least, step));
}

function clamp(value: number, { lowest, highest }: Range): number {
  return Math.min(highest, Math.max(lowest, value));
}
