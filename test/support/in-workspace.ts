/** Runs codecs outside a conversion, with the memory that they plan. */
import type { MemoryGate, Workspace } from "../../src/pipeline/memory.ts";

/** @throws what `work` throws, AppError memory_limit */
export async function inWorkspace<T>(
  gate: MemoryGate,
  plannedBytes: number,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const workspace = await gate.admit(plannedBytes);
  let outcome: "succeeded" | "failed" = "failed";
  try {
    const result = await work(workspace);
    outcome = "succeeded";
    return result;
  } finally {
    workspace.close(outcome);
  }
}
