/** `npm run keys`: makes, lists and revokes API keys, locally or on the deployed database. */
import { PLANS, type PlanName } from "../plans.ts";
import { addKey, listKeys, makeKey, revokeKey } from "./accounts.ts";
import { readArguments, runCommand, UsageError } from "./arguments.ts";
import { openLocalDatabase, openRemoteDatabase, type Database, type Row } from "./database.ts";
import { localStateDir } from "./project.ts";

const PLAN_NAMES = Object.keys(PLANS) as PlanName[];

const USAGE = `usage: npm run keys -- create --account NAME [--plan ${PLAN_NAMES.join("|")}] [--name TEXT] [--remote]
       npm run keys -- list [--account NAME] [--json] [--remote]
       npm run keys -- revoke ID_OR_KEY [--remote]

Without --remote the keys are those of the local stack (STATE_DIR, or .wrangler/state).
A new account is on the free plan unless --plan says otherwise; --plan also changes an existing one.`;

interface Options {
  account?: string | undefined;
  plan?: string | undefined;
  name?: string | undefined;
  json?: boolean | undefined;
}

const ACTIONS: Record<
  string,
  (database: Database, options: Options, target: string | undefined) => Promise<void>
> = { create, list, revoke };

async function create(database: Database, options: Options): Promise<void> {
  const account = required(options.account, "--account");
  const key = makeKey();
  await addKey(database, {
    account,
    plan: parsePlan(options.plan),
    name: options.name ?? "created by npm run keys",
    key,
  });
  // Alone on stdout, for scripts; it cannot be shown again.
  console.log(key);
  console.error(`Key of ${account}. Keep it: only its hash is stored.`);
}

async function list(database: Database, options: Options): Promise<void> {
  const keys = await listKeys(database, options.account);
  if (options.json) console.log(JSON.stringify(keys, null, 2));
  else console.table(keys.map(describe));
}

async function revoke(database: Database, _options: Options, key: string | undefined) {
  const id = await revokeKey(database, required(key, "an id or a key"));
  if (!id) throw new Error("There is no such key.");
  console.log(`revoked ${id}`);
}

function describe(row: Row): Row {
  const { created_at, last_used_at, revoked_at, ...rest } = row;
  const time = (value: Row[string] | undefined) =>
    value ? new Date(Number(value)).toISOString() : "";
  return {
    ...rest,
    created: time(created_at),
    "last used": time(last_used_at),
    revoked: time(revoked_at),
  };
}

function required(value: string | undefined, what: string): string {
  if (!value) throw new UsageError(`Missing: ${what}.\n\n${USAGE}`);
  return value;
}

function parsePlan(text: string | undefined): PlanName | undefined {
  const plan = PLAN_NAMES.find((name) => name === text);
  if (text !== undefined && !plan)
    throw new UsageError(`--plan is one of ${PLAN_NAMES.join(", ")}.`);
  return plan;
}

await runCommand(async () => {
  const { values, positionals } = readArguments({
    allowPositionals: true,
    options: {
      account: { type: "string" },
      plan: { type: "string" },
      name: { type: "string" },
      json: { type: "boolean" },
      remote: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [action, target] = positionals;
  const run = ACTIONS[action ?? ""];
  if (!run) throw new UsageError(USAGE);
  const database = values.remote ? openRemoteDatabase() : await openLocalDatabase(localStateDir());
  try {
    await run(database, values, target);
  } finally {
    await database.close();
  }
});
