/** libjpeg-turbo run in Node: what our decoder must equal at every scale. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface Turbo {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  tjInitDecompress(): number;
  tjDecompress2(...values: number[]): number;
}

const wasm = createRequire(import.meta.url).resolve("@cwasm/jpeg-turbo/jpeg-turbo.wasm");
/** The Workers' types know no Module made from bytes; Node makes them. */
const module = new (WebAssembly.Module as unknown as new (bytes: Uint8Array) => WebAssembly.Module)(
  readFileSync(wasm),
);

const refuse = (name: string) => () => {
  throw new Error(`libjpeg-turbo called ${name}`);
};

export function decodeByTurbo(
  file: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3 | 4,
): Uint8Array {
  const turbo = new WebAssembly.Instance(module, {
    env: { setjmp: () => 0, longjmp: refuse("longjmp") },
    wasi_snapshot_preview1: {
      environ_sizes_get: () => 0,
      environ_get: refuse("environ_get"),
      proc_exit: refuse("proc_exit"),
      fd_close: refuse("fd_close"),
      fd_seek: refuse("fd_seek"),
      fd_write: refuse("fd_write"),
    },
  }).exports as unknown as Turbo;
  const input = turbo.malloc(file.length);
  new Uint8Array(turbo.memory.buffer).set(file, input);
  const bytes = width * height * channels;
  const output = turbo.malloc(bytes);
  const format = { 1: 6, 3: 0, 4: 11 }[channels];
  const pitch = width * channels;
  const handle = turbo.tjInitDecompress();
  turbo.tjDecompress2(handle, input, file.length, output, width, pitch, height, format, 0);
  return new Uint8Array(turbo.memory.buffer, output, bytes).slice();
}
