/** ImageHQ's request text to what the domain asks for. Pure. */
import type { z } from "zod";
import { AppError } from "../../errors.ts";
import { findFormat, findWritableFormat, writableFormats } from "../../find-format.ts";
import type { Format } from "../../format.ts";
import { FORMATS, type WritableFormat } from "../../formats.ts";
import type { InputFile } from "../../jobs/job.ts";
import {
  findOptionConflict,
  OUTPUT_OPTIONS,
  TARGET_QUALITY,
  type OutputOptions,
} from "../../pipeline/options.ts";
import type { Warning } from "../../pipeline/picture.ts";
import { parseBackground } from "./background.ts";
import { CONVERT_REQUEST, OUTPUT, RETENTION_REQUEST, type ConvertRequest } from "./schemas.ts";

export interface ConvertOptions {
  /** As it was sent, parsed: what two requests are compared by. */
  raw: unknown;
  output: OutputOptions;
  clientReferenceId: string | null;
  toolSlug: string | null;
  /** Of the one input, where it is not uploaded. */
  inputUrl: string | null;
  /** As the client names it. */
  inputFormat: string | null;
  /** Null where the plan decides. */
  ttlHours: number | null;
  warnings: Warning[];
}

interface MemberError {
  pointer: string;
  detail: string;
}

const invalid = (errors: MemberError[]): AppError =>
  new AppError("invalid_parameter", "Some members of the request are invalid.", { errors });

/**
 * @param text the `request` part; null or empty is an empty object
 * @throws AppError malformed_request, invalid_parameter, unsupported_output_format
 */
export function readConvertRequest(text: string | null): ConvertOptions {
  const raw = parseJson(text);
  const request = check(raw);
  const warnings = findUnknownMembers(raw);
  const format = pickOutputFormat(request, warnings);
  const output = toOutputOptions(request, format);
  return {
    raw,
    output,
    clientReferenceId: request.client_reference_id ?? null,
    toolSlug: request.tool_slug ?? null,
    inputUrl: request.input_url ?? null,
    inputFormat: request.input_format ?? null,
    ttlHours: request.ttl_hours ?? request.retention_policy?.ttl_hours ?? null,
    warnings,
  };
}

function parseJson(text: string | null): unknown {
  if (text === null || text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("malformed_request", "`request` is not valid JSON.", {}, { cause });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value without members that are null: clients send null for "not given". */
function dropNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members);
}

function check(raw: unknown): ConvertRequest {
  if (!isObject(raw)) {
    throw new AppError("malformed_request", "`request` must be a JSON object.");
  }
  const request = dropNulls(raw) as Record<string, unknown>;
  for (const name of ["output", "retention_policy"]) {
    if (name in request) request[name] = dropNulls(request[name]);
  }
  const result = CONVERT_REQUEST.safeParse(request);
  if (!result.success) throw invalid(result.error.issues.map(toMemberError));
  return result.data;
}

const toMemberError = ({ path, message }: z.core.$ZodIssue): MemberError => ({
  pointer: `#/${path.join("/")}`,
  detail: message,
});

/** Members that mean nothing here never refuse a request. */
function findUnknownMembers(raw: unknown): Warning[] {
  const request = raw as Record<string, unknown>;
  return [
    ...unknownIn(request, CONVERT_REQUEST.shape, ""),
    ...unknownIn(request["output"], OUTPUT.shape, "output."),
    ...unknownIn(request["retention_policy"], RETENTION_REQUEST.shape, "retention_policy."),
  ];
}

function unknownIn(value: unknown, shape: object, prefix: string): Warning[] {
  if (!isObject(value)) return [];
  return Object.keys(value)
    .filter((name) => !Object.hasOwn(shape, name))
    .map((name) => ({
      code: "unknown_member",
      message: `The member "${prefix}${name}" was ignored.`,
    }));
}

function pickOutputFormat(request: ConvertRequest, warnings: Warning[]): WritableFormat {
  const inside = request.output?.output_format;
  const top = request.output_format;
  const fromSlug = readSlug(request.tool_slug);
  if (request.tool_slug !== undefined && fromSlug === undefined) {
    warnings.push({
      code: "unknown_tool_slug",
      message: `The tool_slug "${request.tool_slug}" is unknown and was ignored.`,
    });
  }
  const named = inside ?? top;
  const format = named === undefined ? fromSlug : requireFormat(named);
  if (format === undefined) {
    throw invalid([{ pointer: "#/output/output_format", detail: "Required." }]);
  }
  if (top !== undefined && requireFormat(top) !== format) {
    throw invalid([{ pointer: "#/output_format", detail: "Differs from `output.output_format`." }]);
  }
  return format;
}

function requireFormat(name: string): WritableFormat {
  const format = findWritableFormat(name);
  if (format !== undefined) return format;
  throw new AppError("unsupported_output_format", `There is no output format "${name}".`, {
    supported: writableFormats(),
  });
}

/** The target of a slug like "png-to-jpg". */
function readSlug(slug: string | undefined): WritableFormat | undefined {
  const target = /^[a-z0-9]+-to-([a-z0-9]+)$/i.exec(slug ?? "")?.[1];
  return target === undefined ? undefined : findWritableFormat(target);
}

function toOutputOptions({ output = {} }: ConvertRequest, format: WritableFormat): OutputOptions {
  const background = output.background === undefined ? null : parseBackground(output.background);
  if (background === undefined) {
    throw invalid([
      {
        pointer: "#/output/background",
        detail: "Expected #rgb, #rgba, #rrggbb, #rrggbbaa, white, black or transparent.",
      },
    ]);
  }
  const options = OUTPUT_OPTIONS.parse({
    format,
    quality: output.quality ?? (output.max_bytes === undefined ? undefined : TARGET_QUALITY),
    maxBytes: output.max_bytes,
    lossless: output.lossless,
    effort: output.effort,
    chromaSubsampling: output.chroma_subsampling,
    compression: output.compression,
    colors: output.colors,
    dither: output.dither,
    background,
    stripMetadata: output.strip_metadata,
    dpi: output.dpi,
    pageSize: output.page_size,
    pageOrientation: output.page_orientation,
    pageMargin: output.page_margin,
    password: output.password,
    width: output.width,
    height: output.height,
    fit: output.fit,
    gravity: output.gravity,
    kernel: output.kernel,
    linearLight: output.linear_light,
    page: output.page,
    frame: output.frame,
    pages: output.pages,
    merge: output.merge,
    iconSizes: output.icon_sizes,
  });
  const conflict = findOptionConflict(options);
  if (conflict !== undefined) throw invalid([{ pointer: "#/output", detail: conflict }]);
  return options;
}

/** Says so where a file is not what the client calls it. Content wins. */
export function findFormatMismatches(
  inputFormat: string | null,
  inputs: readonly InputFile[],
): Warning[] {
  if (inputFormat === null) return [];
  const named = findFormat(inputFormat);
  const { mostly }: Partial<Format> = named === undefined ? {} : FORMATS[named];
  return inputs
    .filter(({ format }) => format !== named && format !== mostly)
    .map(({ filename, format }) => ({
      code: "input_format_mismatch",
      message: `"${filename}" is ${format}, not ${inputFormat}.`,
    }));
}
