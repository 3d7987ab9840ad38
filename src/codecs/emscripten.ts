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
export type EmscriptenFactory<Api> = (options: FactoryOptions) => Promise<Api>;

/** @param memoryName what the build called the memory among the module's exports */
export async function startEmscripten<Api>(
  factory: EmscriptenFactory<Api>,
  module: WebAssembly.Module,
  memoryName: string,
): Promise<WasmInstance<Api>> {
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
  return new WasmInstance(api, memory);
}
