/** PicWish's fields to what the domain asks for. Pure. */
import { AppError } from "../../errors.ts";
import type { FormatName, WritableFormat } from "../../formats.ts";
import {
  AUTO,
  OUTPUT_OPTIONS,
  TARGET_QUALITY,
  type OutputOptions,
} from "../../pipeline/options.ts";

/** As they arrive: text in forms; also numbers and null in JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export interface CompressRequest {
  imageUrl: string | null;
  sync: boolean;
  returnType: 1 | 2;
  /** Whether the result has to keep to a size in bytes, which a PNG cannot. */
  targetsSize: boolean;
  output: OutputOptions;
}

/** The fields that mean something; all others are ignored. */
export const FIELD_NAMES = [
  "image_url",
  "sync",
  "format",
  "return_type",
  "quality",
  "kbyte",
  "width",
  "height",
] as const;
type FieldName = (typeof FIELD_NAMES)[number];

const OUTPUT_FORMATS: Readonly<Record<string, WritableFormat>> = {
  jpg: "jpg",
  jpeg: "jpg",
  png: "png",
  webp: "webp",
};

const MAX_SIDE = 8000;
const MAX_KBYTE = 51_200;

/** Files become clearly smaller, and hardly anybody sees why. */
const DEFAULT_QUALITY = 75;
const invalid = (message: string): AppError => new AppError("invalid_parameter", message);

/** @throws AppError invalid_parameter, unsupported_output_format */
export function readCompressRequest(fields: Fields): CompressRequest {
  const quality = readNumber(fields, "quality", 1, 100);
  const kbyte = readNumber(fields, "kbyte", 0, MAX_KBYTE);
  if (quality !== null && kbyte !== null) {
    throw invalid("Send either `quality` or `kbyte`, not both.");
  }
  const format = readFormat(fields);
  if (kbyte !== null) requireTargetable(format);
  return {
    imageUrl: readUrl(fields),
    sync: readNumber(fields, "sync", 0, 1) === 1,
    returnType: readNumber(fields, "return_type", 1, 2) === 2 ? 2 : 1,
    targetsSize: kbyte !== null,
    output: OUTPUT_OPTIONS.parse({
      format: format ?? AUTO,
      quality: quality ?? (kbyte === null ? DEFAULT_QUALITY : TARGET_QUALITY),
      maxBytes: kbyte === null ? null : kbyte * 1024,
      width: readNumber(fields, "width", 0, MAX_SIDE),
      height: readNumber(fields, "height", 0, MAX_SIDE),
      fit: "fill",
      neverLarger: true,
    }),
  };
}

/**
 * @param format of the output, as far as it is known
 * @throws AppError invalid_parameter
 */
export function requireTargetable(format: FormatName | null): void {
  if (format === "png") throw invalid("PNG output does not support `kbyte`.");
}

/** The field as trimmed text; "" where it is absent. */
function readText(fields: Fields, name: FieldName): string {
  const value = fields[name] ?? "";
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") throw invalid(`\`${name}\` must be text or a number.`);
  return value.trim();
}

/** A whole number; null where it is absent, as is a 0 that the range has. */
function readNumber(fields: Fields, name: FieldName, min: number, max: number): number | null {
  const text = readText(fields, name);
  if (text === "") return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw invalid(`\`${name}\` must be a whole number from ${min} to ${max}.`);
  }
  return value || null;
}

/** Null where it is absent. */
function readFormat(fields: Fields): WritableFormat | null {
  const text = readText(fields, "format").toLowerCase();
  if (text === "") return null;
  const format = Object.hasOwn(OUTPUT_FORMATS, text) ? OUTPUT_FORMATS[text] : undefined;
  if (!format) {
    throw new AppError("unsupported_output_format", "`format` must be jpg, png or webp.");
  }
  return format;
}

/** Where it may lead is checked when it is fetched. */
function readUrl(fields: Fields): string | null {
  const text = readText(fields, "image_url");
  if (text === "") return null;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw invalid("`image_url` must be a URL that begins with http:// or https://.");
  }
  return text;
}
