/** Instances of third-party WASM codecs that can be used again without a trace of the last job. */
import type { PooledInstance } from "../pipeline/memory.ts";

/**
 * Wiping restores the memory to its state after start-up: codecs keep their allocator, tables and
 * stack in it, so zeroing alone would break them.
 */
export class WasmInstance<Exports> implements PooledInstance {
  readonly #snapshot: Uint8Array;

  /** @param api what callers use: the raw exports, or the glue's module object */
  constructor(
    readonly api: Exports,
    readonly memory: WebAssembly.Memory,
  ) {
    const all = new Uint8Array(memory.buffer);
    let end = all.length;
    while (end > 0 && all[end - 1] === 0) end--;
    this.#snapshot = all.slice(0, end);
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** The memory as it is now; growing it makes earlier views useless. */
  get heap(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  wipe(): void {
    const heap = this.heap;
    heap.fill(0, this.#snapshot.length);
    heap.set(this.#snapshot);
  }
}
