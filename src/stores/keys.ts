/**
 * API keys in D1. The key itself is stored nowhere: `hash` is the lower-case hex SHA-256 of its
 * UTF-8 text. Keys are 256 random bits, so that a plain hash is enough.
 */
export interface KeyOwner {
  keyId: string;
  accountId: string;
  plan: string;
  points: number;
  suspended: boolean;
  /** What the key is limited to; null is nothing. */
  scopes: string[] | null;
  /** Milliseconds since 1970. */
  lastUsedAt: number | null;
}

/** Lower-case hex SHA-256 of the key's text. */
export async function hashKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return Buffer.from(digest).toString("hex");
}

/** Null when the key is unknown or revoked. */
export async function findAccountByKey(db: D1Database, key: string): Promise<KeyOwner | null> {
  const row = await db
    .prepare(
      `SELECT api_keys.id, account_id, plan, points, suspended_at, scopes, last_used_at
         FROM api_keys JOIN accounts ON accounts.id = account_id
        WHERE hash = ? AND revoked_at IS NULL`,
    )
    .bind(await hashKey(key))
    .first<{
      id: string;
      account_id: string;
      plan: string;
      points: number;
      suspended_at: number | null;
      scopes: string | null;
      last_used_at: number | null;
    }>();
  return (
    row && {
      keyId: row.id,
      accountId: row.account_id,
      plan: row.plan,
      points: row.points,
      suspended: row.suspended_at !== null,
      scopes: row.scopes?.split(" ") ?? null,
      lastUsedAt: row.last_used_at,
    }
  );
}

export async function touchKey(db: D1Database, keyId: string, now: number): Promise<void> {
  await db.prepare("UPDATE api_keys SET last_used_at = ? WHERE id = ?").bind(now, keyId).run();
}
