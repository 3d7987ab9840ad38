/**
 * A token bucket, full at first and refilled evenly, kept as the one time at which it will be full
 * again (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371).
 */
export interface Rate {
  /** Tokens that the bucket holds: what may be taken at once. */
  capacity: number;
  /** Tokens that flow into it. */
  perSecond: number;
}

export interface Taken {
  allowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Until there is one more token, in whole seconds, at least 1. */
  nextS: number;
}

/** Milliseconds that rounding may have cost. */
const SLACK_MS = 0.5;

/** @param fullAt milliseconds since 1970; anything in the past is a full bucket */
export function takeToken(
  fullAt: number,
  { capacity, perSecond }: Rate,
  now: number,
): { fullAt: number; taken: Taken } {
  const tokenMs = 1000 / perSecond;
  const missingMs = Math.max(0, fullAt - now);
  const roomMs = capacity * tokenMs - missingMs + SLACK_MS;
  const allowed = tokenMs <= roomMs;
  const leftMs = roomMs - (allowed ? tokenMs : 0);
  return {
    fullAt: allowed ? now + missingMs + tokenMs : fullAt,
    taken: {
      allowed,
      remaining: Math.floor(leftMs / tokenMs),
      nextS: Math.max(1, Math.ceil((tokenMs - (leftMs % tokenMs)) / 1000)),
    },
  };
}
