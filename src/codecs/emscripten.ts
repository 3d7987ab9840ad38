/** Packages that emscripten's glue starts, as instances for the pool. */
import { WasmInstance } from "./wasm.ts";

interface FactoryOptions {
  locateFile(file: string): string;
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}

/** What the glue exports; its own types leave out the options that we give. */
export type EmscriptenFactory<Api> = (options: FactoryOptions) => Api | Promise<Api>;

/** With a bound to its memory, beyond which its allocator finds no more. */
export class EmscriptenInstance<Api> extends WasmInstance<Api> {
  /** What the memory may grow to, in bytes. */
  limitBytes = Infinity;

  constructor(api: Api, memory: WebAssembly.Memory) {
    super(api, memory);
    const grow = memory.grow.bind(memory);
    // The glue asks the very object that it got for more, and takes a throw for a no.
    memory.grow = (pages) => {
      if (this.bytes + pages * PAGE_BYTES > this.limitBytes) throw new RangeError("limit");
      return grow(pages);
    };
  }

  override wipe(): void {
    super.wipe();
    this.limitBytes = Infinity;
  }
}

const PAGE_BYTES = 65_536;

/** @param memoryName what the build called the memory among the module's exports */
export async function startEmscripten<Api>(
  factory: EmscriptenFactory<Api>,
  module: WebAssembly.Module,
  memoryName: string,
): Promise<EmscriptenInstance<Api>> {
  let memory: WebAssembly.Memory | undefined;
  const api = await factory({
    locateFile: (file) => file,
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(module, imports);
      memory = instance.exports[memoryName] as WebAssembly.Memory;
      done(instance);
      return instance.exports;
    },
  });
  if (!memory) throw new Error("The module was not instantiated.");
  return new EmscriptenInstance(api, memory);
}
