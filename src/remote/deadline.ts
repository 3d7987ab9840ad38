/** Time limits of one transfer. */
import { AppError } from "../errors.ts";

export interface TimeLimits {
  /** For looking up the name, connecting, redirects and the answer's headers, in milliseconds. */
  headersTimeoutMs: number;
  /** For all of it, the last byte included. */
  timeoutMs: number;
}

export interface Deadline {
  /** Aborted with an AppError download_failed. */
  signal: AbortSignal;
  /** From here on only the limit for the whole counts. */
  passHeaders(): void;
  /** The transfer is over, one way or the other. */
  clear(): void;
}

/** It starts now. */
export function startDeadline({ headersTimeoutMs, timeoutMs }: TimeLimits): Deadline {
  const controller = new AbortController();
  const expire = (what: string, limitMs: number) =>
    setTimeout(() => {
      const message = `${what} within ${limitMs / 1000} s.`;
      controller.abort(new AppError("download_failed", message, { reason: "timed_out" }));
    }, limitMs);
  const headers = expire("The URL's server did not answer", headersTimeoutMs);
  const whole = expire("The URL's file did not arrive", timeoutMs);
  return {
    signal: controller.signal,
    passHeaders: () => clearTimeout(headers),
    clear() {
      clearTimeout(headers);
      clearTimeout(whole);
    },
  };
}
