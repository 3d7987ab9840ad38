/** Instances of third-party WASM codecs that can be used again without a trace of the last job. */
import type { PooledInstance } from "../pipeline/memory.ts";

const PAGE_BYTES = 65_536;

/**
 * Wiping restores the memory to its state after start-up: codecs keep their allocator, tables and
 * stack in it, so zeroing alone would break them.
 */
export class WasmInstance<Exports> implements PooledInstance {
  /** What is not zero of the first memory, by pages: allocators write to both of its ends. */
  readonly #snapshot: { offset: number; bytes: Uint8Array }[] = [];

  /** @param api what callers use: the raw exports, or the glue's module object */
  constructor(
    readonly api: Exports,
    readonly memory: WebAssembly.Memory,
  ) {
    for (let offset = 0; offset < memory.buffer.byteLength; offset += PAGE_BYTES) {
      const words = new Uint32Array(memory.buffer, offset, PAGE_BYTES / 4);
      if (words.every((word) => word === 0)) continue;
      this.#snapshot.push({
        offset,
        bytes: new Uint8Array(memory.buffer, offset, PAGE_BYTES).slice(),
      });
    }
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
    heap.fill(0);
    for (const { offset, bytes } of this.#snapshot) heap.set(bytes, offset);
  }
}
