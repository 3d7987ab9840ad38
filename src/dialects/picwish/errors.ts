/** What each error is here: the HTTP status of a refused request, or the state of a failed task. */
import type { ErrorCode } from "../../errors.ts";
import type { RenderError } from "../../http/dialect.ts";
import type { ErrorBody } from "./schemas.ts";
import { STATES } from "./states.ts";

interface ErrorAnswer {
  /** PicWish documents all of them but 402, 403 and 405. */
  status: 400 | 401 | 402 | 403 | 404 | 405 | 413 | 429 | 500;
  /** Of a task that fails with it. */
  state: number;
}

const answer = (status: ErrorAnswer["status"], state: number = STATES.failed): ErrorAnswer => ({
  status,
  state,
});

export const ERROR_ANSWERS = {
  // The request
  malformed_request: answer(400),
  missing_file: answer(400),
  empty_file: answer(400, STATES.invalidImage),
  too_many_files: answer(400),
  invalid_parameter: answer(400),
  unsupported_input_format: answer(400, STATES.invalidImage),
  unsupported_output_format: answer(400),
  unsupported_media_type: answer(400, STATES.invalidImage),
  file_too_large: answer(413, STATES.tooLarge),
  url_not_allowed: answer(400, STATES.downloadFailed),
  download_failed: answer(400, STATES.downloadFailed),
  // The caller
  unauthorized: answer(401),
  insufficient_credits: answer(402),
  forbidden: answer(403),
  invalid_signature: answer(403),
  link_expired: answer(403),
  rate_limited: answer(429),
  // The resource
  not_found: answer(404),
  method_not_allowed: answer(405),
  job_not_finished: answer(400),
  job_not_successful: answer(400),
  job_already_ended: answer(400),
  job_expired: answer(404),
  upload_missing: answer(400),
  upload_repeated: answer(400),
  upload_changed: answer(400),
  range_not_satisfiable: answer(400),
  idempotency_in_progress: answer(400),
  idempotency_mismatch: answer(400),
  // The picture
  invalid_image: answer(400, STATES.invalidImage),
  truncated_image: answer(400, STATES.invalidImage),
  unsupported_feature: answer(400, STATES.invalidImage),
  password_required: answer(400, STATES.invalidImage),
  wrong_password: answer(400, STATES.invalidImage),
  too_many_pixels: answer(400, STATES.tooLarge),
  too_many_pages: answer(400, STATES.tooLarge),
  memory_limit: answer(400, STATES.tooLarge),
  too_complex: answer(400, STATES.failed),
  size_unreachable: answer(400, STATES.failed),
  // The platform
  canceled: answer(404),
  timed_out: answer(500, STATES.timedOut),
  busy: answer(500),
  lease_lost: answer(500),
  storage_unavailable: answer(500, STATES.notStored),
  internal: answer(500),
} as const satisfies Record<ErrorCode, ErrorAnswer>;

/** The one place where this dialect's errors become answers. */
export const renderError: RenderError = (c, { code, publicMessage }) => {
  const { status } = ERROR_ANSWERS[code];
  return c.json({ status, message: publicMessage, data: {} } satisfies ErrorBody, status);
};
