/** Idempotency-Key: the same request again gets the same answer and makes no second job. */
import { createHash } from "node:crypto";
import { AppError } from "../errors.ts";
import { releaseKey, reserveKey, type Reservation } from "../stores/idempotency.ts";

const MAX_KEY_CHARS = 255;

/** The request's key; null without one. @throws AppError invalid_parameter */
export function readIdempotencyKey(headers: Headers): string | null {
  const key = headers.get("Idempotency-Key");
  if (key === null) return null;
  if (key.length < 1 || key.length > MAX_KEY_CHARS) {
    throw new AppError("invalid_parameter", "Idempotency-Key must have 1 to 255 characters.");
  }
  return key;
}

/**
 * What makes two requests the same: the route, the request text's meaning and the files' contents,
 * never raw bytes, since the boundaries of multipart bodies change.
 * @param request parsed JSON
 * @param hashes the files' SHA-256, in their order
 */
export function fingerprint(route: string, request: unknown, hashes: readonly string[]): string {
  const text = [route, canonicalize(request), ...hashes].join("\n");
  return createHash("sha256").update(text).digest("hex");
}

const MAX_DEPTH = 64;

/** JSON with the members of every object in order. @throws AppError malformed_request if too deep */
export function canonicalize(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) {
    throw new AppError("malformed_request", "The request is nested too deeply.");
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalize(item, depth + 1)).join(",")}]`;
  }
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalize(member, depth + 1)}`);
  return `{${members.join(",")}}`;
}

/**
 * Runs a request under its key.
 * @param run makes the job, which stores the answer under the key
 * @param identify reads a repeated request, for its fingerprint
 * @throws AppError idempotency_in_progress, idempotency_mismatch, and what `run` throws
 */
export async function runOnce<Result>(
  db: D1Database,
  owner: { accountId: string; key: string | null },
  run: () => Promise<Result>,
  identify: () => Promise<string>,
): Promise<Result | Extract<Reservation, { kind: "answered" }>> {
  const { accountId, key } = owner;
  if (key === null) return run();
  const reservation = await reserveKey(db, accountId, key, Date.now());
  if (reservation.kind === "in_progress") {
    throw new AppError(
      "idempotency_in_progress",
      "The first request with this Idempotency-Key is still being read.",
    );
  }
  if (reservation.kind === "reserved") {
    try {
      return await run();
    } catch (error) {
      await releaseKey(db, accountId, key);
      throw error;
    }
  }
  if ((await identify()) !== reservation.fingerprint) {
    throw new AppError(
      "idempotency_mismatch",
      "This Idempotency-Key was used for another request.",
    );
  }
  return reservation;
}
