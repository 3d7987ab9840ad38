/**
 * The one error type and the one table of codes. Everything that can go wrong on purpose is an
 * AppError; a dialect renders it by its code and never by its class.
 */
import { MIB } from "./limits.ts";

interface ErrorTraits {
  /** HTTP status where the code answers a request. */
  status: 400 | 401 | 402 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 416 | 422 | 429 | 500 | 503;
  /** Whether the same work may succeed later: the queue retries it, the client is told when. */
  retryable: boolean;
  /** Whether somebody who runs the service should hear of it. */
  report: boolean;
}

const client = (status: ErrorTraits["status"]): ErrorTraits => ({
  status,
  retryable: false,
  report: false,
});

export const ERRORS = {
  // The request
  malformed_request: client(400),
  missing_file: client(400),
  empty_file: client(400),
  too_many_files: client(400),
  invalid_parameter: client(422),
  unsupported_input_format: client(415),
  unsupported_output_format: client(422),
  unsupported_media_type: client(415),
  file_too_large: client(413),
  url_not_allowed: client(422),
  download_failed: client(422),
  // The caller
  unauthorized: client(401),
  insufficient_credits: client(402),
  forbidden: client(403),
  /** A signed URL that was altered, or is for something else. */
  invalid_signature: client(403),
  link_expired: client(403),
  rate_limited: { status: 429, retryable: true, report: false },
  // The resource
  not_found: client(404),
  method_not_allowed: client(405),
  job_not_finished: client(409),
  job_not_successful: client(409),
  job_already_ended: client(409),
  job_expired: client(410),
  upload_missing: client(409),
  upload_repeated: client(409),
  upload_changed: client(409),
  range_not_satisfiable: client(416),
  idempotency_in_progress: { status: 409, retryable: true, report: false },
  idempotency_mismatch: client(422),
  // The picture
  invalid_image: client(422),
  truncated_image: client(422),
  unsupported_feature: client(422),
  password_required: client(422),
  wrong_password: client(422),
  too_many_pixels: client(422),
  too_many_pages: client(422),
  memory_limit: client(422),
  /** Drawing it takes more work than any file is worth. */
  too_complex: client(422),
  size_unreachable: client(422),
  // The platform
  canceled: client(409),
  timed_out: { status: 503, retryable: false, report: true },
  busy: { status: 503, retryable: true, report: false },
  lease_lost: { status: 503, retryable: true, report: false },
  storage_unavailable: { status: 503, retryable: true, report: true },
  internal: { status: 500, retryable: true, report: true },
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof ERRORS;

export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * @param code stable, machine-readable
   * @param publicMessage safe to show to anyone; internals belong in `cause`
   * @param details numbers and names a client can act on, e.g. `{ limit: 80_000_000 }`
   */
  constructor(
    code: ErrorCode,
    publicMessage: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: { cause?: unknown },
  ) {
    super(publicMessage, options);
    this.code = code;
    this.publicMessage = publicMessage;
    this.details = details;
  }

  get traits(): ErrorTraits {
    return ERRORS[this.code];
  }
}

/** @param maxBytes longest file that is taken */
export function fileTooLarge(maxBytes: number): AppError {
  const limit = maxBytes % MIB === 0 ? `${maxBytes / MIB} MiB` : `${maxBytes} bytes`;
  return new AppError("file_too_large", `A file may have ${limit} at most.`, {
    limit_bytes: maxBytes,
  });
}

/** @param format a known one, by its name */
export function unreadable(format: string, details: AppError["details"] = {}): AppError {
  return new AppError(
    "unsupported_input_format",
    `Files of format ${format} can be made, but not read.`,
    { format, ...details },
  );
}

/**
 * Whatever was thrown, as an AppError: codecs compiled to WASM throw numbers and plain objects,
 * and RPC strips classes (the code then travels in the message, see `toWire`).
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError("internal", "Something went wrong on our side.", {}, { cause: thrown });
}
