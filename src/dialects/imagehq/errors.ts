/** Errors as problem details (RFC 9457). */
import { type AppError, ERRORS, type ErrorCode } from "../../errors.ts";
import type { RenderError } from "../../http/dialect.ts";
import type { Problem } from "./schemas.ts";

const TITLES = {
  malformed_request: "Malformed request",
  missing_file: "No file",
  empty_file: "Empty file",
  too_many_files: "Too many files",
  invalid_parameter: "Invalid parameter",
  unsupported_input_format: "Unsupported input format",
  unsupported_output_format: "Unsupported output format",
  unsupported_media_type: "Unsupported media type",
  file_too_large: "File too large",
  url_not_allowed: "URL not allowed",
  download_failed: "Download failed",
  unauthorized: "Unauthorized",
  insufficient_credits: "Insufficient credits",
  forbidden: "Forbidden",
  invalid_signature: "Invalid signature",
  link_expired: "Link expired",
  rate_limited: "Too many requests",
  not_found: "Not found",
  method_not_allowed: "Method not allowed",
  job_not_finished: "Job not finished",
  job_not_successful: "Job not successful",
  job_already_ended: "Job already ended",
  job_expired: "Job expired",
  upload_missing: "File not uploaded",
  upload_repeated: "File uploaded before",
  upload_changed: "Upload changed",
  range_not_satisfiable: "Range not satisfiable",
  idempotency_in_progress: "Request in progress",
  idempotency_mismatch: "Idempotency-Key used before",
  invalid_image: "Invalid image",
  truncated_image: "Truncated image",
  unsupported_feature: "Unsupported feature",
  password_required: "Password required",
  wrong_password: "Wrong password",
  too_many_pixels: "Too many pixels",
  too_many_pages: "Too many pages",
  memory_limit: "Picture needs too much memory",
  too_complex: "Picture takes too long to draw",
  size_unreachable: "File cannot be made that small",
  canceled: "Canceled",
  timed_out: "Timed out",
  busy: "Busy",
  lease_lost: "Interrupted",
  storage_unavailable: "Storage unavailable",
  internal: "Internal error",
} as const satisfies Record<ErrorCode, string>;

/** Tag URIs name the types: they need no host, and mean the same on every deployment. */
function toProblem(error: AppError, requestId: string): Problem {
  return {
    ...error.details,
    type: `tag:pixmill,2026:errors/${error.code}`,
    title: TITLES[error.code],
    status: ERRORS[error.code].status,
    detail: error.publicMessage,
    code: error.code,
    request_id: requestId,
  };
}

/** The one place where this dialect's errors become answers. */
export const renderProblem: RenderError = (c, error) =>
  c.body(JSON.stringify(toProblem(error, c.get("requestId"))), ERRORS[error.code].status, {
    "Content-Type": "application/problem+json",
  });
