/** Instances of modules that are compiled from Rust, and given all their memory when they are made. */
import { WasmInstance } from "./wasm.ts";

export class RustInstance<
  Exports extends { memory: WebAssembly.Memory },
> extends WasmInstance<Exports> {
  /** Memory that it was made with. */
  readonly givenBytes: number;
  #crashed = false;

  constructor(api: Exports) {
    super(api, api.memory);
    this.givenBytes = this.bytes;
  }

  /** Whether it took more than was planned for it. */
  get hasGrown(): boolean {
    return this.bytes > this.givenBytes;
  }

  /** A panic leaves the stack pointer, which no wipe can reach, where it was. */
  get survivesFailure(): boolean {
    return !this.#crashed && !this.hasGrown;
  }

  /** Runs `work`, which calls the module. */
  protected guard<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      this.#crashed ||= thrown instanceof WebAssembly.RuntimeError;
      throw thrown;
    }
  }
}
