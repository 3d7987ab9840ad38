/** Memory of the runtime as the operating system sees it. */
import { readdirSync, readFileSync } from "node:fs";

/** Resident memory of the workerd processes that descend from `rootPid`, in MiB. */
export function readResidentMib(rootPid = process.pid): number {
  const processes = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync("/proc")) {
    const match = readProc(`${entry}/stat`)?.match(/^(\d+) \((.*)\) \S (\d+)/);
    if (match) processes.set(Number(match[1]), { name: match[2] ?? "", parent: Number(match[3]) });
  }
  const descends = (pid: number): boolean => {
    const found = processes.get(pid);
    return pid === rootPid || (found !== undefined && found.parent > 1 && descends(found.parent));
  };
  let kib = 0;
  for (const [pid, { name }] of processes) {
    if (!name.startsWith("workerd") || !descends(pid)) continue;
    kib += Number(readProc(`${pid}/status`)?.match(/VmRSS:\s+(\d+)/)?.[1] ?? 0);
  }
  return kib / 1024;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined; // not a process, or ended meanwhile
  }
}
