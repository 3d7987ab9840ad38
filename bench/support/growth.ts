/** Resident growth of the runtime: what self-counted figures cannot show. */
import { readResidentMib } from "../../test/support/resident.ts";
import { startBench } from "./client.ts";

export interface GrowthJob {
  input: string;
  options: object;
}

/**
 * Over 200 jobs in a row, then over a burst of 20 at once, in a runtime of their own: the peers'
 * memory must not hide ours.
 * @returns MiB
 */
export async function measureGrowth(
  inputs: Readonly<Record<string, Uint8Array>>,
  jobs: readonly GrowthJob[],
) {
  const bench = await startBench();
  try {
    for (const [name, bytes] of Object.entries(inputs)) await bench.load(name, bytes);
    const run = (i: number) => {
      const { input, options } = jobs[i % jobs.length] as GrowthJob;
      return bench.time("pixmill", input, options);
    };
    for (let i = 0; i < 2 * jobs.length; i++) await run(i);
    const before = readResidentMib();
    for (let i = 0; i < 200; i++) await run(i);
    const afterRow = readResidentMib();
    await Promise.all(Array.from({ length: 20 }, (_, i) => run(i)));
    const afterBurst = readResidentMib();
    return { inRow: afterRow - before, afterRow, inBurst: afterBurst - before, afterBurst };
  } finally {
    await bench.close();
  }
}
