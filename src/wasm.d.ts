declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

/** For packages whose .wasm.d.ts describes the exports instead of the module. */
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** Fonts, which Workers get as they are (`rules` of the Workers' configs). */
declare module "*.ttf" {
  const file: ArrayBuffer;
  export default file;
}
