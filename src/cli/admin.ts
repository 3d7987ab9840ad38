/** What the commands share that work on the database. */
import { PLANS, type PlanName } from "../plans.ts";
import { UsageError } from "./arguments.ts";
import { openLocalDatabase, openRemoteDatabase, type Database, type Row } from "./database.ts";
import { localStateDir } from "./project.ts";

export const PLAN_NAMES = Object.keys(PLANS) as PlanName[];

/** @throws UsageError */
export function readPlan(text: string | undefined): PlanName | undefined {
  const plan = PLAN_NAMES.find((name) => name === text);
  if (text !== undefined && !plan) {
    throw new UsageError(`--plan is one of ${PLAN_NAMES.join(", ")}.`);
  }
  return plan;
}

/** @throws UsageError */
export function required(value: string | undefined, what: string, usage: string): string {
  if (!value) throw new UsageError(`Missing: ${what}.\n\n${usage}`);
  return value;
}

/** Milliseconds since 1970 as text, nothing as nothing. */
export const showTime = (value: Row[string] | undefined): string =>
  value ? new Date(Number(value)).toISOString() : "";

/** @param remote the deployed database, or the local stack's (STATE_DIR, or .wrangler/state) */
export async function runDatabaseCommand(
  remote: boolean | undefined,
  command: (database: Database) => Promise<void>,
): Promise<void> {
  const database = remote ? openRemoteDatabase() : await openLocalDatabase(localStateDir());
  try {
    await command(database);
  } finally {
    await database.close();
  }
}
