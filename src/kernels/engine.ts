/**
 * The project's own SIMD kernels as one module with one memory, so that rows pass from kernel to
 * kernel without leaving it. Compiled from assembly/ by build.ts.
 */
import type { InstanceKind, PooledInstance } from "../pipeline/memory.ts";
import engineModule from "./compiled/engine.wasm";
import type { instantiate } from "./compiled/engine.js";

export type EngineExports = Awaited<ReturnType<typeof instantiate>>;

export const PAGE_BYTES = 65_536;
const ALIGNMENT = 16;
/** More than vectors write past the end of what a kernel was given. */
const OVERRUN_BYTES = 256;

/**
 * One instance and its arena. Kernels keep no state outside memory that `allocate` gave them:
 * that is what makes `wipe` complete.
 */
export class Engine implements PooledInstance {
  readonly exports: EngineExports;
  readonly survivesFailure = true;
  beforeGrowth?: (() => void) | undefined;
  readonly #freshBytes: number;
  readonly #base: number;
  #top: number;
  /** The furthest that the job has been. */
  #highest: number;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module, { env: { abort } })
      .exports as unknown as EngineExports;
    this.#freshBytes = this.bytes;
    this.#base = align(this.exports.heapBase());
    this.#top = this.#base;
    this.#highest = this.#base;
  }

  get bytes(): number {
    return this.memory.byteLength;
  }

  /** What a fresh instance would have by now: a pooled one may have been grown by another job. */
  get usedBytes(): number {
    const pages = Math.ceil(this.#highest / PAGE_BYTES);
    return Math.max(this.#freshBytes, pages * PAGE_BYTES);
  }

  /** The memory as it is now; growing it makes earlier views useless. */
  get memory(): ArrayBuffer {
    return this.exports.memory.buffer;
  }

  /** Zeroed room that lasts until the job ends, or a `rewind`. Growing the memory detaches earlier views. */
  allocate(bytes: number): number {
    const pointer = this.#top;
    this.#top = align(pointer + bytes);
    this.#highest = Math.max(this.#highest, this.#top);
    const missing = this.#top - this.bytes;
    if (missing > 0) {
      this.beforeGrowth?.();
      this.exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    }
    return pointer;
  }

  view(pointer: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory, pointer, bytes);
  }

  /** Whether `data` lies in this memory. */
  holds(data: Uint8Array): boolean {
    return data.buffer === this.memory;
  }

  /** `data` over a growth of this memory: what is returned gives a view that is valid now. */
  pin(data: Uint8Array): () => Uint8Array {
    if (!this.holds(data)) return () => data;
    const { byteOffset, length } = data;
    return () => this.view(byteOffset, length);
  }

  copy(from: number, to: number, bytes: number): void {
    this.view(0, this.bytes).copyWithin(to, from, from + bytes);
  }

  mark(): number {
    return this.#top;
  }

  /** Frees and zeroes what was allocated since `mark`, as often as there are passes or frames. */
  rewind(mark: number): void {
    const end = Math.min(this.bytes, this.#top + OVERRUN_BYTES);
    if (end > mark) this.view(mark, end - mark).fill(0);
    this.#top = mark;
  }

  /** Zeroes all behind the module's own data, whatever has been allocated. */
  wipe(): void {
    // Before the first allocation the memory may end where the arena would begin.
    if (this.bytes > this.#base) this.view(this.#base, this.bytes - this.#base).fill(0);
    this.#top = this.#base;
    this.#highest = this.#base;
  }
}

/** What an allocation of `bytes` takes of the arena. */
export function align(bytes: number): number {
  return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
}

function abort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`kernel assertion failed at ${line}:${column}`);
}

export const ENGINE: InstanceKind<Engine> = {
  name: "engine",
  create: () => new Engine(engineModule),
};

/** Memory of an engine whose kernels have allocated nothing. */
export const ENGINE_BASE_BYTES = 2 * PAGE_BYTES;
