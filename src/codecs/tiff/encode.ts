/**
 * Rows → horizontal differences → zlib or LZW, a strip at a time. The directory comes first, so that
 * readers of streams find it; for that, the lengths of all strips must be known before the first
 * is written. They are held, compressed, up to a bound. Beyond it the rest is stored without
 * compression, where lengths are known: the file is valid all the same, and memory is bounded.
 */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions, Page } from "../codec.ts";
import { toFields } from "./exif.ts";
import { SCHEMES } from "./schemes.ts";
import { EXTRA_SAMPLE, PHOTOMETRIC, PREDICTOR, TAGS, TYPES } from "./tags.ts";
import { directoryBytes, writeDirectory, type Field } from "./write-directory.ts";

/** Raw bytes of a strip, where a row is not longer. */
const STRIP_BYTES = 128 * 1024;

/** Compressed strips that are held: a photo of 12 megapixels takes about 20 MiB. */
const HELD_BYTES = 24 * MIB;

/** Its fields, which may share bytes in EXIF, and these written. */
const EXIF_COPIES = 4;

/** Offsets have 32 bits, and the next is even. */
const MAX_OFFSET = 2 ** 32 - 2;

/** Pixels an inch: what readers assume where a picture does not say. */
const RESOLUTION = 72;
const INCH = 2;

interface StripLayout {
  rowBytes: number;
  rowsPerStrip: number;
  /** Raw length of each. */
  rawBytes: readonly number[];
}

function layOutStrips({ width, height, channels }: PictureInfo): StripLayout {
  const rowBytes = width * channels;
  const rowsPerStrip = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)));
  const rawBytes = Array.from(
    { length: Math.ceil(height / rowsPerStrip) },
    (_, index) => Math.min(rowsPerStrip, height - index * rowsPerStrip) * rowBytes,
  );
  return { rowBytes, rowsPerStrip, rawBytes };
}

/** Upper bound, in bytes. */
export function encodeMemory(picture: PictureInfo, options: EncodeOptions): number {
  const strips = layOutStrips(picture);
  const { compress, storedBytes, workBytes } = SCHEMES[options.compression];
  const all = strips.rawBytes.reduce((sum, bytes) => sum + storedBytes(bytes), 0);
  const [first = 0] = strips.rawBytes;
  const head = directoryBytes(listFields(picture, options, strips, strips.rawBytes, []));
  const exif = EXIF_COPIES * (options.metadata.exif?.length ?? 0);
  const held = compress ? Math.min(all, HELD_BYTES) : 0;
  return held + first + workBytes(first) + 2 * head + exif;
}

/** @throws AppError internal, when the strips end too early */
export async function* encodeTiff(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* encodePage({ picture, options, workspace, isLast: true }, 0);
}

/** Each page's directory and strips behind those of the one before. @throws as `encodeTiff` */
export async function* encodePages(
  pages: AsyncIterable<Page>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let start = 0;
  for await (const page of pages) start = yield* encodePage(page, start);
}

/**
 * @param start offset in the file
 * @returns offset of what follows
 */
async function* encodePage(
  page: Omit<Page, "original">,
  start: number,
): AsyncGenerator<Uint8Array, number, undefined> {
  const { picture, options, workspace } = page;
  const strips = layOutStrips(picture);
  const { exif } = options.metadata;
  const exifFields = exif ? await toFields(exif) : [];
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  const scheme = SCHEMES[options.compression];
  let { compress } = scheme;
  let end = 0;
  const head = (): Uint8Array => {
    const made = writeHead(page, strips, held, exifFields, start);
    ({ end } = made);
    return made.bytes;
  };
  if (!compress) yield head();
  for await (const raw of cutStrips(picture, strips, scheme.isPredicted, workspace)) {
    if (compress) {
      const compressed = compress(raw, options.effort);
      if (heldBytes + compressed.length <= HELD_BYTES) {
        const copy = workspace.allocate(compressed.length);
        copy.set(compressed);
        held.push(copy);
        heldBytes += copy.length;
        continue;
      }
      compress = null;
      yield head();
      yield* release(held, workspace);
    }
    yield scheme.store(raw);
  }
  if (compress) {
    yield head();
    yield* release(held, workspace);
  }
  if (end % 2 === 1) yield new Uint8Array(1);
  return evenOffset(end);
}

/** Directories lie on even offsets. */
const evenOffset = (offset: number): number => offset + (offset % 2);

function* release(held: Uint8Array[], workspace: Workspace): Generator<Uint8Array> {
  for (const strip of held.splice(0)) {
    workspace.free(strip);
    yield strip;
  }
}

/** The strips of the file, as differences where they are asked for; each is valid until the next. */
async function* cutStrips(
  picture: Picture,
  { rowBytes, rawBytes }: StripLayout,
  isPredicted: boolean,
  workspace: Workspace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const strip = workspace.allocate(rawBytes[0] ?? 0);
  let index = 0;
  let filled = 0;
  for await (const { data } of picture.strips) {
    for (let at = 0; at < data.length;) {
      const wanted = rawBytes[index] ?? 0;
      const part = data.subarray(at, at + wanted - filled);
      strip.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < wanted) continue;
      const whole = strip.subarray(0, wanted);
      if (isPredicted) takeDifferences(whole, rowBytes, picture.channels);
      yield whole;
      index++;
      filled = 0;
    }
  }
  if (index < rawBytes.length) {
    throw new AppError("internal", "The picture ended before its last row.");
  }
}

/** Predictor 2 (TIFF 6.0, section 14): each sample less the one of the pixel to its left. */
function takeDifferences(rows: Uint8Array, rowBytes: number, channels: number): void {
  for (let start = 0; start < rows.length; start += rowBytes) {
    for (let i = start + rowBytes - 1; i >= start + channels; i--) {
      rows[i] = (rows[i] as number) - (rows[i - channels] as number);
    }
  }
}

/**
 * @param held the strips that are compressed; the others are to be stored
 * @returns `end` is the offset behind the last strip
 * @throws AppError unsupported_feature where that is more than a TIFF can say
 */
function writeHead(
  { picture, options, isLast }: Omit<Page, "original">,
  strips: StripLayout,
  held: readonly Uint8Array[],
  exifFields: readonly Field[],
  start: number,
): { bytes: Uint8Array; end: number } {
  const { storedBytes } = SCHEMES[options.compression];
  const lengths = strips.rawBytes.map((raw, index) => held[index]?.length ?? storedBytes(raw));
  const fields = listFields(picture, options, strips, lengths, exifFields, start);
  const end = lengths.reduce((sum, bytes) => sum + bytes, start + directoryBytes(fields, start));
  if (end > MAX_OFFSET) {
    throw new AppError("unsupported_feature", "The pages would not fit a TIFF, which has 4 GiB.");
  }
  const next = isLast ? 0 : evenOffset(end);
  return { bytes: writeDirectory(fields, { start, next }), end };
}

function listFields(
  { width, height, channels }: PictureInfo,
  { compression, metadata: { icc, xmp } }: EncodeOptions,
  { rowsPerStrip }: StripLayout,
  stripBytes: readonly number[],
  exifFields: readonly Field[],
  start = 0,
): Field[] {
  const short = (tag: number, ...values: number[]): Field => ({ tag, type: TYPES.short, values });
  const long = (tag: number, values: ArrayLike<number>): Field => ({
    ...{ tag, type: TYPES.long, values },
  });
  const rational = (tag: number, value: number): Field => ({
    ...{ tag, type: TYPES.rational, values: [value] },
  });
  const offsets = new Uint32Array(stripBytes.length);
  const fields: Field[] = [
    long(TAGS.imageWidth, [width]),
    long(TAGS.imageLength, [height]),
    short(TAGS.bitsPerSample, ...Array.from({ length: channels }, () => 8)),
    short(TAGS.compression, SCHEMES[compression].code),
    short(TAGS.photometric, channels === 1 ? PHOTOMETRIC.blackIsZero : PHOTOMETRIC.rgb),
    long(TAGS.stripOffsets, offsets),
    short(TAGS.orientation, 1),
    short(TAGS.samplesPerPixel, channels),
    long(TAGS.rowsPerStrip, [rowsPerStrip]),
    long(TAGS.stripByteCounts, stripBytes),
    rational(TAGS.xResolution, RESOLUTION),
    rational(TAGS.yResolution, RESOLUTION),
    short(TAGS.planarConfiguration, 1),
    short(TAGS.resolutionUnit, INCH),
  ];
  if (SCHEMES[compression].isPredicted) fields.push(short(TAGS.predictor, PREDICTOR.horizontal));
  if (channels === 4) fields.push(short(TAGS.extraSamples, EXTRA_SAMPLE.alpha));
  if (xmp) fields.push({ tag: TAGS.xmp, type: TYPES.byte, values: xmp });
  if (icc) fields.push({ tag: TAGS.icc, type: TYPES.undefined, values: icc });

  fields.push(...exifFields);
  fields.sort((a, b) => a.tag - b.tag);

  let offset = start + directoryBytes(fields, start);
  for (const [index, bytes] of stripBytes.entries()) {
    offsets[index] = offset;
    offset += bytes;
  }
  return fields;
}
