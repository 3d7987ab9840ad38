/**
 * The whole stack in one local runtime: every Worker, with a migrated database and an account.
 * For conformance and end-to-end tests, which speak HTTP to it and look into its storage.
 */
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { API_CONFIG, listLaneConfigs, ROOT } from "../../src/cli/project.ts";
import type { ApiEnv } from "../../src/workers/env.ts";
import { startHarness } from "./harness.ts";

export interface Account {
  id: string;
  key: string;
}

export type Stack = Awaited<ReturnType<typeof startTestStack>>;

/**
 * The harness fetches in this process what the Workers fetch, and hands their request on as the
 * second argument; what it loses on the way is that they follow redirects by themselves. (With
 * `npm start`, as deployed, the runtime fetches.)
 */
const fetchInNode = globalThis.fetch;
globalThis.fetch = (input, init) =>
  init && "redirect" in init && "url" in init
    ? fetchInNode(new Request(input as string, init), { redirect: "manual" })
    : fetchInNode(input, init);

/**
 * @param vars override variables of the api Worker
 * @param options without `lanes` only the api Worker runs, so that jobs stay queued
 * @returns `fetch` takes a path or URL; `authorized` adds the default account's key
 */
export async function startTestStack(vars: Record<string, string> = {}, { lanes = true } = {}) {
  const { harness, url } = await startHarness([
    { configPath: join(ROOT, API_CONFIG), vars },
    ...(lanes ? listLaneConfigs() : []).map((config) => ({ configPath: join(ROOT, config) })),
  ]);
  const api = harness.getWorker<ApiEnv>("pixmill-api");
  await api.applyD1Migrations("DB");
  const env = await api.getEnv();
  const account = await createAccount(env.DB, "unlimited");

  return {
    url: url.origin,
    harness,
    api,
    env,
    account,
    fetch: harness.fetch,
    authorized: (path: string, init: RequestInit = {}, key = account.key) => {
      const headers = new Headers(init.headers);
      headers.set("Authorization", `Bearer ${key}`);
      return fetch(new URL(path, url), { ...init, headers });
    },
    createAccount: (plan: string) => createAccount(env.DB, plan),
    close: () => harness.close(),
  };
}

/** An account with one key, straight into the database. */
export async function createAccount(db: D1Database, plan: string): Promise<Account> {
  const account: Account = { id: `acct_${randomUUID()}`, key: `pm_test_${randomUUID()}` };
  const hash = createHash("sha256").update(account.key).digest("hex");
  const now = Date.now();
  await db.batch([
    db
      .prepare("INSERT INTO accounts (id, name, email, plan, created_at) VALUES (?, ?, ?, ?, ?)")
      .bind(account.id, "Test", null, plan, now),
    db
      .prepare(
        "INSERT INTO api_keys (id, account_id, name, prefix, hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .bind(`key_${randomUUID()}`, account.id, "Test", account.key.slice(0, 12), hash, now),
  ]);
  return account;
}
