/** Errors as Segmind's: an HTTP status of its own choice, and `{"error": text}`. */
import type { AppError, ErrorCode } from "../../errors.ts";
import type { RenderError } from "../../http/dialect.ts";

/** Their names as on the page. 405 is not documented there. */
const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
const METHOD_NOT_ALLOWED = 405;
/** No credits, and also a body that is not JSON. */
const NOT_ACCEPTABLE = 406;
const RATE_LIMITED = 429;
const SERVER_ERROR = 500;
/** "Service temporarily unavailable". */
const BAD_GATEWAY = 502;
const TIMEOUT = 504;

/** The client's codes never become 5xx, which clients try again. */
const STATUSES = {
  malformed_request: BAD_REQUEST,
  missing_file: BAD_REQUEST,
  empty_file: BAD_REQUEST,
  too_many_files: BAD_REQUEST,
  invalid_parameter: BAD_REQUEST,
  unsupported_input_format: BAD_REQUEST,
  unsupported_output_format: BAD_REQUEST,
  unsupported_media_type: NOT_ACCEPTABLE,
  file_too_large: BAD_REQUEST,
  url_not_allowed: BAD_REQUEST,
  download_failed: BAD_REQUEST,
  unauthorized: UNAUTHORIZED,
  insufficient_credits: NOT_ACCEPTABLE,
  forbidden: FORBIDDEN,
  invalid_signature: FORBIDDEN,
  link_expired: FORBIDDEN,
  rate_limited: RATE_LIMITED,
  not_found: NOT_FOUND,
  method_not_allowed: METHOD_NOT_ALLOWED,
  job_not_finished: BAD_REQUEST,
  job_not_successful: BAD_REQUEST,
  job_already_ended: BAD_REQUEST,
  job_expired: NOT_FOUND,
  upload_missing: BAD_REQUEST,
  upload_repeated: BAD_REQUEST,
  upload_changed: BAD_REQUEST,
  range_not_satisfiable: BAD_REQUEST,
  idempotency_in_progress: BAD_REQUEST,
  idempotency_mismatch: BAD_REQUEST,
  invalid_image: BAD_REQUEST,
  truncated_image: BAD_REQUEST,
  unsupported_feature: BAD_REQUEST,
  password_required: BAD_REQUEST,
  wrong_password: BAD_REQUEST,
  too_many_pixels: BAD_REQUEST,
  too_many_pages: BAD_REQUEST,
  memory_limit: BAD_REQUEST,
  too_complex: BAD_REQUEST,
  size_unreachable: BAD_REQUEST,
  canceled: BAD_REQUEST,
  timed_out: TIMEOUT,
  busy: BAD_GATEWAY,
  lease_lost: BAD_GATEWAY,
  storage_unavailable: BAD_GATEWAY,
  internal: SERVER_ERROR,
} as const satisfies Record<ErrorCode, number>;

/** In the words of the vendor's page. One client tells the two 406 by the word "credits". */
const TEXTS: Partial<Record<ErrorCode, string>> = {
  insufficient_credits: "Insufficient credits to process this request.",
  not_found: "Not found: there is no such model, endpoint or request.",
};

function toText({ code, publicMessage, details }: AppError): string {
  if (code !== "unauthorized") return TEXTS[code] ?? publicMessage;
  return details["reason"] === "missing_key"
    ? "Missing Authorization or x-api-key in header"
    : "Unauthorized. API key is invalid.";
}

export const renderError: RenderError = (c, error) => {
  const { retry_after_s: retryAfterS } = error.details;
  if (error.code === "rate_limited" && typeof retryAfterS === "number") {
    const resetAt = new Date(Date.now() + retryAfterS * 1000);
    c.header("X-Rate-Limit-Reset-At-UTC", resetAt.toISOString());
  }
  return c.json({ error: toText(error) }, STATUSES[error.code]);
};
