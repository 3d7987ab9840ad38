/** Errors as `{success: false, error}`, under the statuses of the vendor's page. */
import type { ErrorCode } from "../../errors.ts";
import type { RenderError } from "../../http/dialect.ts";
import type { ErrorBody } from "./schemas.ts";

/** 405, 409, 413 and 416 are not on the page: they come from the files' URLs and wrong methods. */
type Status = 400 | 401 | 402 | 403 | 404 | 405 | 409 | 413 | 416 | 429 | 500;

export const STATUSES = {
  // The request
  malformed_request: 400,
  missing_file: 400,
  empty_file: 400,
  too_many_files: 400,
  invalid_parameter: 400,
  unsupported_input_format: 400,
  unsupported_output_format: 400,
  unsupported_media_type: 400,
  file_too_large: 413,
  url_not_allowed: 400,
  download_failed: 400,
  // The caller
  unauthorized: 401,
  insufficient_credits: 402,
  forbidden: 403,
  invalid_signature: 403,
  link_expired: 403,
  rate_limited: 429,
  // The resource
  not_found: 404,
  method_not_allowed: 405,
  job_not_finished: 400,
  job_not_successful: 400,
  job_already_ended: 400,
  job_expired: 400,
  upload_missing: 400,
  upload_repeated: 409,
  upload_changed: 400,
  range_not_satisfiable: 416,
  idempotency_in_progress: 409,
  idempotency_mismatch: 400,
  // The picture: an error of jobs, not of requests
  invalid_image: 400,
  truncated_image: 400,
  unsupported_feature: 400,
  password_required: 400,
  wrong_password: 400,
  too_many_pixels: 400,
  too_many_pages: 400,
  memory_limit: 400,
  too_complex: 400,
  size_unreachable: 400,
  // The platform
  canceled: 400,
  timed_out: 500,
  busy: 500,
  lease_lost: 500,
  storage_unavailable: 500,
  internal: 500,
} as const satisfies Record<ErrorCode, Status>;

/** The one place where this dialect's errors become answers. */
export const renderError: RenderError = (c, { code, publicMessage }) =>
  c.json({ success: false, error: publicMessage } satisfies ErrorBody, STATUSES[code]);
