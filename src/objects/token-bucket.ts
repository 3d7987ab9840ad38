/**
 * A token bucket, full at first and refilled evenly, kept as the one time at which it will be full
 * again (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371).
 */
const MINUTE_MS = 60_000;

export interface Taken {
  allowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Until there is one more token, in whole seconds, at least 1. */
  nextS: number;
}

/**
 * @param fullAt milliseconds since 1970; anything in the past is a full bucket
 * @param perMinute tokens that the bucket holds, and that flow into it in a minute
 */
export function takeToken(
  fullAt: number,
  perMinute: number,
  now: number,
): { fullAt: number; taken: Taken } {
  const tokenMs = MINUTE_MS / perMinute;
  const missingMs = Math.max(0, fullAt - now);
  const allowed = missingMs + tokenMs <= MINUTE_MS;
  const leftMs = MINUTE_MS - missingMs - (allowed ? tokenMs : 0);
  return {
    fullAt: allowed ? now + missingMs + tokenMs : fullAt,
    taken: {
      allowed,
      remaining: Math.floor(leftMs / tokenMs),
      nextS: Math.max(1, Math.ceil((tokenMs - (leftMs % tokenMs)) / 1000)),
    },
  };
}
