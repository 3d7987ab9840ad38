/** Where the project lies, which Workers it has, and how wrangler is run for it. */
import { execFile, spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";

export const ROOT = resolve(import.meta.dirname, "../..");

export const DATABASE_NAME = "pixmill";

/** Variables that open what a deployment keeps shut. */
export const DEVELOPMENT_VARS: readonly string[] = ["ALLOW_PRIVATE_URLS"];

export const API_CONFIG = "wrangler.toml";

/** Every Worker's config by file name, the api's first. */
export function listWorkerConfigs(): string[] {
  return [API_CONFIG, ...listLaneConfigs()];
}

/** Those of the consumers: a new lane is found by its file. */
export function listLaneConfigs(): string[] {
  return readdirSync(ROOT)
    .filter((file) => /^wrangler\.[\w-]+\.toml$/.test(file))
    .toSorted();
}

/** Where local D1, R2 and Durable Objects live: `STATE_DIR`, else wrangler's own place. */
export function localStateDir(): string {
  return resolve(process.env["STATE_DIR"] || join(ROOT, ".wrangler/state"));
}

/**
 * Compiles what is not up to date. The runtime would do it, too, but takes what is written then
 * for a change of the sources, and loads everything twice.
 * @throws Error with the compiler's output
 */
export async function buildKernels(): Promise<void> {
  const bin = join(ROOT, "node_modules/.bin");
  await promisify(execFile)(process.execPath, [join(ROOT, "src/kernels/build.ts")], {
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` },
  });
}

/** Keeps wrangler from asking, phoning home, or looking for stacks other than this one. */
export function quietWranglerEnv(): Record<string, string> {
  return {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  };
}

/** The same for the local runtime, which needs no network at all. */
export function offlineWranglerEnv(stateDir: string): Record<string, string> {
  return {
    ...quietWranglerEnv(),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "false",
    // Traces of every call cost time and disk.
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
    // Stacks on one machine share Worker names; each keeps its own list of what runs.
    WRANGLER_REGISTRY_PATH: join(stateDir, "registry"),
  };
}

/** Starts wrangler in the project's root, in this process's group. */
export function spawnWrangler(
  args: string[],
  stdio: StdioOptions,
  env: Record<string, string> = quietWranglerEnv(),
): ChildProcess {
  return spawn(process.execPath, [join(ROOT, "node_modules/wrangler/bin/wrangler.js"), ...args], {
    cwd: ROOT,
    stdio,
    env: { ...process.env, ...env },
  });
}

export interface CommandResult {
  code: number;
  /** What it wrote to stdout; empty when inherited. */
  stdout: string;
  stderr: string;
}

/**
 * Runs wrangler to its end.
 * @param show passes its output on to the terminal; else it is only collected
 */
export async function runWrangler(args: string[], show = false): Promise<CommandResult> {
  // Without a stdin wrangler never asks: it takes its default, or fails and says what is missing.
  const output = show ? "inherit" : "pipe";
  const child = spawnWrangler(args, ["ignore", output, output]);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, stdout, stderr };
}
