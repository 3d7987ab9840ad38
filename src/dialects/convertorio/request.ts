/** Convertorio's requests to what the domain asks for. Pure. */
import type { z } from "@hono/zod-openapi";
import { AppError } from "../../errors.ts";
import { findWritableFormat, writableFormats } from "../../find-format.ts";
import { cleanFilename } from "../../jobs/filenames.ts";
import type { JobStatus } from "../../jobs/job.ts";
import type { OutputOptions } from "../../pipeline/options.ts";
import { toOutput, toPageImages, toThumbnail, type Metadata } from "./metadata.ts";
import {
  CONFIRM_REQUEST,
  MAX_FILE_BYTES,
  STATUSES,
  UPLOAD_REQUEST,
  type Status,
} from "./schemas.ts";

export interface UploadRequest {
  filename: string;
  /** As the client calls them, in lower case. */
  sourceFormat: string;
  targetFormat: string;
  /** Null where the client does not know. */
  fileSizeBytes: number | null;
  output: OutputOptions;
}

/** @throws AppError invalid_parameter, unsupported_output_format */
export function readUploadRequest(body: unknown): UploadRequest {
  const { filename, source_format, target_format, file_size, conversion_metadata } = check(
    UPLOAD_REQUEST,
    body,
  );
  const targetFormat = target_format.toLowerCase();
  return {
    filename: cleanFilename(filename, "image"),
    sourceFormat: source_format.trim().toLowerCase(),
    targetFormat,
    fileSizeBytes: typeof file_size === "number" && file_size > 0 ? file_size : null,
    output: readTarget(targetFormat, conversion_metadata ?? {}),
  };
}

/** The first thing that is wrong is the whole error: there is one text to say it. */
function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error.issues[0]?.message ?? "The request is invalid.");
}

const invalid = (message: string): AppError => new AppError("invalid_parameter", message);

const THUMBNAIL = "thumbnail";

/** Every page of a document. */
export const IMAGES = "images";

function readTarget(target: string, metadata: Metadata): OutputOptions {
  if (target === THUMBNAIL) return toThumbnail(metadata);
  if (target === IMAGES) return toPageImages(metadata);
  const format = findWritableFormat(target);
  if (format !== undefined) return toOutput(format, metadata);
  const supported = [...writableFormats(), IMAGES, THUMBNAIL];
  throw new AppError(
    "unsupported_output_format",
    `There is no target_format "${target}". Supported are ${supported.join(", ")}.`,
    { supported },
  );
}

/** @returns the id in lower case @throws AppError invalid_parameter */
export function readConfirmRequest(body: unknown): string {
  return check(CONFIRM_REQUEST, body).job_id.trim().toLowerCase();
}

/** Statuses of jobs as the clients know them. Nobody cancels a job here. */
export const SHOWN_STATUSES = {
  uploading: "uploading",
  queued: "queued",
  processing: "processing",
  succeeded: "completed",
  failed: "failed",
  canceled: "failed",
  expired: "expired",
} as const satisfies Record<JobStatus, Status>;

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

export interface ListRequest {
  limit: number;
  offset: number;
  /** Null is all. */
  statuses: JobStatus[] | null;
}

/**
 * @param query as in the URL; a member that is missing or empty has its default
 * @throws AppError invalid_parameter
 */
export function readListRequest(query: Readonly<Record<string, string>>): ListRequest {
  return {
    limit: Math.min(readCount(query, "limit") || DEFAULT_LIMIT, MAX_LIMIT),
    offset: readCount(query, "offset"),
    statuses: readStatus(query["status"] ?? ""),
  };
}

function readCount(query: Readonly<Record<string, string>>, name: string): number {
  const text = query[name] ?? "";
  if (!/^\d{0,9}$/.test(text)) throw invalid(`${name} must be a whole number, 0 or more.`);
  return Number(text);
}

function readStatus(text: string): JobStatus[] | null {
  if (text === "") return null;
  const shown = text.toLowerCase();
  const statuses = (Object.keys(SHOWN_STATUSES) as JobStatus[]).filter(
    (status) => SHOWN_STATUSES[status] === shown,
  );
  if (statuses.length === 0) throw invalid(`status must be one of ${STATUSES.join(", ")}.`);
  return statuses;
}

/** What the file may have: as announced, within the plan's limit and the vendor's. */
export const maxUploadBytes = (announced: number | null, plan: { maxFileBytes: number }): number =>
  Math.min(announced ?? MAX_FILE_BYTES, MAX_FILE_BYTES, plan.maxFileBytes);
