/** `npm run accounts`: makes accounts, gives them points, suspends and shows them. */
import { randomUUID } from "node:crypto";
import { PLANS, type PlanName } from "../plans.ts";
import { PLAN_NAMES, readPlan, required, runDatabaseCommand, showTime } from "./admin.ts";
import { readArguments, runCommand, UsageError } from "./arguments.ts";
import { quote, type Database, type Row } from "./database.ts";

const USAGE = `usage: npm run accounts -- create NAME [--email TEXT] [--plan ${PLAN_NAMES.join("|")}] [--points N]
       npm run accounts -- credit NAME POINTS
       npm run accounts -- suspend NAME
       npm run accounts -- resume NAME
       npm run accounts -- show [NAME] [--json]

NAME is an account's name or id; also --account NAME and --points N. POINTS may be negative.
Add --remote for the deployed database instead of the local stack's. Keys: npm run keys.`;

interface Options {
  account?: string | undefined;
  email?: string | undefined;
  plan?: string | undefined;
  points?: string | undefined;
  json?: boolean | undefined;
}

const ACTIONS: Record<
  string,
  (database: Database, account: string | undefined, options: Options) => Promise<void>
> = {
  create,
  credit,
  suspend: (database, account) => setSuspended(database, account, true),
  resume: (database, account) => setSuspended(database, account, false),
  show,
};

async function create(database: Database, account: string | undefined, options: Options) {
  const name = required(account, "a name", USAGE);
  const points = readPoints(options.points ?? "0");
  if (points < 0) throw new UsageError("An account cannot begin with less than no points.");
  const id = `acct_${randomUUID()}`;
  const rows = await database.query(
    `INSERT INTO accounts (id, name, email, plan, points, created_at)
     SELECT ${quote(id)}, ${quote(name)}, ${options.email ? quote(options.email) : "NULL"},
       ${quote(readPlan(options.plan) ?? "free")}, ${points}, ${Date.now()}
     WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE name = ${quote(name)}) RETURNING id`,
  );
  if (rows.length === 0) throw new Error(`There is an account "${name}" already.`);
  console.log(id);
}

async function credit(database: Database, account: string | undefined, options: Options) {
  const points = readPoints(required(options.points, "how many points", USAGE));
  const [row] = await update(database, account, `points = max(0, points + ${points})`);
  console.log(`${row?.["name"]} has ${row?.["points"]} points`);
}

async function setSuspended(database: Database, account: string | undefined, suspended: boolean) {
  const value = suspended ? `coalesce(suspended_at, ${Date.now()})` : "NULL";
  const [row] = await update(database, account, `suspended_at = ${value}`);
  console.log(`${row?.["name"]} is ${suspended ? "suspended" : "active"}`);
}

async function update(database: Database, account: string | undefined, change: string) {
  const name = required(account, "an account", USAGE);
  const rows = await database.query(
    `UPDATE accounts SET ${change} WHERE ${isAccount(name)} RETURNING name, points`,
  );
  if (rows.length === 0) throw new Error(`There is no account "${name}".`);
  return rows;
}

async function show(database: Database, account: string | undefined, { json }: Options) {
  const today = Math.floor(Date.now() / 86_400_000);
  const rows = await database.query(
    `SELECT id, name, email, plan, points, iif(daily_day = ${today}, daily_used, 0) AS used_today,
       total_conversions, created_at, suspended_at,
       (SELECT count(*) FROM api_keys WHERE account_id = accounts.id AND revoked_at IS NULL) AS keys
     FROM accounts ${account === undefined ? "" : `WHERE ${isAccount(account)}`}
     ORDER BY created_at`,
  );
  if (account !== undefined && rows.length === 0)
    throw new Error(`There is no account "${account}".`);
  const described = rows.map((row) => ({ ...row, free_per_day: freePerDay(row) }));
  if (json) console.log(JSON.stringify(described, null, 2));
  else console.table(described.map(withTimes));
}

const isAccount = (name: string): string => `(name = ${quote(name)} OR id = ${quote(name)})`;

/** Null is no limit. */
const freePerDay = ({ plan }: Row): number | null =>
  PLANS[(Object.hasOwn(PLANS, String(plan)) ? plan : "free") as PlanName].freeConversionsPerDay;

function withTimes({ created_at, suspended_at, ...rest }: Row): Row {
  return { ...rest, created: showTime(created_at), suspended: showTime(suspended_at) };
}

function readPoints(text: string): number {
  const points = Number(text);
  if (!/^-?\d{1,12}$/.test(text)) throw new UsageError("Points are a whole number.");
  return points;
}

await runCommand(async () => {
  const { values, positionals } = readArguments({
    // A negative number is no option.
    args: process.argv.slice(2).map((word) => (/^-\d+$/.test(word) ? `--points=${word}` : word)),
    allowPositionals: true,
    options: {
      account: { type: "string" },
      email: { type: "string" },
      plan: { type: "string" },
      points: { type: "string" },
      json: { type: "boolean" },
      remote: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [action = "", ...rest] = positionals;
  const run = ACTIONS[action];
  if (!run) throw new UsageError(USAGE);
  const account = values.account ?? rest.shift();
  const points = values.points ?? rest.shift();
  await runDatabaseCommand(values.remote, (database) =>
    run(database, account, { ...values, points }),
  );
});
