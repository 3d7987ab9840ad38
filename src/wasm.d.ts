declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

/** For packages whose .wasm.d.ts describes the exports instead of the module. */
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}
