/** Proves that kernels write only where they may: zones around all that they are given. */
import { ENGINE, type Engine } from "../../src/kernels/engine.ts";
import { MIB } from "../../src/limits.ts";
import type { MemoryGate, Workspace } from "../../src/pipeline/memory.ts";
import { inWorkspace } from "./in-workspace.ts";

const ZONE_BYTES = 4096;
const FILL = 0xa5;

/**
 * From here on until `release`, what `engine` allocates has guard zones around it.
 * `release` throws when one of them was touched.
 */
function guardAllocations(engine: Engine): { release(): void } {
  const zones: number[] = [];
  const allocate = engine.allocate.bind(engine);
  function addZone(): void {
    const zone = allocate(ZONE_BYTES);
    engine.view(zone, ZONE_BYTES).fill(FILL);
    zones.push(zone);
  }
  engine.allocate = (bytes) => {
    if (zones.length === 0) addZone();
    const pointer = allocate(bytes);
    addZone();
    return pointer;
  };
  return {
    release() {
      Reflect.deleteProperty(engine, "allocate");
      for (const zone of zones) {
        if (engine.view(zone, ZONE_BYTES).some((byte) => byte !== FILL)) {
          throw new Error(`a kernel wrote to a guard zone at ${zone}`);
        }
      }
    },
  };
}

/** With room for the zones; that they were touched is what is said, whatever else went wrong. */
export async function inGuardedWorkspace<T>(
  gate: MemoryGate,
  bytes: number,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  return await inWorkspace(gate, bytes + MIB, async (workspace) => {
    const guards = guardAllocations(await workspace.take(ENGINE));
    return await work(workspace).finally(() => guards.release());
  });
}
