/** What a TIFF's page says of its pixels, checked. */
import { MAX_METADATA_BYTES } from "../../limits.ts";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Metadata, Orientation, Warning } from "../../pipeline/picture.ts";
import type { JpegHeader } from "../jpeg/header.ts";
import { REDUCED_TO_8_BIT } from "../reduced-to-8-bit.ts";
import {
  findIntegers,
  readBlob,
  readNumber,
  readNumbers,
  REDUCED,
  type Directory,
  type FieldPlace,
} from "./directory.ts";
import { readExif } from "./exif.ts";
import { isFax } from "./expand.ts";
import { damaged, unsupported } from "./failures.ts";
import { openJpegParts, type JpegParts } from "./jpeg-parts.ts";
import type { LosslessParts } from "./lossless-parts.ts";
import { COMPRESSION, EXTRA_SAMPLE, PHOTOMETRIC, PREDICTOR, TAGS } from "./tags.ts";

export type Bits = 1 | 2 | 4 | 8 | 16;
/** YCbCr is told by its compression: its decoder gives RGB. */
export type Photometric = Exclude<
  (typeof PHOTOMETRIC)[keyof typeof PHOTOMETRIC],
  typeof PHOTOMETRIC.yCbCr
>;
export type Compression = (typeof COMPRESSION)[keyof typeof COMPRESSION];

export interface TiffHeader {
  directory: Directory;
  width: number;
  height: number;
  bits: Bits;
  /** Samples a pixel, extra ones included. */
  samples: number;
  photometric: Photometric;
  /** What the first sample behind the colour's is; null where there is none. */
  alpha: "straight" | "associated" | null;
  compression: Compression;
  /** Of fax coding in group 3. */
  isTwoDimensional: boolean;
  /** Null where parts are no JPEGs. */
  jpeg: JpegParts | null;
  /** Whether the first pixel of a byte is in its lowest bits. */
  isBitReversed: boolean;
  /** Whether samples are stored as differences. */
  predicted: boolean;
  /** Whether each sample has strips or tiles of its own. */
  planar: boolean;
  segments: SegmentGrid;
  /** RGB of each index; null where samples are no indices. */
  palette: Uint8Array | null;
  orientation: Orientation;
  metadata: Metadata;
  warnings: Warning[];
}

/** What the rows' readers go by. */
export type SegmentLayout = Omit<
  TiffHeader,
  "bits" | "photometric" | "alpha" | "palette" | "orientation" | "metadata"
> & {
  bits: number;
  /** Where parts are lossless JPEGs, whose samples have 16 bits when they are decoded. */
  lossless?: LosslessParts;
};

/** The strips or tiles; a strip is a tile as wide as the picture. */
export interface SegmentGrid {
  width: number;
  height: number;
  columns: number;
  rows: number;
  /** All planes'. */
  count: number;
  isTiled: boolean;
  offsets: FieldPlace;
  /** Null where the file does not say: then what is not compressed is as long as it must be. */
  byteCounts: FieldPlace | null;
}

const MAX_SAMPLES = 16;
const MAX_DIMENSION = 2 ** 31 - 1;
/** Tiles are a multiple of this wide and high (TIFF 6.0, section 15), but for raw files'. */
const TILE_STEP = 16;

const NAMES: Readonly<Record<number, string>> = {
  6: "JPEG compression of the old kind",
  32_771: "CCITT compression by words",
  34_712: "JPEG 2000 compression",
  50_000: "Zstandard compression",
  50_001: "WebP compression",
};

/** What a JPEG's samples are, by what the TIFF says of them. */
const JPEG_COLOURS: Readonly<Record<number, JpegHeader["colour"]>> = {
  [PHOTOMETRIC.whiteIsZero]: "gray",
  [PHOTOMETRIC.blackIsZero]: "gray",
  [PHOTOMETRIC.rgb]: "rgb",
  [PHOTOMETRIC.separated]: "cmyk",
  [PHOTOMETRIC.yCbCr]: "ycc",
};
const JPEG_COMPONENTS: Readonly<Record<JpegHeader["colour"], number>> = {
  ...{ gray: 1, rgb: 3, ycc: 3, cmyk: 4, ycck: 4 },
};

/** What the parts are to be taken for, so that all their samples come out. */
function toJpegColour(stored: number, samples: number): JpegHeader["colour"] {
  // Four samples that stay as they are, be they inks or not.
  if (stored === PHOTOMETRIC.rgb && samples === 4) return "cmyk";
  const colour = JPEG_COLOURS[stored] ?? "rgb";
  if (JPEG_COMPONENTS[colour] === samples) return colour;
  throw unsupported(`JPEG with ${samples} samples a pixel of kind ${stored}`);
}

/** Bit of T4Options. */
const TWO_DIMENSIONAL = 1;

/** Samples of the colour, without extra ones. */
export const COLOUR_SAMPLES: Readonly<Record<Photometric, 1 | 3 | 4>> = {
  0: 1,
  1: 1,
  2: 3,
  3: 1,
  5: 4,
};

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export async function readHeader(source: ByteSource, directory: Directory): Promise<TiffHeader> {
  const number = (tag: number, otherwise: number) => readNumber(source, directory, tag, otherwise);

  const width = await number(TAGS.imageWidth, 0);
  const height = await number(TAGS.imageLength, 0);
  if (width === 0 || height === 0) throw damaged("The TIFF has no pixels.");
  if (width > MAX_DIMENSION || height > MAX_DIMENSION) throw damaged("The TIFF's size is invalid.");

  const samples = await number(TAGS.samplesPerPixel, 1);
  if (samples === 0) throw damaged();
  if (samples > MAX_SAMPLES) throw unsupported(`a picture of ${samples} samples a pixel`);
  const bits = await readBits(source, directory, samples);
  const compression = toCompression(await number(TAGS.compression, COMPRESSION.none));
  const stored = await readPhotometric(source, directory, samples, compression);
  const photometric = stored === PHOTOMETRIC.yCbCr ? PHOTOMETRIC.rgb : stored;
  if (samples < COLOUR_SAMPLES[photometric]) throw damaged();
  const planar = samples > 1 && (await number(TAGS.planarConfiguration, 1)) === 2;
  if (isFax(compression) && (bits !== 1 || (samples > 1 && !planar)))
    throw unsupported("colour in CCITT coding");
  const segments = await readGrid(source, directory, { width, height }, planar ? samples : 1);
  const isJpeg = compression === COMPRESSION.jpeg;
  if (isJpeg && (planar || bits !== 8)) throw unsupported("JPEG in planes, or of 12 bits");
  const alpha = await readAlpha(source, directory, samples - COLOUR_SAMPLES[photometric]);
  const orientation = await number(TAGS.orientation, 1);
  const icc = await readBlob(source, directory, TAGS.icc, MAX_METADATA_BYTES);
  let room = MAX_METADATA_BYTES - (icc?.length ?? 0);
  const xmp = await readBlob(source, directory, TAGS.xmp, room);
  room -= xmp?.length ?? 0;
  const exif = await readExif(source, directory, room);
  return {
    ...{ directory, width, height, bits, samples, photometric, alpha, compression, planar },
    segments,
    isTwoDimensional: ((await number(TAGS.groupThreeOptions, 0)) & TWO_DIMENSIONAL) !== 0,
    jpeg: isJpeg
      ? await openJpegParts(source, directory, segments, toJpegColour(stored, samples))
      : null,
    isBitReversed: !isJpeg && (await number(TAGS.fillOrder, 1)) === 2,
    predicted: await readPredictor(source, directory, compression, bits),
    palette:
      photometric === PHOTOMETRIC.palette ? await readPalette(source, directory, bits) : null,
    orientation: (orientation >= 1 && orientation <= 8 ? orientation : 1) as Orientation,
    metadata: { icc, exif, xmp },
    warnings: bits === 16 ? [REDUCED_TO_8_BIT] : [],
  };
}

/** Raw files are TIFFs whose first page is a small preview, or say that they are DNG. */
export async function isCameraRaw(source: ByteSource, directory: Directory): Promise<boolean> {
  const { fields } = directory;
  if (fields.has(TAGS.dngVersion)) return true;
  const type = await readNumber(source, directory, TAGS.newSubfileType, 0);
  return fields.has(TAGS.subDirectories) && (type & REDUCED) !== 0;
}

async function readBits(source: ByteSource, directory: Directory, samples: number): Promise<Bits> {
  // Some writers give one number for all samples.
  const count = Math.min(samples, directory.fields.get(TAGS.bitsPerSample)?.count ?? samples);
  const [bits = 1, ...others] =
    (await readNumbers(source, directory, TAGS.bitsPerSample, count)) ?? [];
  const formatCount = Math.min(samples, directory.fields.get(TAGS.sampleFormat)?.count ?? samples);
  const formats = (await readNumbers(source, directory, TAGS.sampleFormat, formatCount)) ?? [];
  // 4 is "undefined": unsigned integers then, too.
  if (formats.some((format) => format !== 1 && format !== 4)) {
    throw unsupported("a picture of signed or floating-point samples");
  }
  if (others.some((other) => other !== bits) || ![1, 2, 4, 8, 16].includes(bits)) {
    throw unsupported(`a picture of ${[bits, ...others].join(", ")} bits a sample`);
  }
  return bits as Bits;
}

async function readPhotometric(
  source: ByteSource,
  directory: Directory,
  samples: number,
  compression: Compression,
): Promise<Photometric | typeof PHOTOMETRIC.yCbCr> {
  // Where it is missing: what libtiff assumes.
  const otherwise = samples >= 3 ? PHOTOMETRIC.rgb : PHOTOMETRIC.blackIsZero;
  const photometric = await readNumber(source, directory, TAGS.photometric, otherwise);
  if (photometric === PHOTOMETRIC.yCbCr) {
    if (compression === COMPRESSION.jpeg) return photometric;
    throw unsupported("YCbCr that is not compressed as JPEG");
  }
  if (!(photometric in COLOUR_SAMPLES)) throw unsupported(`colours of kind ${photometric}`);
  if (photometric === PHOTOMETRIC.separated) {
    const inks = await readNumber(source, directory, TAGS.inkSet, 1);
    if (inks !== 1) throw unsupported("a picture of inks other than CMYK");
  }
  return photometric as Photometric;
}

function toCompression(value: number): Compression {
  const known = Object.values(COMPRESSION).find((compression) => compression === value);
  if (known !== undefined) return known;
  throw unsupported(NAMES[value] ?? `compression ${value}`);
}

/** Of extra samples, only one in the first place can be transparency. */
async function readAlpha(
  source: ByteSource,
  directory: Directory,
  extras: number,
): Promise<TiffHeader["alpha"]> {
  if (extras <= 0) return null;
  // Where the field is missing the file breaks the rules; readers take a fourth sample for alpha.
  const kind = await readNumber(source, directory, TAGS.extraSamples, EXTRA_SAMPLE.alpha);
  if (kind === EXTRA_SAMPLE.associatedAlpha) return "associated";
  return kind === EXTRA_SAMPLE.alpha ? "straight" : null;
}

async function readPredictor(
  source: ByteSource,
  directory: Directory,
  compression: Compression,
  bits: Bits,
): Promise<boolean> {
  // The field belongs to these.
  const counts =
    compression === COMPRESSION.lzw ||
    compression === COMPRESSION.deflate ||
    compression === COMPRESSION.oldDeflate;
  const predictor = await readNumber(source, directory, TAGS.predictor, PREDICTOR.none);
  if (!counts || predictor === PREDICTOR.none) return false;
  if (predictor !== PREDICTOR.horizontal || bits < 8) throw unsupported(`predictor ${predictor}`);
  return true;
}

/** @throws AppError invalid_image, truncated_image */
export async function readGrid(
  source: ByteSource,
  directory: Directory,
  { width, height }: Size,
  planes: number,
  tileStep = TILE_STEP,
): Promise<SegmentGrid> {
  const isTiled = directory.fields.has(TAGS.tileWidth);
  const number = (tag: number, otherwise: number) => readNumber(source, directory, tag, otherwise);
  const size = isTiled
    ? { width: await number(TAGS.tileWidth, 0), height: await number(TAGS.tileLength, 0) }
    : { width, height: Math.min(height, await number(TAGS.rowsPerStrip, height)) };
  if (size.height === 0) throw damaged();
  if (isTiled && (size.width === 0 || size.width % tileStep || size.height % tileStep)) {
    throw damaged("The TIFF's tiles have an impossible size.");
  }
  const columns = Math.ceil(width / size.width);
  const rows = Math.ceil(height / size.height);
  const count = columns * rows * planes;
  const place = (tiles: number, strips: number) =>
    findIntegers(source, directory, isTiled ? tiles : strips, count);
  const offsets = place(TAGS.tileOffsets, TAGS.stripOffsets);
  if (!offsets) throw damaged("The TIFF does not say where its pixels are.");
  const byteCounts = place(TAGS.tileByteCounts, TAGS.stripByteCounts);
  return { ...size, columns, rows, count, isTiled, offsets, byteCounts };
}

/** All reds, then all greens, then all blues, of 16 bits each. */
async function readPalette(
  source: ByteSource,
  directory: Directory,
  bits: Bits,
): Promise<Uint8Array> {
  if (bits > 8) throw unsupported("a palette of more than 256 colours");
  const colours = 1 << bits;
  const values = await readNumbers(source, directory, TAGS.colorMap, 3 * colours);
  if (!values) throw damaged("The TIFF's palette is missing.");
  const palette = new Uint8Array(3 * 256);
  for (let i = 0; i < values.length; i++) {
    palette[(i % colours) * 3 + Math.floor(i / colours)] = (values[i] ?? 0) >> 8;
  }
  return palette;
}
