/** Runs the project's commands as a user does: as processes, each with a process group of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "../..");

type Env = Record<string, string>;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The group's processes that still live, by command line. */
  leftBehind: string[];
}

export interface Service {
  url: string;
  /** Everything it has printed. */
  lines: string[];
  /** Of npm, and of the group of all that it started. */
  pid: number;
  /** To npm alone: what it starts must be stopped by it. */
  stop(): Promise<Finished>;
  /** To every process of the group at once. */
  killGroup(signal: NodeJS.Signals): Promise<void>;
}

/** A folder for the test, removed by `remove`. */
export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "pixmill-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** `npm run SCRIPT -- ARGS`, to its end. */
export async function runScript(script: string, args: string[], env: Env = {}): Promise<Finished> {
  const child = spawnGroup(["run", "--silent", script, "--", ...args], env);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr, leftBehind: listGroup(child.pid ?? 0) };
}

/**
 * `npm start`, until it is ready.
 * @throws Error with what it printed when it ends instead
 */
export async function startService(env: Env): Promise<Service> {
  const child = spawnGroup(["start"], env);
  const pid = child.pid ?? 0;
  const lines: string[] = [];
  const ended = once(child, "close") as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on("line", (line) => {
        lines.push(line);
        if (line.startsWith("ready ")) resolve(line.slice("ready ".length));
      });
    }
    void ended.then(() => reject(new Error(`npm start ended:\n${lines.join("\n")}`)));
  });
  return {
    url,
    lines,
    pid,
    async stop() {
      child.kill("SIGTERM");
      const [code] = await ended;
      return { code, stdout: lines.join("\n"), stderr: "", leftBehind: listGroup(pid) };
    },
    async killGroup(signal) {
      process.kill(-pid, signal);
      await ended;
    },
  };
}

/** A port that is free now. */
export async function findFreePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

function spawnGroup(args: string[], env: Env): ChildProcess {
  return spawn("npm", args, {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

/** Processes of a group by their command lines, without those that have ended (Linux only). */
function listGroup(group: number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // pid (name) state parent group ...; the name may hold anything.
        const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (Number(processGroup) !== group || state === "Z" || state === "X") return [];
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        // It ended while being looked at.
        return [];
      }
    });
}
