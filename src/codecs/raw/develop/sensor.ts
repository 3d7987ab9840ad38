/** What a raw file says of its sensor's data, checked: where they are, and what they mean. */
import type { ByteSource } from "../../../pipeline/bytes.ts";
import type { Rect, Size } from "../../../pipeline/geometry.ts";
import { readNumber, readNumbers, REDUCED, type Directory } from "../../tiff/directory.ts";
import { damaged } from "../../tiff/failures.ts";
import { readGrid, type SegmentLayout } from "../../tiff/header.ts";
import { openJpegParts } from "../../tiff/jpeg-parts.ts";
import { openLosslessParts } from "../../tiff/lossless-parts.ts";
import { readReals } from "../../tiff/reals.ts";
import { COMPRESSION, TAGS } from "../../tiff/tags.ts";
import { unsupported } from "../failures.ts";
import { LOSSY_JPEG, RAW_PHOTOMETRIC, RAW_TAGS } from "../tags.ts";
import { readColour, type CameraColour } from "./camera-colour.ts";
import { readLevels, type Levels } from "./levels.ts";

/** Colours of a sensor's pixel: 0 is red, 1 green, 2 blue. */
export type Colour = 0 | 1 | 2;

export interface Sensor {
  layout: SegmentLayout;
  /** Bits a sample in the file. */
  bits: number;
  /** Colours of the active area's first two rows' first two pixels; null where each has all three. */
  pattern: readonly [Colour, Colour, Colour, Colour] | null;
  /** Pixels that see light. */
  active: Rect;
  /** Those that are to be shown, within the active ones. */
  crop: Rect;
  levels: Levels;
  colour: CameraColour;
}

const BITS = [8, 10, 12, 14, 16];
const MAX_DIMENSION = 2 ** 16;
/** So that there is something to mirror at the edges. */
const MIN_SIDE = 4;
/** Smaller tiles take longer to find than to read. */
const MIN_TILE_SIDE = 16;
/** How many pixels more than are shown a sensor may have: all of them are read. */
const MAX_HIDDEN = 2;

/** Finds the largest picture of sensor data among the directories; null where there is none. */
export async function findSensor(
  source: ByteSource,
  directories: readonly Directory[],
): Promise<Directory | null> {
  let found: Directory | null = null;
  let most = -1;
  for (const directory of directories) {
    const number = (tag: number) => readNumber(source, directory, tag, 0).catch(() => 0);
    const photometric = await number(TAGS.photometric);
    const isRaw = photometric === RAW_PHOTOMETRIC.cfa || photometric === RAW_PHOTOMETRIC.linearRaw;
    if (!isRaw || ((await number(TAGS.newSubfileType)) & REDUCED) !== 0) continue;
    const pixels = (await number(TAGS.imageWidth)) * (await number(TAGS.imageLength));
    if (pixels <= most) continue;
    found = directory;
    most = pixels;
  }
  return found;
}

/**
 * @param main the first directory, which tells of the camera's colours
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export async function readSensor(
  source: ByteSource,
  directory: Directory,
  main: Directory,
): Promise<Sensor> {
  const number = (tag: number, otherwise: number) => readNumber(source, directory, tag, otherwise);
  const width = await number(TAGS.imageWidth, 0);
  const height = await number(TAGS.imageLength, 0);
  if (width > MAX_DIMENSION || height > MAX_DIMENSION) throw damaged();
  const isCfa = (await number(TAGS.photometric, 0)) === RAW_PHOTOMETRIC.cfa;
  const samples = await number(TAGS.samplesPerPixel, 1);
  if (samples !== (isCfa ? 1 : 3)) throw unsupported(`${samples} samples a pixel`);
  const bits = await readBits(source, directory, samples);
  const layout = await readLayout(source, directory, { width, height }, samples, bits);
  const active = await readActiveArea(source, directory, { width, height });
  const crop = await readCrop(source, directory, active);
  if (width * height > MAX_HIDDEN * crop.width * crop.height) {
    throw damaged("The raw file's active area is impossible.");
  }
  const colour = await readColour(source, directory, main);
  return {
    ...{ layout, bits, active, crop, colour },
    pattern: isCfa ? await readPattern(source, directory) : null,
    levels: await readLevels(source, directory, { samples, bits, active }),
  };
}

async function readBits(source: ByteSource, directory: Directory, samples: number) {
  const count = Math.min(samples, directory.fields.get(TAGS.bitsPerSample)?.count ?? samples);
  const all = (await readNumbers(source, directory, TAGS.bitsPerSample, count)) ?? [];
  const [bits = 1] = all;
  if (!BITS.includes(bits) || all.some((other) => other !== bits)) {
    throw unsupported(`${all.join(", ")} bits a sample`);
  }
  const format = await readNumber(source, directory, TAGS.sampleFormat, 1);
  if (format !== 1) throw unsupported("floating-point samples");
  return bits;
}

async function readLayout(
  source: ByteSource,
  directory: Directory,
  size: Size,
  samples: number,
  bits: number,
): Promise<SegmentLayout> {
  const number = (tag: number, otherwise: number) => readNumber(source, directory, tag, otherwise);
  if (samples > 1 && (await number(TAGS.planarConfiguration, 1)) === 2) {
    throw unsupported("colours in planes");
  }
  const segments = await readGrid(source, directory, size, 1, 1);
  if (segments.isTiled && Math.min(segments.width, segments.height) < MIN_TILE_SIDE) {
    throw damaged();
  }
  const plain = {
    ...{ directory, ...size, samples, bits, segments },
    ...{ planar: false, isTwoDimensional: false, jpeg: null, warnings: [] },
    isBitReversed: (await number(TAGS.fillOrder, 1)) === 2,
    predicted: false,
  };
  const compression = await number(TAGS.compression, COMPRESSION.none);
  switch (compression) {
    case COMPRESSION.none:
      return { ...plain, compression };
    case COMPRESSION.deflate:
    case COMPRESSION.oldDeflate: {
      const predictor = await number(TAGS.predictor, 1);
      if (predictor > 2) throw unsupported(`predictor ${predictor}`);
      return { ...plain, compression, predicted: predictor === 2 && (bits === 8 || bits === 16) };
    }
    case COMPRESSION.jpeg:
    case LOSSY_JPEG:
      return await readJpegLayout(source, { ...plain, compression: COMPRESSION.jpeg });
    default:
      throw unsupported(NAMES[compression] ?? `compression ${compression}`);
  }
}

const NAMES: Readonly<Record<number, string>> = { 52_546: "JPEG XL compression" };

async function readJpegLayout(source: ByteSource, plain: SegmentLayout): Promise<SegmentLayout> {
  const { directory, segments, samples, bits } = plain;
  const lossless = await openLosslessParts(source, directory, segments);
  const layout = { ...plain, isBitReversed: false };
  if (lossless) return { ...layout, bits: 16, lossless };
  if (samples !== 3 || bits !== 8) throw unsupported("JPEG of one colour");
  return { ...layout, jpeg: await openJpegParts(source, directory, segments, null) };
}

async function readPattern(source: ByteSource, directory: Directory): Promise<Sensor["pattern"]> {
  const size = await readNumbers(source, directory, RAW_TAGS.cfaRepeatPatternDim, 2);
  if (size && (size[0] !== 2 || size[1] !== 2)) throw unsupported("a pattern other than Bayer's");
  const colours = await readReals(source, directory, RAW_TAGS.cfaPattern, 4);
  const pattern = PATTERNS.find((known) => known.every((colour, i) => colour === colours?.[i]));
  if (pattern) return pattern;
  throw unsupported("a pattern other than Bayer's");
}

const PATTERNS = [
  [0, 1, 1, 2],
  [2, 1, 1, 0],
  [1, 0, 2, 1],
  [1, 2, 0, 1],
] as const;

async function readActiveArea(
  source: ByteSource,
  directory: Directory,
  { width, height }: Size,
): Promise<Rect> {
  const area = await readReals(source, directory, RAW_TAGS.activeArea, 4);
  const [top = 0, left = 0, bottom = height, right = width] = area ?? [];
  const active = { x: left, y: top, width: right - left, height: bottom - top };
  const isInside = right <= width && bottom <= height && active.x >= 0 && active.y >= 0;
  const isTooSmall = active.width < MIN_SIDE || active.height < MIN_SIDE;
  if (!isInside || isTooSmall || !Object.values(active).every(Number.isInteger)) {
    throw damaged("The raw file's active area is impossible.");
  }
  return active;
}

/** What is to be shown may begin and end within a pixel, and is all where it makes no sense. */
async function readCrop(source: ByteSource, directory: Directory, active: Rect): Promise<Rect> {
  const origin = await readReals(source, directory, RAW_TAGS.defaultCropOrigin, 2);
  const size = await readReals(source, directory, RAW_TAGS.defaultCropSize, 2);
  const [x = 0, y = 0] = (origin ?? []).map(Math.floor);
  const [width = active.width, height = active.height] = (size ?? []).map(Math.floor);
  const isPossible =
    Math.min(x, y) >= 0 &&
    Math.min(width, height) >= MIN_SIDE &&
    x + width <= active.width &&
    y + height <= active.height;
  return isPossible ? { x: active.x + x, y: active.y + y, width, height } : active;
}
