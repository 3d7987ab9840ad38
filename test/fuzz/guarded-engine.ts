/** An engine that tells when a kernel writes where it must not. */
import engineModule from "../../src/kernels/compiled/engine.wasm";
import { align, Engine, ENGINE } from "../../src/kernels/engine.ts";

const GUARD_BYTES = 16;
const PATTERN = 0xa5;

const violations: string[] = [];

/** What has been found since the last call. */
export const takeViolations = (): string[] => violations.splice(0);

/** Makes all engines to come guarded ones. */
export function guardEngines(): void {
  ENGINE.create = () => new GuardedEngine(engineModule);
}

/**
 * Lays a guard zone before the arena and behind every allocation, and keeps a copy of the module's
 * own data; looks at them when the job has ended.
 */
class GuardedEngine extends Engine {
  #guards: number[] = [];
  #moduleData = new Uint8Array(0);

  override allocate(bytes: number): number {
    if (this.#guards.length === 0) {
      const first = super.allocate(GUARD_BYTES);
      this.#moduleData = this.view(0, first).slice();
      this.#guard(first);
    }
    const room = align(bytes);
    const pointer = super.allocate(room + GUARD_BYTES);
    this.#guard(pointer + room);
    return pointer;
  }

  override rewind(top: number): void {
    this.#check();
    this.#guards = this.#guards.filter((at) => at < top);
    super.rewind(top);
  }

  override wipe(): void {
    this.#check();
    this.#guards = [];
    super.wipe();
  }

  #check(): void {
    const touched = this.#guards.findIndex((at) =>
      this.view(at, GUARD_BYTES).some((byte) => byte !== PATTERN),
    );
    if (touched >= 0) violations.push(`guard zone behind allocation ${touched} was written to`);
    const own = this.view(0, this.#moduleData.length);
    if (this.#moduleData.some((byte, i) => byte !== own[i])) {
      violations.push("the module's own data were written to");
    }
  }

  #guard(at: number): void {
    this.view(at, GUARD_BYTES).fill(PATTERN);
    this.#guards.push(at);
  }
}
