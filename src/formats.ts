/**
 * The table of formats: everything about a format that needs no codec. The api Worker validates
 * against it, the lanes hang their codecs on it, so it must stay free of WASM.
 */
import {
  BMP_HEADER_BYTES,
  hasBrand,
  includes,
  isEpsf,
  isIllustrator,
  isRawTiff,
  isSvg,
  isTga,
  starts,
} from "./magic.ts";

export { SNIFF_BYTES } from "./magic.ts";

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

export const FORMATS = {
  jpg: {
    name: "jpg",
    aliases: ["jpeg", "jpe", "jfif"],
    mimeType: "image/jpeg",
    lane: "images",
    reads: true,
    writes: true,
    alpha: false,
    gray: true,
    lossless: "never",
    matches: (head) => starts(head, "\xff\xd8\xff"),
  },
  png: {
    name: "png",
    aliases: [],
    mimeType: "image/png",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "always",
    // One that is written has one picture: what moves is to be asked for.
    animation: "read",
    matches: (head) => starts(head, "\x89PNG\r\n\x1a\n"),
  },
  webp: {
    name: "webp",
    aliases: [],
    mimeType: "image/webp",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: false,
    lossless: "optional",
    animation: "both",
    maxSide: 16_383,
    maxLosslessPixels: 3_200_000,
    matches: (head) => starts(head, "RIFF") && starts(head, "WEBP", 8),
  },
  // Before TIFF, which most of them are.
  raw: {
    name: "raw",
    aliases: ["dng", "cr2", "cr3", "nef", "nrw", "arw", "srw", "pef", "orf", "rw2", "raf"],
    mimeType: "image/x-dcraw",
    lane: "images",
    reads: true,
    writes: false,
    alpha: false,
    gray: true,
    lossless: "never",
    matches: (head) =>
      ["FUJIFILMCCD-RAW", "IIRO", "IIRS", "MMOR", "IIU\0"].some((magic) => starts(head, magic)) ||
      (starts(head, "II*\0") && starts(head, "CR", 8)) ||
      hasBrand(head, "crx ") ||
      isRawTiff(head),
  },
  tiff: {
    name: "tiff",
    aliases: ["tif"],
    mimeType: "image/tiff",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "always",
    pages: "both",
    // 43 is BigTIFF.
    matches: (head) => ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((magic) => starts(head, magic)),
  },
  ico: {
    name: "ico",
    aliases: [],
    mimeType: "image/vnd.microsoft.icon",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: false,
    lossless: "always",
    pages: "read",
    maxSide: 256,
    // An icon or a cursor, of 1 to 255 pictures.
    matches: (head) =>
      (starts(head, "\0\0\x01\0") || starts(head, "\0\0\x02\0")) && head[4] !== 0 && head[5] === 0,
  },
  gif: {
    name: "gif",
    aliases: [],
    mimeType: "image/gif",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "never",
    animation: "both",
    maxPixels: 26_000_000,
    matches: (head) => starts(head, "GIF87a") || starts(head, "GIF89a"),
  },
  apng: {
    name: "apng",
    aliases: [],
    mimeType: "image/apng",
    lane: "images",
    // As png: nothing tells them apart at first.
    reads: false,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "always",
    animation: "write",
    matches: () => false,
  },
  bmp: {
    name: "bmp",
    aliases: ["dib"],
    mimeType: "image/bmp",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "always",
    // "BM" alone begins many a text; behind it comes the length of the next header, 12 to 124.
    matches: (head) => starts(head, "BM") && BMP_HEADER_BYTES.has(head[14] ?? 0) && head[15] === 0,
  },
  svg: {
    name: "svg",
    aliases: ["svgz"],
    mimeType: "image/svg+xml",
    lane: "documents",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "never",
    matches: isSvg,
  },
  eps: {
    name: "eps",
    aliases: ["epsf", "epsi"],
    mimeType: "application/postscript",
    lane: "documents",
    reads: true,
    writes: true,
    alpha: false,
    gray: true,
    lossless: "optional",
    // Behind a header that says where a preview is, or as plain text.
    matches: (head) => starts(head, "\xc5\xd0\xd3\xc6") || isEpsf(head),
  },
  ai: {
    name: "ai",
    aliases: [],
    mimeType: "application/vnd.adobe.illustrator",
    lane: "documents",
    reads: true,
    writes: false,
    alpha: true,
    gray: true,
    lossless: "never",
    mostly: "pdf",
    // Those that are no PDF.
    matches: isIllustrator,
  },
  pdf: {
    name: "pdf",
    aliases: [],
    mimeType: "application/pdf",
    lane: "documents",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "optional",
    pages: "both",
    // Some have a few bytes of something else in front, which readers skip.
    matches: (head) => includes(head, "%PDF-"),
  },
  avif: {
    name: "avif",
    aliases: [],
    mimeType: "image/avif",
    lane: "formats",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "never",
    pages: "read",
    // Of 8 bits.
    animation: "read",
    matches: (head) => hasBrand(head, "avif", "avis"),
  },
  heic: {
    name: "heic",
    aliases: ["heif", "hif"],
    mimeType: "image/heic",
    lane: "formats",
    reads: true,
    writes: true,
    alpha: true,
    gray: false,
    lossless: "never",
    pages: "read",
    matches: (head) =>
      hasBrand(head, "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1") &&
      !hasBrand(head, "avif", "avis"),
  },
  jp2: {
    name: "jp2",
    aliases: ["j2k", "j2c", "jpc", "jpf", "jpx"],
    mimeType: "image/jp2",
    lane: "formats",
    reads: true,
    writes: false,
    alpha: true,
    gray: true,
    lossless: "optional",
    // In boxes, or the bare codestream.
    matches: (head) => starts(head, "\0\0\0\x0cjP  \r\n\x87\n") || starts(head, "\xff\x4f\xff\x51"),
  },
  psd: {
    name: "psd",
    aliases: ["psb"],
    mimeType: "image/vnd.adobe.photoshop",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "always",
    maxPixels: 29_000_000,
    matches: (head) => starts(head, "8BPS\0\x01") || starts(head, "8BPS\0\x02"),
  },
  qoi: {
    name: "qoi",
    aliases: [],
    mimeType: "image/qoi",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: false,
    lossless: "always",
    matches: (head) => starts(head, "qoif"),
  },
  jxl: {
    name: "jxl",
    aliases: [],
    mimeType: "image/jxl",
    lane: "formats",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "optional",
    animation: "read",
    // A bare codestream, or boxes.
    matches: (head) => starts(head, "\xff\x0a") || starts(head, "\0\0\0\x0cJXL \r\n\x87\n"),
  },
  hdr: {
    name: "hdr",
    aliases: ["rgbe", "pic"],
    mimeType: "image/vnd.radiance",
    lane: "images",
    reads: true,
    writes: false,
    alpha: false,
    gray: false,
    lossless: "always",
    matches: (head) => starts(head, "#?RADIANCE") || starts(head, "#?RGBE"),
  },
  exr: {
    name: "exr",
    aliases: ["openexr"],
    mimeType: "image/x-exr",
    lane: "images",
    reads: true,
    writes: false,
    alpha: true,
    gray: true,
    lossless: "always",
    matches: (head) => starts(head, "\x76\x2f\x31\x01"),
  },
  tga: {
    name: "tga",
    aliases: ["targa", "icb", "vda", "vst"],
    mimeType: "image/x-tga",
    lane: "images",
    reads: true,
    writes: true,
    alpha: true,
    gray: true,
    lossless: "always",
    // There is no signature, so that it comes last, and every byte of the head must make sense.
    matches: isTga,
  },
} as const satisfies Record<string, Format>;

type Table = typeof FORMATS;
export type FormatName = keyof Table;

/** Names of the rows in which `Key` has a value of `Value`. */
type NamesWith<Key extends "lane" | "reads" | "writes", Value> = {
  [Name in FormatName]: Table[Name][Key] extends Value ? Name : never;
}[FormatName];

export type ReadableFormat = NamesWith<"reads", true>;
export type WritableFormat = NamesWith<"writes", true>;
/** Formats whose codecs live in one of the lanes. */
export type FormatsOf<Lane extends LaneName> = NamesWith<"lane", Lane>;

/** The format of a file by its first bytes; its name and its Content-Type decide nothing. */
export function sniffFormat(head: Uint8Array): FormatName | undefined {
  return formatNames().find((name) => FORMATS[name].matches(head));
}

/** The format a request means by "jpg", "JPEG" or ".jpeg". */
export function findFormat(name: string): FormatName | undefined {
  const wanted = name.trim().toLowerCase().replace(/^\./, "");
  return formatNames().find(
    (candidate) =>
      candidate === wanted || (FORMATS[candidate].aliases as readonly string[]).includes(wanted),
  );
}

/** The same, of those that an output may have. */
export function findWritableFormat(name: string): WritableFormat | undefined {
  const format = findFormat(name);
  return format !== undefined && isWritable(format) ? format : undefined;
}

export function formatNames(): FormatName[] {
  return Object.keys(FORMATS) as FormatName[];
}

export const isReadable = (name: FormatName): name is ReadableFormat => FORMATS[name].reads;

export const isWritable = (name: FormatName): name is WritableFormat => FORMATS[name].writes;

export const readableFormats = (): ReadableFormat[] => formatNames().filter(isReadable);

export const writableFormats = (): WritableFormat[] => formatNames().filter(isWritable);

/** The heaviest lane that one of the formats needs; formats of no row need none. */
export function heaviestLane(names: readonly FormatName[]): LaneName {
  const needed: readonly LaneName[] = names.map((name) => FORMATS[name].lane);
  return LANES.findLast((lane) => needed.includes(lane)) ?? LANES[0];
}
