/** Segmind's request body to what the domain asks for. Pure. */
import { AppError } from "../../errors.ts";
import { findWritableFormat } from "../../find-format.ts";
import { OUTPUT_OPTIONS, type OutputOptions } from "../../pipeline/options.ts";

/** As the page lists them. */
export const TARGET_FORMATS = ["png", "jpg", "jpeg", "gif", "bmp", "tiff", "webp"] as const;

/** Where the image comes from: a URL that the job fetches, or the text of the request. */
export type ImageSource = { kind: "url"; url: string } | { kind: "base64"; text: string };

/** "ftp:", "http:", …; the alphabet of base64 has no colon. */
const SCHEME = /^\s*[a-z][a-z0-9+.-]*:/i;

/**
 * @param value of `image_url`, where that is short
 * @throws AppError missing_file, invalid_parameter
 */
export function readImageSource(value: unknown): ImageSource {
  if (value === undefined || value === null || value === "") {
    throw new AppError("missing_file", "image_url is required.");
  }
  if (typeof value !== "string") {
    throw new AppError("invalid_parameter", "image_url must be a string.");
  }
  if (SCHEME.test(value) && !/^\s*data:/i.test(value)) return { kind: "url", url: value.trim() };
  return { kind: "base64", text: value };
}

/** @throws AppError invalid_parameter, unsupported_output_format */
export function readOutput(targetFormat: unknown): OutputOptions {
  if (targetFormat === undefined || targetFormat === null || targetFormat === "") {
    throw new AppError("invalid_parameter", "target_format is required.");
  }
  if (typeof targetFormat !== "string") {
    throw new AppError("invalid_parameter", "target_format must be a string.");
  }
  const format = findWritableFormat(targetFormat);
  const known = TARGET_FORMATS.map(findWritableFormat);
  if (format === undefined || !known.includes(format)) {
    throw new AppError(
      "unsupported_output_format",
      `target_format must be one of ${TARGET_FORMATS.join(", ")}.`,
    );
  }
  return OUTPUT_OPTIONS.parse({ format });
}

/**
 * Whether a client would rather have JSON than the image: only where it says so, since many
 * libraries accept both alike without being asked.
 */
export function prefersJson(accept: string | undefined, mimeType: string): boolean {
  const ranges = (accept ?? "*/*").split(",").map(readRange);
  return qualityOf("application/json", ranges) > qualityOf(mimeType, ranges);
}

interface MediaRange {
  type: string;
  quality: number;
}

function readRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

/** By the most specific range that covers the type; 0 where none does. */
function qualityOf(mimeType: string, ranges: readonly MediaRange[]): number {
  const [group] = mimeType.split("/");
  for (const type of [mimeType, `${group}/*`, "*/*"]) {
    const range = ranges.find((candidate) => candidate.type === type);
    if (range) return range.quality;
  }
  return 0;
}
