/** What a format's codec offers the pipeline. A lane is a table of these (src/lanes/). */
import { AppError, unreadable } from "../errors.ts";
import { FORMATS, type FormatName, type ReadableFormat, type WritableFormat } from "../formats.ts";
import type { ByteSource } from "../pipeline/bytes.ts";
import type { PageOrientation, PageSize } from "../pipeline/options.ts";
import type { MemoryGate, Workspace } from "../pipeline/memory.ts";
import type { Frame, Metadata, Picture, PictureInfo, Source } from "../pipeline/picture.ts";

/**
 * How much work to spend on the file's size: `fast` encodes quickest, `default` balances, `max`
 * makes the smallest file it can.
 */
export type Effort = "fast" | "default" | "max";

/** How strips of TIFFs are compressed: `lzw` is what the oldest readers know. */
export type TiffCompression = "deflate" | "lzw" | "none";

export type ChromaSubsampling = "auto" | "4:4:4" | "4:2:0";

export interface EncodeOptions {
  /** 1 to 100; formats without quality ignore it. */
  quality: number;
  lossless: boolean;
  effort: Effort;
  /** Whether chroma keeps its resolution, in JPEG and AVIF; `auto` lets the quality decide. */
  chromaSubsampling: ChromaSubsampling;
  /** Of TIFFs. */
  compression: TiffCompression;
  /**
   * Rows of MCUs after which a baseline JPEG can be entered or repaired (restart markers); 0 is none.
   * Costs about two bytes each and lets readers skip ahead.
   */
  restartRows: number;
  /** 2 to 256: PNGs get a palette of so many at most; null leaves colours as they are. */
  colors: number | null;
  /** Share of the error that is spread over the neighbours where colours become fewer, 0 to 1. */
  dither: number;
  /** Squares to be made of the picture, for icons; null is the picture at its own size. */
  iconSizes: readonly number[] | null;
  /** What `Encoder.memory` should not pass where there are several ways; what is least may still. */
  roomBytes?: number;
  /** Where documents put the picture; without it a page is as large as the picture. */
  page?: PageLayout;
  /** Written into the file as they are; null members are left out. */
  metadata: Metadata;
}

/** From this quality on chroma keeps its resolution where nothing else is asked for. */
export const FULL_CHROMA_QUALITY = 90;

export function keepsChroma({
  quality,
  chromaSubsampling,
}: Pick<EncodeOptions, "quality" | "chromaSubsampling">): boolean {
  if (chromaSubsampling !== "auto") return chromaSubsampling === "4:4:4";
  return quality >= FULL_CHROMA_QUALITY;
}

export interface PageLayout {
  /** `fit` is the picture's own. */
  size: PageSize;
  /** Of paper; `auto` is the picture's. */
  orientation: PageOrientation;
  /** On all four sides. */
  marginMm: number;
  /** How large the picture is; null is 96 where the page fits it, and as large as paper lets it be. */
  dpi: number | null;
}

/**
 * Reads a file's header, at most a few hundred kilobytes of it plus its metadata, and checks it.
 * Allocates nothing that depends on the picture's size; what depends on the file's is admitted.
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export type Open = (bytes: ByteSource, context: OpenContext) => Promise<Source>;

/** What documents need beside the file. */
export interface OpenContext {
  /** For codecs that need memory to open a file. */
  gate: MemoryGate;
  maxSide: number;
  maxPixels: number;
  /** Pixels an inch of what has no pixels; null is the format's own. */
  dpi: number | null;
  /** Of protected files. */
  password: string | null;
  /** Whether pages are drawn on nothing instead of on white paper. */
  transparent: boolean;
}

export interface Encoder {
  /** Peak bytes that `encode` holds in WASM and buffers, for admission. An upper bound. */
  memory(picture: PictureInfo, options: EncodeOptions): number;
  /**
   * Consumes the picture's strips and yields the file in order. Every chunk belongs to the
   * receiver. The channels are ones the format can store (`Format.alpha`, `Format.gray`).
   */
  encode(picture: Picture, options: EncodeOptions, workspace: Workspace): AsyncIterable<Uint8Array>;
  /** Whether a sample of the picture tells nothing of how long its file will be. */
  measuresWhole?: true;
  /**
   * The file with the input's own bytes in it, for formats that can hold others. Only asked where
   * nothing but turning upright would change the picture.
   * @returns null where this input does not suit
   */
  embed?(
    input: ByteSource,
    source: Source,
    options: EncodeOptions,
  ): Promise<AsyncIterable<Uint8Array> | null>;
  /** Where the format can move. */
  animation?: AnimationEncoder;
  /** Where a file can have several pages. */
  pages?: PagesEncoder;
}

/** One of the pages of a file that is being written. */
export interface Page {
  picture: Picture;
  options: EncodeOptions;
  /** Has room for what `Encoder.memory` says of this page, and ends with it. */
  workspace: Workspace;
  /** The file that shows the same, if turned upright, for formats that can hold others. */
  original: { bytes: ByteSource; source: Source } | null;
  isLast: boolean;
}

/** As Encoder, for pictures of different sizes: each is encoded before the next is pulled. */
export interface PagesEncoder {
  /** What is remembered of a page until the file ends, in bytes. An upper bound. */
  recordBytes: number;
  /** @param pages at least one */
  encode(pages: AsyncIterable<Page>): AsyncIterable<Uint8Array>;
}

/** What is known of an animation before its first frame. */
export interface AnimationInfo extends PictureInfo {
  frames: number;
  /** How often it is played; 0 is for ever. */
  plays: number;
  /** All colours of all frames as RGB triples, where they are known to be at most 256. */
  colours: Uint8Array | null;
}

export interface MovingPicture extends AnimationInfo {
  /** Can be iterated once; a frame's strips are consumed before the next frame is pulled. */
  pictures: AsyncIterable<Frame>;
}

/**
 * As Encoder, for a sequence of pictures of one size. What must outlast a frame is allocated before
 * the first is pulled, or lasting: the rest of what a frame took is gone when the next is pulled.
 */
export interface AnimationEncoder {
  memory(picture: AnimationInfo, options: EncodeOptions): number;
  encode(
    picture: MovingPicture,
    options: EncodeOptions,
    workspace: Workspace,
  ): AsyncIterable<Uint8Array>;
}

export interface Codec {
  open: Open;
  encoder: Encoder;
}

/** What a codec must have of a format: what the table of formats says it reads and writes. */
type CodecOf<Name extends FormatName> = (Name extends ReadableFormat
  ? Pick<Codec, "open">
  : unknown) &
  (Name extends WritableFormat ? Pick<Codec, "encoder"> : unknown);

/** A codec for each of the formats. */
export type Codecs<Names extends FormatName = FormatName> = {
  readonly [Name in Names]: CodecOf<Name>;
};

/** What a lane has: at least the formats of the jobs that are sent to it. */
export type LaneCodecs = Readonly<Partial<Record<FormatName, Partial<Codec>>>>;

/** @throws AppError unsupported_input_format where files of the format are only written */
export function openerOf(codecs: LaneCodecs, format: FormatName): Open {
  const open = codecs[format]?.open;
  if (open) return open;
  throw FORMATS[format].reads ? missing(format) : unreadable(format);
}

export function encoderOf(codecs: LaneCodecs, format: WritableFormat): Encoder {
  const encoder = codecs[format]?.encoder;
  if (encoder) return encoder;
  throw missing(format);
}

const missing = (format: FormatName): AppError =>
  new AppError(
    "internal",
    "Something went wrong on our side.",
    {},
    {
      cause: new Error(`This lane has no codec for ${format}.`),
    },
  );
