/**
 * Files of at most so many bytes: the best quality that fits, else a smaller picture. What is found
 * on a sample decides where to begin, what was written decides.
 */
import { AppError } from "../errors.ts";
import { FORMATS } from "../formats.ts";
import { convert, prepare, type ConvertContext, type Input, type Prepared } from "./convert.ts";
import type { OutputOptions } from "./options.ts";
import type { Warning } from "./picture.ts";
import { encoderMemory } from "./plan.ts";
import { withProbe, type Probe } from "./probe.ts";
import {
  bestOf,
  bytesAt,
  correctPoints,
  firstQuality,
  nextQuality,
  sideFor,
  type Point,
  type Range,
  type Side,
} from "./size-search.ts";
import {
  addEfforts,
  describeWritten,
  effortOf,
  NO_EFFORT,
  writeUpTo,
  type Effort,
  type Write,
  type Written,
} from "./write.ts";

/** In all, those of samples included. */
const MAX_ENCODES = 6;

/** Left for whole pictures: where the sample was the whole, one will do. */
const WHOLE_ENCODES = { exact: 1, estimated: 2 };

/** Whoever names a size in bytes wants these dimensions as long as quality can give them at all. */
const LOWEST_QUALITY = 10;

/** What a picture is made smaller for, or the quality asked for. */
const REDUCED_QUALITY = 35;

/** What a sample says is trusted up to this share of the limit. */
const TRUST = 0.97;

/** The last try must do. */
const LAST_TRUST = 0.9;

/** From this many times the length of headers on, these need not be known. */
const NEGLIGIBLE = 16;

/** What to try, and why. */
interface Setting {
  maxBytes: number;
  quality: number;
  /** What is left of each side. */
  reduction: number;
  range: Range;
  /** What is known at this reduction. */
  points: readonly Point[];
  /** What is known of the sizes tried before, at the lowest quality; the last is the smallest. */
  sides: readonly Side[];
  /** What a picture of one pixel takes. */
  leastBytes: number | null;
}

/**
 * Converts within `maxBytes`, in at most six encodes.
 * @throws AppError size_unreachable
 */
export async function writeWithin(
  input: Input,
  options: OutputOptions,
  context: ConvertContext,
  maxBytes: number,
  write: Write,
): Promise<Written> {
  const inPasses = { ...context, onProgress: halveProgress(context.onProgress) };
  let { setting, effort } = await findSetting(input, options, inPasses, maxBytes);
  for (;;) {
    const { quality, reduction } = setting;
    const conversion = convert(input, { ...options, quality }, inPasses, reduction);
    const sizeBytes = await writeUpTo(maxBytes, conversion, write);
    effort = addEfforts(effort, effortOf(conversion));
    if (sizeBytes <= maxBytes) {
      const written = describeWritten(conversion, sizeBytes);
      const reduced = reduction < 1 ? [reducedTo(written, maxBytes)] : [];
      return { ...written, effort, warnings: [...written.warnings, ...reduced] };
    }
    if (effort.encodes >= MAX_ENCODES) throw unreachable(maxBytes);
    const shrinks = canShrink(conversion, options);
    const trust = effort.encodes === MAX_ENCODES - 1 ? LAST_TRUST : TRUST;
    setting = correct(setting, sizeBytes, trust, shrinks);
  }
}

/** Measures until a setting is found that should fit, or the encodes for that are used up. */
async function findSetting(
  input: Input,
  options: OutputOptions,
  context: ConvertContext,
  maxBytes: number,
): Promise<{ setting: Setting; effort: Effort }> {
  let effort = NO_EFFORT;
  let before: Setting | null = null;
  for (;;) {
    const reduction: number = before?.reduction ?? 1;
    const prepared = prepare(input, options, context, reduction);
    const start: Setting = {
      maxBytes,
      quality: options.quality,
      reduction,
      range: qualitiesOf(prepared, context, reduction < 1 ? REDUCED_QUALITY : LOWEST_QUALITY),
      points: [],
      sides: before?.sides ?? [],
      leastBytes: before?.leastBytes ?? null,
    };
    const shrinks = canShrink(prepared.plan.output, options);
    const { encodes } = effort;
    const measured = await withProbe(prepared, start.range, context, (probe) =>
      measure(probe, start, { shrinks, encodes }),
    );
    effort = addEfforts(effort, measured.effort);
    before = measured.result.setting;
    if (measured.result.settled) return { setting: before, effort };
  }
}

/** @returns what to try next, and whether with the whole picture */
async function measure(
  probe: Probe,
  start: Setting,
  before: { shrinks: boolean; encodes: number },
): Promise<{ setting: Setting; settled: boolean }> {
  const { range, maxBytes } = start;
  const kept = WHOLE_ENCODES[probe.exact ? "exact" : "estimated"];
  const budget = MAX_ENCODES - before.encodes - kept;
  const limit = probe.exact ? maxBytes : TRUST * maxBytes;
  const points: Point[] = [];
  let next: number | null =
    start.reduction < 1 ? range.lowest : firstQuality(limit, probe.pixels, range);
  while (next !== null && probe.encodes() < budget) {
    points.push({ quality: next, bytes: await probe.measure(next) });
    next = nextQuality(points, limit, range);
  }
  const best = bestOf(points, limit)?.quality ?? null;
  // An estimate may as well be a guess: there are encodes left to correct it.
  const quality = probe.exact ? (best ?? next) : (next ?? best);
  if (quality !== null) return { setting: { ...start, points, quality }, settled: true };

  let { leastBytes } = start;
  if (leastBytes === null && probe.encodes() < budget) {
    const isNegligible = maxBytes > NEGLIGIBLE * (probe.metadataBytes + 1024);
    leastBytes = isNegligible ? probe.metadataBytes : await probe.measureLeast();
  }
  const setting = reduce({ ...start, points, leastBytes }, 1, before.shrinks);
  return { setting, settled: probe.encodes() >= budget };
}

/** What to try after the whole picture has come out at `bytes`, which is too many. */
function correct(setting: Setting, bytes: number, trust: number, shrinks: boolean): Setting {
  const { quality, range } = setting;
  const limit = trust * setting.maxBytes;
  const points = correctPoints(setting.points, { quality, bytes });
  const lowest = { quality: range.lowest, bytes: bytesAt(points, range.lowest) };
  const next = nextQuality(points, limit, range) ?? bestOf(points, limit)?.quality;
  if (next !== undefined && lowest.bytes <= limit) return { ...setting, points, quality: next };
  return reduce({ ...setting, points: [...points, lowest] }, trust, shrinks);
}

/** @throws AppError size_unreachable where there is nothing left to take away */
function reduce(setting: Setting, trust: number, shrinks: boolean): Setting {
  const { points, range, reduction, maxBytes } = setting;
  const least = setting.leastBytes ?? 0;
  if (!shrinks || least > maxBytes) throw unreachable(maxBytes);
  const bytes = Math.min(...points.map((point) => point.bytes));
  const sides = [...setting.sides, { side: reduction, bytes }];
  const left = sideFor(sides, least, trust * maxBytes);
  const quality = Math.min(range.highest, REDUCED_QUALITY);
  return { ...setting, reduction: left, points: [], sides, quality };
}

/** An icon's squares are what they are. */
function canShrink(size: { width: number; height: number }, { iconSizes }: OutputOptions): boolean {
  return iconSizes === null && size.width * size.height > 1;
}

/**
 * The qualities that the encoder has and the memory allows; one where the format knows none.
 * @throws AppError memory_limit
 */
function qualitiesOf(
  { options, plan, encoder }: Prepared,
  { gate }: ConvertContext,
  sensible: number,
): Range {
  const { quality, format, lossless } = options;
  const kind = FORMATS[format].lossless;
  if (kind === "always" || (kind === "optional" && lossless)) {
    return { lowest: quality, highest: quality };
  }
  const memoryBytes = (at: number) =>
    plan.stripsBytes +
    encoderMemory(encoder, plan.animation, plan.output, { ...plan.encode, quality: at });
  const lowest = Math.min(quality, sensible);
  let highest = quality;
  while (highest > lowest && memoryBytes(highest) > gate.budgetBytes) highest--;
  gate.check(memoryBytes(highest));
  return { lowest, highest };
}

/** How many passes there will be is not known: each advances by half of what is left. */
function halveProgress(onProgress: ConvertContext["onProgress"]): ConvertContext["onProgress"] {
  let base = 0;
  let reached = 0;
  let last = 0;
  return async (fraction) => {
    if (fraction < last) base = reached;
    last = fraction;
    reached = base + ((1 - base) * fraction) / 2;
    await onProgress?.(reached);
  };
}

const reducedTo = ({ width, height }: Written, maxBytes: number): Warning => ({
  code: "reduced_size",
  message: `The picture was reduced to ${width}×${height} pixels to fit ${maxBytes} bytes.`,
});

const unreachable = (maxBytes: number): AppError =>
  new AppError("size_unreachable", `The picture cannot be made to fit ${maxBytes} bytes.`, {
    max_bytes: maxBytes,
  });
