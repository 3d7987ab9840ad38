/** What a format's codec offers the pipeline. A lane is a table of these (src/lanes/). */
import type { ByteSource } from "../pipeline/bytes.ts";
import type { Workspace } from "../pipeline/memory.ts";
import type { Metadata, Picture, PictureInfo, Source } from "../pipeline/picture.ts";

/**
 * How much work to spend on the file's size: `fast` encodes quickest, `default` balances, `max`
 * makes the smallest file it can.
 */
export type Effort = "fast" | "default" | "max";

export interface EncodeOptions {
  /** 1 to 100; formats without quality ignore it. */
  quality: number;
  lossless: boolean;
  effort: Effort;
  /** 2 to 256: PNGs get a palette of so many at most; null leaves colours as they are. */
  colors: number | null;
  /** Squares to be made of the picture, for icons; null is the picture at its own size. */
  iconSizes: readonly number[] | null;
  /** Written into the file as they are; null members are left out. */
  metadata: Metadata;
}

/**
 * Reads a file's header, at most a few hundred kilobytes of it plus its metadata, and checks it.
 * Allocates nothing that depends on the picture's size.
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export type Open = (bytes: ByteSource) => Promise<Source>;

export interface Encoder {
  /** Peak bytes that `encode` holds in WASM and buffers, for admission. An upper bound. */
  memory(picture: PictureInfo, options: EncodeOptions): number;
  /**
   * Consumes the picture's strips and yields the file in order. Every chunk belongs to the
   * receiver. The channels are ones the format can store (`Format.alpha`, `Format.gray`).
   */
  encode(picture: Picture, options: EncodeOptions, workspace: Workspace): AsyncIterable<Uint8Array>;
}

export interface Codec {
  open: Open;
  encoder: Encoder;
}
