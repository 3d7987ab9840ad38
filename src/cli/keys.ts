/** `npm run keys`: makes, lists and revokes API keys, locally or on the deployed database. */
import { SCOPES, type Scope } from "../scopes.ts";
import { PLAN_NAMES, readPlan, required, runDatabaseCommand, showTime } from "./admin.ts";
import { readArguments, runCommand, UsageError } from "./arguments.ts";
import type { Database, Row } from "./database.ts";
import { addKey, listKeys, makeKey, revokeKey } from "./grants.ts";

const USAGE = `usage: npm run keys -- create --account NAME [--plan ${PLAN_NAMES.join("|")}] [--name TEXT]
         [--scopes ${SCOPES.join(",")}] [--remote]
       npm run keys -- list [--account NAME] [--json] [--remote]
       npm run keys -- revoke ID_OR_KEY [--remote]

Without --remote the keys are those of the local stack (STATE_DIR, or .wrangler/state).
A new account is on the free plan unless --plan says otherwise; --plan also changes an existing one.
Without --scopes a key may do everything.`;

interface Options {
  account?: string | undefined;
  plan?: string | undefined;
  name?: string | undefined;
  scopes?: string | undefined;
  json?: boolean | undefined;
}

const ACTIONS: Record<
  string,
  (database: Database, options: Options, target: string | undefined) => Promise<void>
> = { create, list, revoke };

async function create(database: Database, options: Options): Promise<void> {
  const account = required(options.account, "--account", USAGE);
  const key = makeKey();
  await addKey(database, {
    account,
    plan: readPlan(options.plan),
    name: options.name ?? "created by npm run keys",
    scopes: readScopes(options.scopes),
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
  const id = await revokeKey(database, required(key, "an id or a key", USAGE));
  if (!id) throw new Error("There is no such key.");
  console.log(`revoked ${id}`);
}

function describe(row: Row): Row {
  const { created_at, last_used_at, revoked_at, ...rest } = row;
  return {
    ...rest,
    created: showTime(created_at),
    "last used": showTime(last_used_at),
    revoked: showTime(revoked_at),
  };
}

function readScopes(text: string | undefined): Scope[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const scope = SCOPES.find((name) => name === word.trim());
    if (!scope) throw new UsageError(`--scopes is a list of ${SCOPES.join(", ")}.`);
    return scope;
  });
}

await runCommand(async () => {
  const { values, positionals } = readArguments({
    allowPositionals: true,
    options: {
      account: { type: "string" },
      plan: { type: "string" },
      name: { type: "string" },
      scopes: { type: "string" },
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
  await runDatabaseCommand(values.remote, (database) => run(database, values, target));
});
