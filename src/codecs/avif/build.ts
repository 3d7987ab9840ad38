/**
 * Makes compiled/dav1d.wasm of the decoder that ogv compiles, by one more export: its stack pointer.
 * The package gives it a stack of 64 KiB, whose end dav1d's loop restoration passes by 200 KiB, into
 * its own tables; with the pointer exported, dav1d.ts gives it a larger one. Does nothing when that
 * is up to date.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const source = createRequire(import.meta.url).resolve(
  "ogv/dist/ogv-decoder-video-av1-simd-wasm.wasm",
);
const folder = join(import.meta.dirname, "compiled");
const target = join(folder, "dav1d.wasm");

const EXPORT_SECTION = 7;
/** In the export section: a global's kind, and the first one's number, which LLVM gives the stack. */
const FIRST_GLOBAL = [3, 0];
const EXPORTED_NAME = "stackPointer";

const HEADER_BYTES = 8;

/** Unsigned LEB128. */
function readNumber(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0, at = offset; ; shift += 7, at++) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

function writeNumber(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeNumber(value >>> 7)];
}

/** The module with its first global exported, too. WebAssembly core specification, section 5.5. */
function exportFirstGlobal(module: Uint8Array, name: string): Uint8Array {
  for (let offset = HEADER_BYTES; offset < module.length;) {
    const { value: length, end: start } = readNumber(module, offset + 1);
    const end = start + length;
    if (module[offset] === EXPORT_SECTION) {
      const { value: count, end: first } = readNumber(module, start);
      const entry = [name.length, ...Buffer.from(name), ...FIRST_GLOBAL];
      const content = [...writeNumber(count + 1), ...module.subarray(first, end), ...entry];
      const section = [EXPORT_SECTION, ...writeNumber(content.length), ...content];
      return Uint8Array.from([...module.subarray(0, offset), ...section, ...module.subarray(end)]);
    }
    offset = end;
  }
  throw new Error("The module has no exports.");
}

const newest = Math.max(...[source, import.meta.filename].map((file) => statSync(file).mtimeMs));
if (!existsSync(target) || statSync(target).mtimeMs < newest) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(target, exportFirstGlobal(readFileSync(source), EXPORTED_NAME));
}
