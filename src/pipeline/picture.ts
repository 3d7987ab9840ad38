/**
 * The seam between codecs, operations and the runner: a picture in flight is a description and a
 * stream of strips, never a buffer of the whole.
 */
import type { FormatName } from "../formats.ts";
import type { Rect, Size } from "./geometry.ts";
import type { Workspace } from "./memory.ts";

/** 1 is gray, 3 is RGB, 4 is RGB with straight (not premultiplied) alpha. 8 bits each. */
export type Channels = 1 | 3 | 4;

/** EXIF orientation, 1 to 8. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/**
 * Consecutive rows, packed without padding: `data.length === rows * width * channels`. `data` is
 * often a view of an engine's or codec's memory and is valid only until the next strip is pulled.
 */
export interface Strip {
  /** First row. Strips come top to bottom without gaps. */
  y: number;
  rows: number;
  data: Uint8Array;
}

/** What is known of a picture before its first strip. */
export interface PictureInfo {
  width: number;
  height: number;
  channels: Channels;
  /** Profile of the pixels; null means sRGB (for one channel: gray with sRGB's curve). */
  icc: Uint8Array | null;
}

export interface Picture extends PictureInfo {
  /**
   * Can be iterated once. Returning early frees everything. A picture that ends before its last
   * row must throw, never end.
   */
  strips: AsyncIterable<Strip>;
}

/** Rows a strip should have, where the producer is free to choose. */
export const STRIP_ROWS = 16;

/** A reminder for the user that the result differs from what they might expect. */
export interface Warning {
  code: string;
  message: string;
}

export interface Metadata {
  icc: Uint8Array | null;
  /** TIFF structure, starting with its byte order ("II" or "MM"), without the "Exif\0\0" prefix. */
  exif: Uint8Array | null;
  /** UTF-8 XML packet. */
  xmp: Uint8Array | null;
}

export interface DecodePlan {
  /** Denominator of the reduction while decoding; one of the source's `scales`. */
  scale: number;
  /**
   * The part of the reduced picture that is wanted, in its pixels: exactly those that a whole
   * picture would have there. null is all of it, and what sources without `regions` are asked for.
   */
  region: Rect | null;
  /** Of the whole, for a source that is a drawing: `region` is then in its pixels, and `scale` 1. */
  drawn?: Size;
}

/** One of an animation's pictures: the whole canvas as it looks for a while. */
export interface Frame extends Picture {
  /** At least 1; delays that browsers do not take at their word are as browsers show them. */
  durationMs: number;
}

/** How browsers show frames that say that they last up to 10 ms. */
export function shownDuration(durationMs: number): number {
  return durationMs <= 10 ? 100 : durationMs;
}

/** The frames of an input, over time. */
export interface Animation {
  /** How often it is played; 0 is for ever. */
  readonly plays: number;
  /** All colours of all frames as RGB triples, where the file tells that they are at most 256. */
  readonly colours: Uint8Array | null;
  /** Peak bytes that `frames` holds in WASM and buffers, for admission. An upper bound. */
  memory(plan: DecodePlan): number;
  /**
   * Decodes all frames in order, each composed to the full canvas and always RGBA. A frame's strips
   * are read before the next frame is pulled. Memory that lasts longer than a frame is taken before
   * the first one is given.
   * @throws AppError invalid_image, truncated_image, unsupported_feature
   */
  frames(plan: DecodePlan, workspace: Workspace): AsyncIterable<Frame>;
}

/** The picture in an input. */
export interface SourceInfo {
  readonly format: FormatName;
  /** Stored size in pixels, before orientation is applied. */
  readonly width: number;
  readonly height: number;
}

/** An opened file: its header has been read, no pixel has. */
export interface Source extends SourceInfo {
  /** Channels and profile that `picture` will deliver (CMYK is delivered as sRGB). */
  readonly channels: Channels;
  readonly icc: Uint8Array | null;
  /** Bits a sample in the file; pixels are always delivered in 8. */
  readonly depth: number;
  readonly orientation: Orientation;
  readonly metadata: Metadata;
  /** Frames of an animation; `picture` delivers the first. */
  readonly frames: number;
  /** Where there are several. */
  readonly animation?: Animation;
  /** Pictures beside each other in a file, each with a size of its own. This is one of them. */
  readonly pages: number;
  readonly warnings: readonly Warning[];
  /** Reductions the decoder offers, e.g. [1, 2, 4, 8]. A side becomes ceil(side / scale). */
  readonly scales: readonly number[];
  /** Whether `picture` delivers a region alone, for less work than the whole. */
  readonly regions?: true;
  /** Whether it is drawn at whatever size is wanted; `width` and `height` are then its own choice. */
  readonly isDrawing?: true;
  /** The size that it can be drawn at where its whole is to be `full` large: that, or a smaller one. */
  drawable?(full: Size): Size;
  /** A drawing as a new file of its own format, of another size, with only what is known to be harmless. */
  rewritten?(size: Size): AsyncIterable<Uint8Array>;
  /** Peak bytes that `picture` holds in WASM and buffers, for admission. An upper bound. */
  memory(plan: DecodePlan): number;
  /**
   * Opens another page; where there are several an opened file is its first.
   * @param index from 0 to `pages` - 1
   * @throws AppError invalid_image, truncated_image, unsupported_feature
   */
  page?(index: number): Promise<Source>;
  /**
   * Decodes the picture, of an animation the first frame. Memory comes from `workspace`, which frees it.
   * @throws AppError invalid_image, truncated_image, unsupported_feature
   */
  picture(plan: DecodePlan, workspace: Workspace): Promise<Picture>;
}
