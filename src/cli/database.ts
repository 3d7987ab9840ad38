/** The database from the command line: the local one in its state folder, or the deployed one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DATABASE_NAME, offlineWranglerEnv, ROOT, runWrangler } from "./project.ts";

export type Row = Record<string, string | number | null>;

export interface Database {
  /** Runs statements separated by semicolons; answers the rows of the last. */
  query(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Text as an SQL literal. SQLite knows no escapes but the doubled quote; a NUL would end the text.
 * @throws Error when the text holds control characters
 */
export function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Error("Control characters are not allowed.");
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Opens the local database, migrated. Another process may have it open at the same time.
 * @param stateDir made when missing
 */
export async function openLocalDatabase(stateDir: string): Promise<Database> {
  Object.assign(process.env, offlineWranglerEnv(stateDir));
  // Loaded late: wrangler takes a second, which commands that need no database need not wait for.
  const { getPlatformProxy, unstable_splitSqlQuery: splitSql } = await import("wrangler");
  const proxy = await getPlatformProxy<{ DB: D1Database }>({
    configPath: join(import.meta.dirname, "database.wrangler.jsonc"),
    persist: { path: join(stateDir, "v3") },
    remoteBindings: false,
  });
  const { DB: db } = proxy.env;
  await migrate(db, splitSql);
  return {
    async query(sql) {
      const results = await db.batch<Row>(splitSql(sql).map((part) => db.prepare(part)));
      return results.at(-1)?.results ?? [];
    },
    close: () => proxy.dispose(),
  };
}

/** Keeps wrangler's own record of what is applied, so that `wrangler d1 migrations` agrees. */
async function migrate(db: D1Database, splitSql: (sql: string) => string[]): Promise<void> {
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         name TEXT UNIQUE,
         applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await db.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map((row) => row.name));
  const folder = join(ROOT, "migrations");
  for (const name of readdirSync(folder).toSorted()) {
    if (!name.endsWith(".sql") || applied.has(name)) continue;
    const statements = splitSql(readFileSync(join(folder, name), "utf8"));
    await db.batch([
      ...statements.map((statement) => db.prepare(statement)),
      db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  }
}

/** The deployed database, through wrangler and its login. */
export function openRemoteDatabase(): Database {
  return {
    async query(sql) {
      const { code, stdout, stderr } = await runWrangler([
        ...["d1", "execute", DATABASE_NAME, "--remote", "--json", "--yes"],
        ...["--config", "wrangler.toml", "--command", sql],
      ]);
      if (code !== 0) throw new Error(`wrangler d1 execute failed:\n${stderr || stdout}`);
      const results = JSON.parse(stdout) as { results: Row[] }[];
      return results.at(-1)?.results ?? [];
    },
    close: () => Promise.resolve(),
  };
}
