/** The whole service on this machine: every Worker in one local runtime, with a database and a key. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { addKey, hasKey, makeKey } from "./grants.ts";
import { openLocalDatabase } from "./database.ts";
import { buildKernels, listWorkerConfigs, offlineWranglerEnv, spawnWrangler } from "./project.ts";

const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 5_000;
const CRON_INTERVAL_MS = 60_000;

const DEVELOPMENT = { account: "Development", plan: "unlimited", name: "npm start" } as const;

export interface StackOptions {
  /** 0 takes a free one. */
  port: number;
  /** Made when missing; holds everything that outlives the stack. */
  stateDir: string;
  /** The development account's key; by default one made once and kept in the state folder. */
  apiKey?: string | undefined;
  /** What the Workers print, by the line; nothing by default. */
  log?: ((line: string) => void) | undefined;
  /** Variables of the api Worker. */
  vars?: Record<string, string>;
  /** Stops the stack, also one that is still starting. */
  signal?: AbortSignal;
}

export interface Stack {
  url: string;
  key: string;
  /** Settles when the runtime ended, by `stop` or by itself. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts everything and returns when jobs are accepted: the runtime listens only once all Workers
 * are loaded, consumers included.
 * @throws Error with the runtime's last lines when it ends or does not answer in time
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  mkdirSync(options.stateDir, { recursive: true });
  const port = await claimPort(options.port);
  const url = `http://127.0.0.1:${port}`;
  await buildKernels();
  options.signal?.throwIfAborted();
  const runtime = startRuntime(port, options);
  options.signal?.addEventListener("abort", () => void stopProcess(runtime.process));
  try {
    const [key] = await Promise.all([
      prepareDatabase(options.stateDir, options.apiKey),
      waitUntilHealthy(url, runtime),
    ]);
    const cron = setInterval(() => runCron(url), CRON_INTERVAL_MS).unref();
    const ended = runtime.ended.then(() => clearInterval(cron));
    runtime.showLog();
    return { url, key, ended, stop: () => stopProcess(runtime.process) };
  } catch (error) {
    await stopProcess(runtime.process);
    throw error;
  }
}

interface Runtime {
  process: ChildProcess;
  ended: Promise<void>;
  /** The last lines, for an error's message. */
  lastLines: string[];
  /** Passes lines on from now: what comes before is the runtime's own start. */
  showLog(): void;
}

function startRuntime(port: number, options: StackOptions): Runtime {
  const vars = Object.entries(options.vars ?? {});
  const process = spawnWrangler(
    [
      "dev",
      ...listWorkerConfigs().flatMap((config) => ["--config", config]),
      ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
      ...["--persist-to", options.stateDir, "--log-level", "warn"],
      "--show-interactive-dev-session=false",
      ...vars.flatMap(([name, value]) => ["--var", `${name}:${value}`]),
    ],
    ["ignore", "pipe", "pipe"],
    offlineWranglerEnv(options.stateDir),
  );
  const lastLines: string[] = [];
  let shown = false;
  const keep = (line: string) => {
    if (line.trim() === "") return;
    lastLines.push(line);
    if (lastLines.length > 40) lastLines.shift();
    if (shown) options.log?.(line);
  };
  for (const stream of [process.stdout, process.stderr]) {
    if (stream) createInterface(stream).on("line", keep);
  }
  return {
    process,
    ended: once(process, "exit").then(() => undefined),
    lastLines,
    showLog: () => (shown = true),
  };
}

/** Migrates, and makes sure that the development account has the key. */
async function prepareDatabase(stateDir: string, apiKey: string | undefined): Promise<string> {
  const grant = { ...DEVELOPMENT, key: apiKey || readOwnKey(stateDir) };
  const database = await openLocalDatabase(stateDir);
  try {
    if (!(await hasKey(database, grant))) await addKey(database, grant);
  } finally {
    await database.close();
  }
  return grant.key;
}

function readOwnKey(stateDir: string): string {
  const file = join(stateDir, "development-key");
  if (!existsSync(file)) writeFileSync(file, makeKey(), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

async function waitUntilHealthy(url: string, runtime: Runtime): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (isRunning(runtime.process) && Date.now() < deadline) {
    const healthy = await fetch(`${url}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await delay(50);
  }
  const reason = isRunning(runtime.process) ? "does not answer" : "ended";
  throw new Error(`The local runtime ${reason}:\n${runtime.lastLines.join("\n")}`);
}

/** The local runtime never fires crons by itself. What fails now is done by a later run. */
function runCron(url: string): void {
  fetch(`${url}/cdn-cgi/handler/scheduled`).then(
    (response) => response.body?.cancel(),
    () => undefined,
  );
}

/** @throws Error when the port is taken: another stack may answer there, and pass for this one. */
async function claimPort(port: number): Promise<number> {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen(port, "127.0.0.1");
  try {
    await listening;
  } catch (cause) {
    throw new Error(`Port ${port} is in use; set PORT to another.`, { cause });
  }
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return address.port;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const forced = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(forced);
}
