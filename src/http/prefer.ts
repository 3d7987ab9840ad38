/** Longest a request waits for its job. Edges and clients give up on quiet connections after that. */
export const MAX_WAIT_S = 60;

/** Seconds of `wait=N` in a Prefer header (RFC 7240), clamped to MAX_WAIT_S; null without one. */
export function readWaitS(prefer: string | null | undefined): number | null {
  const match = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(prefer ?? "");
  return match ? Math.min(Number(match[1]), MAX_WAIT_S) : null;
}
