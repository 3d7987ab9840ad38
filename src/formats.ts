/**
 * The table of formats: everything about a format that needs no codec. The api Worker validates
 * against it, the lanes hang their codecs on it, so it must stay free of WASM.
 */

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
  /** Pixels of the largest output that fits the memory, where a picture may have more. */
  maxPixels?: number;
  /** The same without loss. */
  maxLosslessPixels?: number;
  /** Whether `head`, the first SNIFF_BYTES of a file, are of this format. */
  matches(head: Uint8Array): boolean;
}

const starts = (head: Uint8Array, signature: string, offset = 0): boolean => {
  for (let i = 0; i < signature.length; i++) {
    if (head[offset + i] !== signature.charCodeAt(i)) return false;
  }
  return true;
};

const includes = (head: Uint8Array, text: string): boolean =>
  head.some((_, offset) => starts(head, text, offset));

/** Whether a file of boxes names one of the brands among those it says it is of. */
const hasBrand = (head: Uint8Array, ...brands: string[]): boolean => {
  if (!starts(head, "ftyp", 4)) return false;
  const end = Math.min(head.length, (head[2] ?? 0) * 256 + (head[3] ?? 0));
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    if (brands.some((brand) => starts(head, brand, at))) return true;
  }
  return false;
};

/** Whether the first element, behind declarations and comments, is one of SVG. */
function isSvg(head: Uint8Array): boolean {
  const encoding = head[0] === 0xff ? "utf-16le" : head[0] === 0xfe ? "utf-16be" : "utf-8";
  const text = new TextDecoder(encoding).decode(head.subarray(0, SNIFF_BYTES));
  if (!/^\s*</.test(text)) return false;
  if (/<!DOCTYPE\s+svg\b/.test(text)) return true;
  const element = /<(?![?!])([\w.:-]+)/.exec(text.replace(/<!--[^]*?(?:-->|$)/g, ""));
  return /^(?:\w+:)?svg$/.test(element?.[1] ?? "");
}

/** Lengths of the headers that Windows and OS/2 have used. */
const BMP_HEADER_BYTES = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

const TGA_HEAD_BYTES = 18;

/** Whether each field of the head is one that TGAs have. */
function isTga(head: Uint8Array): boolean {
  if (head.length < TGA_HEAD_BYTES) return false;
  const at = (index: number): number => head[index] ?? 0;
  const isMapped = at(2) === 1 || at(2) === 9;
  const mapBits = isMapped ? [15, 16, 24, 32] : [0, 15, 16, 24, 32];
  const pixelBits = isMapped || at(2) === 3 || at(2) === 11 ? [8] : [15, 16, 24, 32];
  return (
    [1, 2, 3, 9, 10, 11].includes(at(2)) &&
    (isMapped ? at(1) === 1 : at(1) <= 1) &&
    mapBits.includes(at(7)) &&
    (at(1) === 1 || at(3) + at(4) + at(5) + at(6) === 0) &&
    at(12) + at(13) > 0 &&
    at(14) + at(15) > 0 &&
    pixelBits.includes(at(16)) &&
    (at(17) & 0xc0) === 0 &&
    [0, 1, 8].includes(at(17) & 15)
  );
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
    pages: "read",
    // 43 is BigTIFF. Canon's raw files, which say so behind, are another matter.
    matches: (head) =>
      ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((magic) => starts(head, magic)) &&
      !starts(head, "CR", 8),
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
  bmp: {
    name: "bmp",
    aliases: ["dib"],
    mimeType: "image/bmp",
    lane: "images",
    reads: true,
    writes: true,
    // The format has it, hardly any program that reads it does.
    alpha: false,
    gray: true,
    lossless: "always",
    // "BM" alone begins many a text; behind it comes the length of the next header, 12 to 124.
    matches: (head) => starts(head, "BM") && BMP_HEADER_BYTES.has(head[14] ?? 0) && head[15] === 0,
  },
  svg: {
    name: "svg",
    aliases: [],
    mimeType: "image/svg+xml",
    lane: "documents",
    reads: true,
    writes: false,
    alpha: true,
    gray: false,
    lossless: "never",
    matches: isSvg,
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
    pages: "read",
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
    matches: (head) =>
      hasBrand(head, "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1") &&
      !hasBrand(head, "avif", "avis"),
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
    maxPixels: 20_000_000,
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

/** How many bytes of a file `sniffFormat` wants to see. */
export const SNIFF_BYTES = 1024;

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
