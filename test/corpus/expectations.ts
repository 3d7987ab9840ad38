/** What the corpus's files are held to. */
import sharp, { type Sharp } from "sharp";
import type { ErrorCode } from "../../src/errors.ts";
import { findFormat, isReadable } from "../../src/find-format.ts";
import { FORMATS } from "../../src/formats.ts";
import type { Seen } from "../support/judges.ts";
import { psnrAsSeen } from "../support/psnr-as-seen.ts";
import type { CorpusFile } from "./manifest.ts";
import type { Target } from "./targets.ts";

/** Files that are no picture to us, each with the error that says why. */
const REFUSED: Readonly<Record<string, ErrorCode>> = {
  // PostScript without a preview, which is a program.
  "eps/ps-vector-non-zero-bbox.eps": "unsupported_feature",
  "jpeg/arithmetic-coded.jpg": "unsupported_feature",
  "pdf/password-protected.pdf": "password_required",
};

/** Codes of which one says why the file is not read; none where it has to be. */
export function refusalsOf(file: CorpusFile): readonly ErrorCode[] {
  const known = findFormat(file.format);
  if (known === undefined || !isReadable(known)) return UNKNOWN;
  const code = REFUSED[file.path];
  return code === undefined ? [] : [code];
}

/** Formats that the table does not have; TIFF is what some of them are built upon. */
const UNKNOWN: readonly ErrorCode[] = ["unsupported_input_format", "unsupported_feature"];

/** Whether the file is drawn, at whatever size is asked for. */
export const isDrawn = (file: CorpusFile): boolean => isPage(file) || file.format === "SVG";
export const isPage = ({ format }: CorpusFile): boolean => ["PDF", "AI", "EPS"].includes(format);

/** Inks without a profile: a decoder chooses its printer. */
const INKS_WITHOUT_PROFILE = ["jpeg/cmyk-adobe-no-icc.jpg", "tiff/cmyk8.tif"];

/** Of hard edges enlarged, which fall on other pixels with every renderer. */
const COARSE = ["pdf/scanned-ccitt-image.pdf"];

/** Strong colours of a wide profile, which PDF.js does not apply in Node. */
const WIDE = ["png/icc-display-p3.png"];

/** Text along a path, which no judge draws: their other formats are held against our own PNG. */
export const JUDGED_AS_PNG: readonly string[] = ["svg/text-with-filter-fonts.svg"];

/** In dB, at high quality. */
const LEAST_DB = 35;
/** Of 256 colours, of shapes instead of pixels, of inks. */
const LEAST_OTHERWISE_DB = 28;
const OTHERWISE = ["gif", "svg", "eps"];

/** Formats whose colours have half the resolution, and what somebody else's encoder makes then. */
const HALF_CHROMA: Partial<Record<string, (image: Sharp, quality: number) => Sharp>> = {
  webp: (image, quality) => image.webp({ quality }),
  heic: (image, quality) => image.avif({ quality, chromaSubsampling: "4:2:0" }),
};
/** How far ours may be behind, in dB. */
const SLACK_DB = 1;

/** Whether the output's transparency can be seen: pages are white, drawings are laid on white for GIF. */
export const isTransparent = (file: CorpusFile, { format }: Target): boolean =>
  FORMATS[format].alpha && format !== "pdf" && !(format === "gif" && isDrawn(file));

/** @returns the least PSNR in dB of an output against what a judge sees in its input */
export function leastDb({ path }: CorpusFile, { format }: Target): number {
  const rough = [...INKS_WITHOUT_PROFILE, ...COARSE, ...(format === "pdf" ? WIDE : [])];
  const free = OTHERWISE.includes(format) || rough.includes(path);
  return free ? LEAST_OTHERWISE_DB : LEAST_DB;
}

/** What is enough where `leastDb` is out of reach: half the colours' resolution may be less. */
export async function reachableDb(target: Target, wanted: Seen): Promise<number> {
  const encode = target.lossless ? undefined : HALF_CHROMA[target.format];
  if (!encode) return Infinity;
  const { width, height, data } = wanted;
  const image = sharp(data, { raw: { width, height, channels: 4 } });
  const file = await encode(image, target.quality).toBuffer();
  const decoded = await sharp(file).ensureAlpha().raw().toBuffer();
  return psnrAsSeen({ data: decoded }, wanted, true) - SLACK_DB;
}
