/**
 * Everything about a conversion that its input's header and the options decide: which operations,
 * in which order, and how much memory they need. Nothing is decoded or allocated here.
 */
import type {
  AnimationEncoder,
  AnimationInfo,
  EncodeOptions,
  PageLayout,
  Encoder,
} from "../codecs/codec.ts";
import { AppError } from "../errors.ts";
import { ENGINE_BASE_BYTES, PAGE_BYTES } from "../kernels/engine.ts";
import type { FilterName } from "../kernels/filters.ts";
import { MAX_FRAMES, MIB } from "../limits.ts";
import { withOrientation } from "../metadata/exif.ts";
import { withUprightXmp } from "../metadata/xmp.ts";
import { crop } from "../operations/crop.ts";
import { expand } from "../operations/expand.ts";
import { flatten } from "../operations/flatten.ts";
import { grayToSrgb } from "../operations/gray-to-srgb.ts";
import { enlargePixelArt } from "../operations/hqx.ts";
import type { Operation } from "../operations/operation.ts";
import { maxPasses, orient, TURNS } from "../operations/orient.ts";
import { pad } from "../operations/pad.ts";
import { findSource, resize } from "../operations/resize.ts";
import { planColour, type ColourPlan } from "./colour.ts";
import {
  layOut,
  toStored,
  transposeSize,
  type Geometry,
  type Rect,
  type Size,
} from "./geometry.ts";
import { fitIcon } from "./icon.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Animation, DecodePlan, Metadata, PictureInfo, Source, Warning } from "./picture.ts";

export interface PlanLimits {
  maxPixels: number;
  /** Of all frames together, each as large as the canvas. */
  maxTotalPixels: number;
  maxSide: number;
  /** What saves memory at the price of time is done only where there is not as much. */
  memoryBytes: number;
}

export interface Plan {
  decode: DecodePlan;
  /** What the decoder will deliver. */
  decoded: PictureInfo;
  steps: Operation[];
  /** How often the decoder delivers the picture. */
  passes: number;
  /** Whose frames each go through the steps; null where one picture is made. */
  animation: PlannedAnimation | null;
  output: PictureInfo;
  encode: EncodeOptions;
  /** Peak of all stages together. An upper bound. */
  memoryBytes: number;
  /** What of it is not the encoder's. */
  stripsBytes: number;
  /** Whether the input shows the picture of the output, if turned upright. */
  showsInput: boolean;
  /** The same, in its format. */
  repeatsPicture: boolean;
  /** Whether it also has no metadata that the output has not. */
  repeatsMetadata: boolean;
  /** Beside those of the source. */
  warnings: Warning[];
}

export interface PlannedAnimation {
  source: Animation;
  encoder: AnimationEncoder;
  info: AnimationInfo;
}

/** Chunks on their way in and out. */
const CHUNK_BYTES = 512 * 1024;
/** One part of an upload of unknown length. */
const MAX_PART_BYTES = 5 * MIB;
/** Headers and tables that every file has, however small. */
const SMALL_FILE_BYTES = 64 * 1024;

/**
 * @param reduction what is left of each side, up to 1: for a result that must get smaller
 * @throws AppError invalid_image, too_many_pixels, memory_limit
 */
export function makePlan(
  source: Source,
  options: ResolvedOptions,
  encoder: Encoder,
  limits: PlanLimits,
  reduction = 1,
): Plan {
  if (!(source.width > 0 && source.height > 0)) {
    throw new AppError("invalid_image", "The picture has no pixels.");
  }
  if (!source.isDrawing) checkSize("The picture", source, limits);
  const turn = TURNS[source.orientation];
  const upright = transposeSize(source, turn);
  const geometry = layOut(upright, fitIcon(upright, options), reduction);
  checkSize("The result", geometry.canvas, limits);
  const moves = source.animation && encoder.animation;
  if (moves) checkFrames(source, limits, upright, geometry.canvas);

  const drawn = source.isDrawing ? (source.drawable ?? identity)(geometry.full) : undefined;
  const isSmaller = drawn !== undefined && !isSameSize(drawn, geometry.full);
  const scale = drawn ? 1 : chooseScale(source, transposeSize(geometry.full, turn), options);
  const reduced: PictureInfo = {
    width: drawn?.width ?? Math.ceil(source.width / scale),
    height: drawn?.height ?? Math.ceil(source.height / scale),
    channels: moves ? 4 : source.channels,
    icc: source.icc,
  };
  const region = chooseRegion(source, reduced, scale, geometry, options);
  const decode: DecodePlan = { scale, region, ...(drawn && { drawn }) };
  const decoded = { ...reduced, ...(region && sizeOf(region)) };
  const { canvas, window } = geometry;
  const pads = canvas.width > window.width || canvas.height > window.height;
  const colour = planColour(decoded, options, pads);
  let passes = 1;
  const chain = () => chainSteps(reduced, source, { ...decode, passes }, options, geometry, colour);
  let steps = chain();
  const output = { ...(steps.at(-1)?.output ?? decoded), icc: colour.icc };
  const animation = planAnimation(source, moves, steps, output);
  const { quality, lossless, effort, chromaSubsampling, colors, dither, iconSizes } = options;
  const metadata = chooseMetadata(source.metadata, colour, options);
  const encode: EncodeOptions = {
    ...{ quality, lossless, effort, chromaSubsampling, restartRows: 0 },
    ...{ colors, dither, iconSizes, metadata, page: pageLayout(options) },
  };
  const { exif, xmp } = source.metadata;
  const showsInput =
    !source.isDrawing &&
    (source.frames === 1 || moves !== undefined) &&
    source.pages === 1 &&
    options.frame === null &&
    options.iconSizes === null &&
    options.colors === null &&
    options.chromaSubsampling === "auto" &&
    region === null &&
    scale === 1 &&
    steps.every(({ name }) => name === "orient");
  const repeatsPicture = showsInput && isSameFormat(options, source);
  const outputBytes = output.width * output.height * output.channels + SMALL_FILE_BYTES;
  const fixedBytes =
    ((moves && source.animation) ?? source).memory(decode) +
    // The engine is one for all stages and grows by whole pages.
    ENGINE_BASE_BYTES +
    PAGE_BYTES +
    2 * metadataBytes(source.metadata) +
    CHUNK_BYTES +
    Math.min(outputBytes, MAX_PART_BYTES);
  const encoderBytes = encoderMemory(encoder, animation, output, encode);
  const planBytes = () =>
    steps.reduce((sum, { memoryBytes }) => sum + memoryBytes, fixedBytes + encoderBytes);
  // A frame is decoded once.
  const mostPasses = animation ? 1 : maxPasses(source.orientation);
  while (planBytes() > limits.memoryBytes && passes < mostPasses) {
    passes++;
    steps = chain();
  }
  const memoryBytes = planBytes();
  return {
    decode,
    decoded,
    steps,
    passes,
    animation,
    output,
    encode,
    stripsBytes: memoryBytes - encoderBytes,
    memoryBytes,
    showsInput,
    repeatsPicture,
    repeatsMetadata: repeatsPicture && !(options.stripMetadata && (exif || xmp)),
    warnings: [
      ...colour.warnings,
      ...(animation ? [] : warnOfFrames(source)),
      ...(isSmaller ? [enlarged(drawn)] : []),
    ],
  };
}

/** PNGs that move are read as PNG, and written as what moves. */
const isSameFormat = ({ format }: ResolvedOptions, source: Source): boolean =>
  format === source.format ||
  (format === "apng" && source.format === "png" && source.animation !== undefined);

/** Bytes that the encoder holds of what the plan makes. */
export function encoderMemory(
  encoder: Encoder,
  animation: PlannedAnimation | null,
  output: PictureInfo,
  encode: EncodeOptions,
): number {
  return animation
    ? animation.encoder.memory(animation.info, encode)
    : encoder.memory(output, encode);
}

/** Frames are kept wherever the output can have several. */
function planAnimation(
  { animation, frames }: Source,
  encoder: AnimationEncoder | undefined,
  steps: readonly Operation[],
  output: PictureInfo,
): PlannedAnimation | null {
  if (!animation || !encoder) return null;
  const { plays } = animation;
  const colours = steps.every(({ name }) => KEEPS_COLOURS.includes(name))
    ? animation.colours
    : null;
  return { source: animation, encoder, info: { ...output, frames, plays, colours } };
}

/** Steps that make no colour that was not there. */
const KEEPS_COLOURS = ["crop", "orient"];

/** @throws AppError too_many_pixels */
function checkFrames(
  { frames }: Source,
  { maxTotalPixels }: PlanLimits,
  ...sizes: readonly Size[]
): void {
  if (frames > MAX_FRAMES) {
    throw new AppError(
      "too_many_pixels",
      `The animation has ${frames} frames; up to ${MAX_FRAMES} are allowed.`,
      { limit: "max_frames", limit_frames: MAX_FRAMES, frames },
    );
  }
  const pixels = frames * Math.max(...sizes.map(({ width, height }) => width * height));
  if (pixels > maxTotalPixels) {
    throw new AppError(
      "too_many_pixels",
      `The animation's ${frames} frames have ${pixels} pixels together; up to ${maxTotalPixels} are allowed.`,
      { limit: "max_total_pixels", limit_pixels: maxTotalPixels, frames, pixels },
    );
  }
}

const warnOfFrames = ({ frames }: Source): Warning[] =>
  frames === 1
    ? []
    : [
        {
          code: "animation_first_frame",
          message: `The picture is an animation of ${frames} frames; its first one was used.`,
        },
      ];

function checkSize(what: string, { width, height }: Size, limits: PlanLimits): void {
  const { maxSide, maxPixels } = limits;
  const size = { width, height };
  if (width > maxSide || height > maxSide) {
    throw new AppError(
      "too_many_pixels",
      `${what} is ${width}×${height} pixels; a side may have up to ${maxSide}.`,
      { limit: "max_side", limit_pixels: maxSide, ...size },
    );
  }
  if (width * height > maxPixels) {
    throw new AppError(
      "too_many_pixels",
      `${what} is ${width}×${height} pixels; up to ${maxPixels} are allowed.`,
      { limit: "max_pixels", limit_pixels: maxPixels, ...size },
    );
  }
}

/** The furthest reduction that still leaves at least the target's size to resample from. */
function chooseScale(
  source: Source,
  target: Size,
  { kernel, linearLight }: ResolvedOptions,
): number {
  // Reducing averages, which "nearest" must not.
  if (kernel === "nearest") return 1;
  // Decoders average values, not light.
  if (linearLight) return 1;
  // A side of one pixel stays one when it is reduced.
  if (target.width >= source.width && target.height >= source.height) return 1;
  return source.scales.reduce(
    (best, scale) =>
      scale > best &&
      Math.ceil(source.width / scale) >= target.width &&
      Math.ceil(source.height / scale) >= target.height
        ? scale
        : best,
    1,
  );
}

const pageLayout = (options: ResolvedOptions): PageLayout => ({
  size: options.pageSize,
  orientation: options.pageOrientation,
  marginMm: options.pageMargin,
  dpi: options.dpi,
});

const identity = <T>(value: T): T => value;

const enlarged = ({ width, height }: Size): Warning => ({
  code: "drawn_smaller",
  message: `The drawing was made ${width}×${height} pixels, the most there is memory for, and enlarged.`,
});

const sizeOf = ({ width, height }: Size): Size => ({ width, height });

const isSameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

/** Whether the result, before margins, is smaller than what is decoded. */
const isShrinking = ({ window }: Geometry, reduced: Size): boolean =>
  window.width * window.height <= reduced.width * reduced.height;

/** Where the stored picture, reduced, is resized to and cut, before it is turned. */
function toStoredGeometry(
  { orientation, width, height }: Source,
  scale: number,
  geometry: Geometry,
) {
  const turn = TURNS[orientation];
  return {
    full: transposeSize(geometry.full, turn),
    window: toStored(geometry.window, geometry.full, turn),
    extent: { width: width / scale, height: height / scale },
  };
}

const filterOf = ({ kernel }: ResolvedOptions): FilterName =>
  kernel === "hqx" ? "catmull-rom" : kernel;

/** The part of the reduced picture that is needed, where the source can deliver that alone. */
function chooseRegion(
  source: Source,
  reduced: PictureInfo,
  scale: number,
  geometry: Geometry,
  options: ResolvedOptions,
): Rect | null {
  // Nothing is cut off: all of the file is read, so that one that breaks off is refused.
  if (isSameSize(geometry.window, geometry.full)) return null;
  if (source.isDrawing) return isSameSize(reduced, geometry.full) ? geometry.window : null;
  if (!source.regions || !isShrinking(geometry, reduced)) return null;
  const { full, window, extent } = toStoredGeometry(source, scale, geometry);
  const region = findSource(reduced, full, window, filterOf(options), extent);
  return isSameSize(region, reduced) ? null : region;
}

/**
 * Turning buffers the picture and the steps on every pixel take time, so they come where the
 * picture is smaller: after shrinking, before enlarging.
 */
function chainSteps(
  reduced: PictureInfo,
  source: Source,
  { scale, region, drawn, passes }: DecodePlan & Pick<Plan, "passes">,
  options: ResolvedOptions,
  geometry: Geometry,
  colour: ColourPlan,
): Operation[] {
  const { full, window, canvas, at } = geometry;
  const steps: Operation[] = [];
  let current: PictureInfo = { ...reduced, ...(region && sizeOf(region)) };
  const add = (make: (input: PictureInfo) => Operation | null): void => {
    const step = make(current);
    if (!step) return;
    steps.push(step);
    current = step.output;
  };
  const addWholePictureSteps = (): void => {
    add((input) => orient(input, source.orientation, passes));
    add((input) => grayToSrgb(input, colour.grayTable));
    add((input) => (colour.flattenOn ? flatten(input, colour.flattenOn) : null));
  };
  const how = { filter: filterOf(options), linearLight: options.linearLight };

  if (drawn && isSameSize(drawn, full)) addWholePictureSteps();
  else if (isShrinking(geometry, reduced)) {
    const stored = toStoredGeometry(source, scale, geometry);
    const part = region && { x: region.x, y: region.y, of: sizeOf(reduced) };
    const extent = drawn ?? stored.extent;
    add((input) => resize(input, stored.full, stored.window, how, extent, part));
    // Not resized: nothing of the window has been cut yet, unless by the decoder.
    if (steps.length === 0 && !region) add((input) => crop(input, stored.window));
    addWholePictureSteps();
  } else {
    addWholePictureSteps();
    if (options.kernel === "hqx") add((input) => enlargePixelArt(input, ratioTo(full, input)));
    add((input) => resize(input, full, window, how) ?? crop(input, window));
  }
  add((input) => expand(input, colour.channels));
  add((input) => pad(input, canvas, at, colour.padColour));
  return steps;
}

function ratioTo(target: Size, { width, height }: Size): number {
  return Math.max(target.width / width, target.height / height);
}

/** Without `stripMetadata` all of it, with an orientation that fits the turned pixels. */
function chooseMetadata(
  { exif, xmp }: Metadata,
  { icc, isSrgb }: ColourPlan,
  { stripMetadata }: ResolvedOptions,
): Metadata {
  if (stripMetadata) return { icc: isSrgb ? null : icc, exif: null, xmp: null };
  return { icc, exif: exif && withOrientation(exif, 1), xmp: xmp && withUprightXmp(xmp) };
}

function metadataBytes({ icc, exif, xmp }: Metadata): number {
  return (icc?.length ?? 0) + (exif?.length ?? 0) + (xmp?.length ?? 0);
}
