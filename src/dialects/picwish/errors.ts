/** What each error is here: the HTTP status of a refused request, or the state of a failed task. */
import type { ErrorCode } from "../../errors.ts";
import type { RenderError } from "../../http/dialect.ts";
import type { ErrorBody } from "./schemas.ts";
import { STATES } from "./states.ts";

interface ErrorAnswer {
  /** PicWish has no others, but for 402 and 405, which it does not document. */
  status: 400 | 401 | 402 | 403 | 404 | 405 | 413 | 429 | 500;
  /** Of a task that fails with it. */
  state: number;
}

const request = (status: ErrorAnswer["status"], state: number = STATES.failed): ErrorAnswer => ({
  status,
  state,
});

export const ERROR_ANSWERS = {
  // The request
  malformed_request: request(400),
  missing_file: request(400),
  empty_file: request(400, STATES.invalidImage),
  too_many_files: request(400),
  invalid_parameter: request(400),
  unsupported_input_format: request(400, STATES.invalidImage),
  unsupported_output_format: request(400),
  unsupported_media_type: request(400, STATES.invalidImage),
  file_too_large: request(413, STATES.tooLarge),
  url_not_allowed: request(400, STATES.downloadFailed),
  download_failed: request(400, STATES.downloadFailed),
  // The caller
  unauthorized: request(401),
  insufficient_credits: request(402),
  forbidden: request(403),
  invalid_signature: request(403),
  link_expired: request(403),
  rate_limited: request(429),
  // The resource
  not_found: request(404),
  method_not_allowed: request(405),
  job_not_finished: request(400),
  job_not_successful: request(400),
  job_already_ended: request(400),
  job_expired: request(404),
  upload_missing: request(400),
  upload_repeated: request(400),
  upload_changed: request(400),
  range_not_satisfiable: request(400),
  idempotency_in_progress: request(400),
  idempotency_mismatch: request(400),
  // The picture
  invalid_image: request(400, STATES.invalidImage),
  truncated_image: request(400, STATES.invalidImage),
  unsupported_feature: request(400, STATES.invalidImage),
  too_many_pixels: request(400, STATES.tooLarge),
  memory_limit: request(400, STATES.tooLarge),
  size_unreachable: request(400, STATES.failed),
  // The platform
  canceled: request(404),
  timed_out: request(500, STATES.timedOut),
  busy: request(500),
  lease_lost: request(500),
  storage_unavailable: request(500, STATES.notStored),
  internal: request(500),
} as const satisfies Record<ErrorCode, ErrorAnswer>;

/** The one place where this dialect's errors become answers. */
export const renderError: RenderError = (c, { code, publicMessage }) => {
  const { status } = ERROR_ANSWERS[code];
  return c.json({ status, message: publicMessage, data: {} } satisfies ErrorBody, status);
};
