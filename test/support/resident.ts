/** The runtime as the operating system sees it: its memory, and the time it computes. */
import { readdirSync, readFileSync } from "node:fs";

/** Of the processes' times, on every Linux. */
const TICKS_PER_SECOND = 100;

/** Resident memory of the workerd processes that descend from `rootPid`, in MiB. */
export function readResidentMib(rootPid = process.pid): number {
  let kib = 0;
  for (const pid of findRuntimes(rootPid)) {
    kib += Number(readProc(`${pid}/status`)?.match(/VmRSS:\s+(\d+)/)?.[1] ?? 0);
  }
  return kib / 1024;
}

/** Seconds that they have computed since they were started, whatever else the machine did. */
export function readProcessorSeconds(rootPid = process.pid): number {
  let ticks = 0;
  for (const pid of findRuntimes(rootPid)) {
    // Behind the name in brackets: state, and eleven more until the times.
    const fields = readProc(`${pid}/stat`)?.split(") ").at(-1)?.split(" ") ?? [];
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

function findRuntimes(rootPid: number): number[] {
  const processes = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync("/proc")) {
    const match = readProc(`${entry}/stat`)?.match(/^(\d+) \((.*)\) \S (\d+)/);
    if (match) processes.set(Number(match[1]), { name: match[2] ?? "", parent: Number(match[3]) });
  }
  const descends = (pid: number): boolean => {
    const found = processes.get(pid);
    return pid === rootPid || (found !== undefined && found.parent > 1 && descends(found.parent));
  };
  return [...processes]
    .filter(([pid, { name }]) => name.startsWith("workerd") && descends(pid))
    .map(([pid]) => pid);
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined; // not a process, or ended meanwhile
  }
}
