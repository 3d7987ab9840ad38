/** Secrets that the service makes for itself, so that a deployment needs none. */

const cached = new Map<string, Promise<string>>();

/** 256 random bits as hex, the same for all isolates; made at the first use. */
export function findSecret(db: D1Database, name: string): Promise<string> {
  const known = cached.get(name);
  if (known) return known;
  const secret = readSecret(db, name);
  cached.set(name, secret);
  secret.catch(() => cached.delete(name));
  return secret;
}

async function readSecret(db: D1Database, name: string): Promise<string> {
  const select = db.prepare("SELECT value FROM secrets WHERE name = ?").bind(name);
  const stored = await select.first<string>("value");
  if (stored !== null) return stored;
  const made = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  const insert = db
    .prepare("INSERT OR IGNORE INTO secrets (name, value, created_at) VALUES (?, ?, ?)")
    .bind(name, made, Date.now());
  // Another isolate may have been first.
  const results = await db.batch<{ value: string }>([insert, select]);
  return results[1]?.results[0]?.value ?? made;
}
