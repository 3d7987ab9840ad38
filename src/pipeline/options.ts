/** What can be asked of an output, whatever dialect asks. Validated at the edge, trusted behind it. */
import { z } from "zod";
import { writableFormats } from "../find-format.ts";
import type { Format } from "../format.ts";
import { FORMATS, type WritableFormat } from "../formats.ts";
import { MAX_FRAMES, MAX_SIDE } from "../limits.ts";
import { findPagesConflict, PAGES_PATTERN } from "./pages.ts";
import type { Source } from "./picture.ts";

/**
 * How width and height are met when both are given: `inside` shrinks or enlarges to fit within
 * them, `outside` to cover them, `contain` pads the former and `cover` crops the latter to exactly
 * that size, `fill` stretches.
 */
export const FITS = ["inside", "outside", "contain", "cover", "fill"] as const;
export type Fit = (typeof FITS)[number];

/** Which part `cover` keeps and where `contain` puts the picture. */
export const GRAVITIES = [
  "center",
  "north",
  "northeast",
  "east",
  "southeast",
  "south",
  "southwest",
  "west",
  "northwest",
] as const;
export type Gravity = (typeof GRAVITIES)[number];

/** Resampling filters. `hqx` is for enlarging pixel art. */
export const KERNELS = [
  "lanczos3",
  "mitchell",
  "catmull-rom",
  "bilinear",
  "box",
  "nearest",
  "hqx",
] as const;
export type Kernel = (typeof KERNELS)[number];

export const EFFORTS = ["fast", "default", "max"] as const;

/** Of JPEG and AVIF; `auto` keeps chroma's resolution from quality 90 on. */
export const CHROMA_SUBSAMPLINGS = ["auto", "4:4:4", "4:2:0"] as const;
const HAS_CHROMA_CHOICE: readonly string[] = ["jpg", "avif", "auto"];

/** Of TIFF. */
export const TIFF_COMPRESSIONS = ["deflate", "lzw", "none"] as const;

/** Sides of the squares that an icon file usually holds, in pixels. */
export const ICON_SIZES = [16, 32, 48, 64, 128, 256] as const;

/**
 * The format that each input decides: its own where it is one of these, else PNG where it can be
 * transparent, else JPEG. What moves goes on moving: as APNG where it is one, else as WebP.
 */
export const AUTO = "auto";
const KEPT_BY_AUTO: readonly WritableFormat[] = ["jpg", "png", "webp"];

/** How a picture gets another ratio: `crop` keeps the largest part of it, `pad` adds margins. */
export const ASPECT_MODES = ["crop", "pad"] as const;

/** The most that is tried where a file must fit a number of bytes and nobody says how good. */
export const TARGET_QUALITY = 95;

/** The largest limit that can be set: files are far smaller. */
export const MAX_TARGET_BYTES = 2 ** 30;

/** The highest number of a page that can be asked for. */
export const MAX_PAGE = 99_999;
/** Of documents that are made; `fit` is the picture's own. */
export const PAGE_SIZES = ["fit", "a3", "a4", "a5", "letter", "legal"] as const;
export type PageSize = (typeof PAGE_SIZES)[number];
export const PAGE_ORIENTATIONS = ["auto", "portrait", "landscape"] as const;
export type PageOrientation = (typeof PAGE_ORIENTATIONS)[number];
export const MAX_PAGE_MARGIN_MM = 100;

export const MIN_DPI = 10;
export const MAX_DPI = 1200;
/** As PDF allows. */
export const MAX_PASSWORD_CHARACTERS = 127;

const side = z.int().min(1).max(MAX_SIDE);

const colour = z.object({
  r: z.int().min(0).max(255),
  g: z.int().min(0).max(255),
  b: z.int().min(0).max(255),
  alpha: z.number().min(0).max(1),
});

export const OUTPUT_OPTIONS = z.object({
  format: z.enum([AUTO, ...writableFormats()]),
  /** With `maxBytes` the most; how good it can be is then found out. */
  quality: z.int().min(1).max(100).default(80),
  /** The file is at most this long, or there is none. Sides shrink where quality is not enough. */
  maxBytes: z.int().min(1).max(MAX_TARGET_BYTES).nullable().default(null),
  /** Gives the input itself where the same picture in the same format would not be smaller. */
  neverLarger: z.boolean().default(false),
  lossless: z.boolean().default(false),
  effort: z.enum(EFFORTS).default("default"),
  chromaSubsampling: z.enum(CHROMA_SUBSAMPLINGS).default("auto"),
  /** How the rows of a TIFF are compressed, always without loss. */
  compression: z.enum(TIFF_COMPRESSIONS).default("deflate"),
  /** A palette of so many colours at most, for PNGs; others are dithered from these. */
  colors: z.int().min(2).max(256).nullable().default(null),
  /** How strongly colours that a palette lacks are dithered; 0 is not at all. */
  dither: z.number().min(0).max(1).default(0.5),
  /** What transparent pixels are flattened on and margins are painted; null lets the format decide. */
  background: colour.nullable().default(null),
  /** What margins are painted where that is not `background`. */
  margin: colour.nullable().default(null),
  stripMetadata: z.boolean().default(true),
  /** The part of the upright picture's height that is kept, at `gravity`: all that follows sees only that. */
  keepHeight: z.number().positive().max(1).default(1),
  /** The upright picture's ratio, e.g. 16:10, made before width and height are met. */
  aspect: z
    .object({
      width: z.number().positive().max(MAX_SIDE),
      height: z.number().positive().max(MAX_SIDE),
      mode: z.enum(ASPECT_MODES),
    })
    .nullable()
    .default(null),
  /** Pixels an inch of drawings and pages: how large they are where no size is given. */
  dpi: z.int().min(MIN_DPI).max(MAX_DPI).nullable().default(null),
  /** The paper of documents that are made: `fit` is as large as the picture. */
  pageSize: z.enum(PAGE_SIZES).default("fit"),
  pageOrientation: z.enum(PAGE_ORIENTATIONS).default("auto"),
  /** Millimetres around the picture. */
  pageMargin: z.number().min(0).max(MAX_PAGE_MARGIN_MM).default(0),
  /** Opens protected documents. */
  password: z.string().max(MAX_PASSWORD_CHARACTERS).nullable().default(null),
  width: side.nullable().default(null),
  height: side.nullable().default(null),
  fit: z.enum(FITS).default("inside"),
  gravity: z.enum(GRAVITIES).default("center"),
  kernel: z.enum(KERNELS).default("lanczos3"),
  /** One of the input's pages, from 1 on; the first where neither this nor `pages` is given. */
  page: z.int().min(1).max(MAX_PAGE).nullable().default(null),
  /** Pages of the input, each of which gives an output, or a page of the one that there is. */
  pages: z.string().regex(PAGES_PATTERN).describe("all, or 1,3-5").nullable().default(null),
  /** Makes one file of all inputs, each page a page. */
  merge: z.boolean().default(false),
  /** The one frame of an animation to take, from 1 on. */
  frame: z.int().min(1).max(MAX_FRAMES).nullable().default(null),
  /** Resamples light instead of encoded values: fine bright detail keeps its brightness. */
  linearLight: z.boolean().default(false),
  /** The squares of an icon file, instead of `width` and `height`; null is one picture of any shape. */
  iconSizes: z
    .array(z.literal(ICON_SIZES))
    .min(1)
    .overwrite((sizes) => [...new Set(sizes)].toSorted((a, b) => a - b))
    .nullable()
    .default(null),
});

export type OutputOptions = z.output<typeof OUTPUT_OPTIONS>;
/** Options for a known input. */
export type ResolvedOptions = OutputOptions & { format: WritableFormat };
export type Background = NonNullable<OutputOptions["background"]>;

/** Whether the options ask the format for something it cannot do, as a sentence. */
export function findOptionConflict(options: OutputOptions): string | undefined {
  const { format, lossless } = options;
  if (format !== AUTO && lossless && FORMATS[format].lossless === "never") {
    return `${format} has no lossless mode.`;
  }
  if (options.colors !== null) {
    if (format !== "png" && format !== AUTO) return "Only png takes a number of colors.";
    if (lossless) return "A number of colors is not lossless.";
  }
  const conflict = findPagesConflict(options);
  if (conflict !== undefined) return conflict;
  if (options.merge) {
    if (format === AUTO || !writesPages(format)) {
      return `Only ${writableFormats().filter(writesPages).join(" and ")} can hold several pages.`;
    }
    if (options.maxBytes !== null) return "A merged file cannot be held to a number of bytes.";
  }
  if (options.chromaSubsampling !== "auto" && !HAS_CHROMA_CHOICE.includes(format)) {
    return "Only jpg and avif have chroma subsampling to choose.";
  }
  if (options.compression !== "deflate" && format !== "tiff") {
    return "Only tiff has a compression to choose.";
  }
  if (options.iconSizes && options.format !== "ico") return "Only ico has icon sizes.";
  const laysOut =
    options.pageSize !== "fit" || options.pageOrientation !== "auto" || options.pageMargin > 0;
  if (laysOut && format !== "pdf") return "Only pdf has pages to lay out.";
  return undefined;
}

function writesPages(format: WritableFormat): boolean {
  const { pages }: Format = FORMATS[format];
  return pages === "write" || pages === "both";
}

/** What of an input decides its format. */
type AutoInput = Pick<Source, "format" | "channels" | "animation">;

/** The options with the format that `auto` means for this input. */
export function resolveOptions(options: OutputOptions, source: AutoInput): ResolvedOptions {
  return { ...options, format: resolveFormat(options.format, source) };
}

function resolveFormat(
  asked: OutputOptions["format"],
  { format, channels, animation }: AutoInput,
): WritableFormat {
  if (asked !== AUTO) return asked;
  if (animation) return format === "png" ? "apng" : "webp";
  const kept = KEPT_BY_AUTO.find((name) => name === format);
  if (kept) return kept;
  return channels === 4 ? "png" : "jpg";
}
