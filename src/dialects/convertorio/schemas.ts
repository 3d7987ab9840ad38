/** The wire's nouns, as schemas: they check requests and write the OpenAPI document. */
import { z } from "@hono/zod-openapi";
import { MIB } from "../../limits.ts";
import { METADATA } from "./metadata.ts";

/** "20 MB" on the page, and all of them binary. */
export const MAX_FILE_BYTES = 20 * MIB;

/** How long an upload URL is good for, in seconds. */
export const UPLOAD_S = 600;

const text = (name: string) => z.string(`${name} is required, as a text.`);

const SIZE_ERROR = `file_size must be the file's length in bytes, at most ${MAX_FILE_BYTES} (20 MB).`;

export const UPLOAD_REQUEST = z
  .object({
    filename: text("filename").trim().min(1, "filename is required."),
    source_format: text("source_format").openapi({
      description: "Informational: the content of the file decides.",
    }),
    target_format: text("target_format").trim().min(1, "target_format is required."),
    file_size: z
      .union(
        [z.int(SIZE_ERROR).min(0, SIZE_ERROR).max(MAX_FILE_BYTES, SIZE_ERROR), z.string()],
        SIZE_ERROR,
      )
      .nullish()
      .openapi({ description: "No more than this is taken. Text, 0 and null say nothing." }),
    conversion_metadata: METADATA.nullish(),
  })
  .openapi("ConvertorioUploadRequest");

export const UPLOAD_URL = z
  .object({
    success: z.literal(true),
    job_id: z.uuid(),
    upload_url: z.url().openapi({ description: "Takes one PUT of the file, without a key." }),
    expires_in: z.literal(UPLOAD_S).openapi({ description: "Seconds." }),
  })
  .openapi("ConvertorioUploadUrl");

export const CONFIRM_REQUEST = z
  .object({ job_id: z.string("job_id is required, as a text.") })
  .openapi("ConvertorioConfirmRequest");

export const STATUSES = [
  "uploading",
  "queued",
  "processing",
  "completed",
  "failed",
  "expired",
] as const;

export type Status = (typeof STATUSES)[number];

const status = z.enum(STATUSES);

export const CONFIRMED = z
  .object({ success: z.literal(true), job_id: z.uuid(), status, message: z.string() })
  .openapi("ConvertorioConfirmed");

const time = z.iso.datetime();

export const JOB = z
  .object({
    id: z.uuid(),
    job_id: z.uuid().openapi({ description: "The same as `id`." }),
    user_id: z.string(),
    status,
    original_filename: z.string(),
    source_format: z.string(),
    target_format: z.string(),
    file_size: z.int().openapi({ description: "Of the file to be converted; 0 where unknown." }),
    points_cost: z.int(),
    points_used: z.int().openapi({ description: "0 where a free conversion paid." }),
    tokens_used: z.int(),
    processing_time_ms: z.int().optional(),
    created_at: time,
    updated_at: time,
    completed_at: time.optional(),
    expires_at: time,
    download_url: z.url().optional().openapi({ description: "Once completed; needs no key." }),
    download_urls: z
      .array(
        z.object({
          filename: z.string(),
          download_url: z.url(),
          page_number: z.int(),
          width: z.int(),
          height: z.int(),
          file_size: z.int(),
        }),
      )
      .optional()
      .openapi({ description: "Of target `images`, once completed: every page. Not in lists." }),
    can_download: z.boolean(),
    is_expired: z.boolean(),
    error_message: z.string().optional().openapi({ description: "When it has failed." }),
    error: z.string().optional().openapi({ description: "The same as `error_message`." }),
  })
  .openapi("ConvertorioJob");

export type JobBody = z.input<typeof JOB>;

export const JOB_LIST = z
  .object({
    success: z.literal(true),
    jobs: z.array(JOB),
    count: z.int().openapi({ description: "Of the jobs in this answer." }),
    pagination: z.object({ limit: z.int(), offset: z.int() }),
  })
  .openapi("ConvertorioJobList");

export const ACCOUNT = z
  .object({
    id: z.string(),
    user_id: z.string(),
    email: z.string(),
    name: z.string(),
    plan: z.string(),
    points: z.int(),
    points_balance: z.int(),
    daily_conversions_remaining: z.int(),
    daily_conversions_used: z.int(),
    daily_conversions_limit: z.int(),
    total_conversions: z.int(),
    created_at: time,
  })
  .openapi("ConvertorioAccount");

export type AccountBody = z.input<typeof ACCOUNT>;

/** The account is repeated at the top level, where one of the clients reads it. */
export const ACCOUNT_ANSWER = ACCOUNT.extend({
  success: z.literal(true),
  account: ACCOUNT,
}).openapi("ConvertorioAccountAnswer");

export const ERROR_BODY = z
  .object({ success: z.literal(false), error: z.string() })
  .openapi("ConvertorioError");

export type ErrorBody = z.input<typeof ERROR_BODY>;
