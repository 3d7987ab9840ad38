/** API keys and the accounts they open, in SQL for the local and the deployed database alike. */
import { randomBytes, randomUUID } from "node:crypto";
import type { PlanName } from "../plans.ts";
import type { Scope } from "../scopes.ts";
import { hashKey } from "../stores/keys.ts";
import { quote, type Database, type Row } from "./database.ts";

/** 256 random bits. */
export function makeKey(): string {
  return `pm_${randomBytes(32).toString("base64url")}`;
}

/** Enough to tell keys apart in a list, and at most a third of a key that is short. */
function keyPrefix(key: string): string {
  return key.slice(0, Math.min(12, Math.floor(key.length / 3)));
}

/**
 * Makes the account of that name when there is none, sets its plan when one is given, and gives
 * it the key. A key that was revoked works again.
 * @param grant `scopes` limits what the key may do; without it, to nothing
 */
export async function addKey(
  database: Database,
  grant: {
    account: string;
    plan: PlanName | undefined;
    name: string;
    key: string;
    scopes?: readonly Scope[] | undefined;
  },
): Promise<void> {
  const account = quote(grant.account);
  const now = Date.now();
  const statements = [
    `INSERT INTO accounts (id, name, plan, created_at)
     SELECT ${quote(`acct_${randomUUID()}`)}, ${account}, ${quote(grant.plan ?? "free")}, ${now}
     WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE name = ${account})`,
    `INSERT INTO api_keys (id, account_id, name, prefix, hash, created_at, scopes)
     SELECT ${quote(`key_${randomUUID()}`)}, id, ${quote(grant.name)},
       ${quote(keyPrefix(grant.key))}, ${quote(await hashKey(grant.key))}, ${now},
       ${grant.scopes ? quote(grant.scopes.join(" ")) : "NULL"}
     FROM accounts WHERE name = ${account}
     ON CONFLICT (hash) DO UPDATE SET revoked_at = NULL`,
  ];
  if (grant.plan) {
    statements.push(`UPDATE accounts SET plan = ${quote(grant.plan)} WHERE name = ${account}`);
  }
  await database.query(statements.join(";\n"));
}

/** Whether the key is there and not revoked, on an account of that name and plan. */
export async function hasKey(
  database: Database,
  grant: { account: string; plan: PlanName; key: string },
): Promise<boolean> {
  const rows = await database.query(
    `SELECT 1 FROM api_keys k JOIN accounts a ON a.id = k.account_id
     WHERE k.hash = ${quote(await hashKey(grant.key))} AND k.revoked_at IS NULL
       AND a.name = ${quote(grant.account)} AND a.plan = ${quote(grant.plan)}`,
  );
  return rows.length > 0;
}

/** One row a key: id, prefix, name, account, plan, scopes, created_at, last_used_at, revoked_at. */
export function listKeys(database: Database, account: string | undefined): Promise<Row[]> {
  return database.query(
    `SELECT k.id, k.prefix, k.name, a.name AS account, a.plan, k.scopes,
       k.created_at, k.last_used_at, k.revoked_at
     FROM api_keys k JOIN accounts a ON a.id = k.account_id
     ${account === undefined ? "" : `WHERE a.name = ${quote(account)}`}
     ORDER BY k.created_at`,
  );
}

/**
 * @param key its id or the key itself
 * @returns the id of the key that is revoked now, or undefined when there is none such
 */
export async function revokeKey(database: Database, key: string): Promise<string | undefined> {
  const rows = await database.query(
    `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ${Date.now()})
     WHERE id = ${quote(key)} OR hash = ${quote(await hashKey(key))} RETURNING id`,
  );
  return rows[0]?.["id"]?.toString();
}
