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
import { MIB } from "../limits.ts";
import { withOrientation } from "../metadata/exif.ts";
import { withUprightXmp } from "../metadata/xmp.ts";
import type { Operation } from "../operations/operation.ts";
import { maxPasses, TURNS } from "../operations/orient.ts";
import { planColour, type ColourPlan } from "./colour.ts";
import { isSameSize, layOut, sizeOf, transposeSize, type Size } from "./geometry.ts";
import { fitIcon } from "./icon.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Animation, DecodePlan, Metadata, PictureInfo, Source, Warning } from "./picture.ts";
import { checkFrames, checkSize, type PlanLimits } from "./plan-limits.ts";
import { chainSteps, chooseRegion, chooseScale } from "./steps.ts";

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
  /** Whether the output is the whole of a drawing in its own format, whatever its size. */
  repeatsDrawing: boolean;
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
  const { quality, lossless, effort, chromaSubsampling, compression } = options;
  const { colors, dither, iconSizes } = options;
  const metadata = chooseMetadata(source.metadata, colour, options);
  const { exif, xmp } = source.metadata;
  const showsInput = doesShowInput(source, options, decode, steps, moves !== undefined);
  const repeatsPicture = showsInput && isSameFormat(options, source);
  const repeatsDrawing =
    source.isDrawing === true &&
    isSameFormat(options, source) &&
    colour.flattenOn === null &&
    isSameSize(geometry.window, geometry.full) &&
    isSameSize(geometry.canvas, geometry.full);
  const outputBytes = output.width * output.height * output.channels + SMALL_FILE_BYTES;
  const fixedBytes =
    ((moves && source.animation) ?? source).memory(decode) +
    // The engine is one for all stages and grows by whole pages.
    ENGINE_BASE_BYTES +
    PAGE_BYTES +
    2 * metadataBytes(source.metadata) +
    CHUNK_BYTES +
    Math.min(outputBytes, MAX_PART_BYTES);
  const spentBytes = () => steps.reduce((sum, { memoryBytes }) => sum + memoryBytes, fixedBytes);
  const encode: EncodeOptions = {
    ...{ quality, lossless, effort, chromaSubsampling, compression, restartRows: 0 },
    ...{ colors, dither, iconSizes, metadata, page: pageLayout(options) },
    roomBytes: Math.max(0, limits.memoryBytes - spentBytes()),
  };
  const encoderBytes = encoderMemory(encoder, animation, output, encode);
  const planBytes = () => spentBytes() + encoderBytes;
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
    repeatsDrawing,
    repeatsMetadata: repeatsPicture && !(options.stripMetadata && (exif || xmp)),
    warnings: [
      ...colour.warnings,
      ...(animation ? [] : warnOfFrames(source)),
      ...(isSmaller ? [enlarged(drawn)] : []),
    ],
  };
}

/** Whether nothing of the input is changed but its orientation. */
function doesShowInput(
  source: Source,
  options: ResolvedOptions,
  { scale, region }: DecodePlan,
  steps: readonly Operation[],
  moves: boolean,
): boolean {
  return (
    !source.isDrawing &&
    (source.frames === 1 || moves) &&
    source.pages === 1 &&
    options.frame === null &&
    options.iconSizes === null &&
    options.colors === null &&
    options.chromaSubsampling === "auto" &&
    region === null &&
    scale === 1 &&
    steps.every(({ name }) => name === "orient")
  );
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

const warnOfFrames = ({ frames }: Source): Warning[] =>
  frames === 1
    ? []
    : [
        {
          code: "animation_first_frame",
          message: `The picture is an animation of ${frames} frames; its first one was used.`,
        },
      ];

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
