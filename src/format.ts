/** What is known of a format without its codec: what a row of FORMATS says. */

/** Consumer Workers by the weight of their codecs; each also has those of the ones before it. */
export const LANES = ["images", "formats", "documents"] as const;
export type LaneName = (typeof LANES)[number];

export type Direction = "read" | "write" | "both";

export interface Format {
  /** Preferred extension, and the name the format goes by in requests and answers. */
  name: string;
  aliases: readonly string[];
  mimeType: string;
  /** Consumer Worker whose codecs the format needs. */
  lane: LaneName;
  /** Whether an input may be of this format. */
  reads: boolean;
  /** Whether an output may. What follows is about outputs. */
  writes: boolean;
  /** Whether an output of this format can be transparent. */
  alpha: boolean;
  /** Whether a picture with one channel stays one. */
  gray: boolean;
  lossless: "always" | "optional" | "never";
  /** Whether animations of it are read and written as such; without it they are one picture. */
  animation?: Direction;
  /** Whether files of several pages are read and written as such. */
  pages?: Direction;
  /** Longest side of an output, where that is less than MAX_SIDE. */
  maxSide?: number;
  /** Pixels of the largest opaque output that fits the memory, where a picture may have more. */
  maxPixels?: number;
  /** The same without loss. */
  maxLosslessPixels?: number;
  /** The format that files by this name mostly are, and then are told to be. */
  mostly?: string;
  /** Whether `head`, the first SNIFF_BYTES of a file, are of this format. */
  matches(head: Uint8Array): boolean;
}
