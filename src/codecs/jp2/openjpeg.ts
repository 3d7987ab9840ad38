/**
 * OpenJPEG as pdfjs-dist 5.6.205 compiles it, without that package's JavaScript, which knows one
 * instance only and copies whole pictures. What is relied on: the names of its imports and exports,
 * and that a picture asked for as one of indices is handed out by planes of its values as they are.
 */
import openjpegModule from "pdfjs-dist/wasm/openjpeg.wasm";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { discardOutput, resizeHeap } from "../emscripten-hooks.ts";
import { WasmInstance } from "../wasm.ts";

interface Exports {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  /** @returns 0 where the picture was handed out */
  decode(
    pointer: number,
    bytes: number,
    components: number,
    isIndexed: number,
    hasMask: number,
    halvings: number,
  ): number;
}

export const OPENJPEG: InstanceKind<Openjpeg> = { name: "OpenJPEG", create: instantiate };

type Receive = (...pointers: number[]) => void;

export class Openjpeg extends WasmInstance<Exports> {
  /** What the memory may grow to, in bytes. */
  limitBytes = Infinity;
  receive: Receive | null = null;

  override wipe(): void {
    super.wipe();
    this.limitBytes = Infinity;
    this.receive = null;
  }

  /** @returns where `bytes` bytes may be put; 0 where there is no room */
  allocate(bytes: number): number {
    return this.api.malloc(bytes) >>> 0;
  }

  /**
   * Decodes the codestream at an address, at 1/2^halvings of its size.
   * @param wanted how many of its components are, of `components`; up to four
   * @param paint gets where the planes of 32 bits a value are, which are valid until it returns
   * @returns false where the data are damaged, or need more memory than there may be
   */
  decode(
    { pointer, bytes }: { pointer: number; bytes: number },
    { wanted, components }: { wanted: number; components: number },
    halvings: number,
    paint: (planes: readonly number[]) => void,
  ): boolean {
    // Two are handed out only as gray with a mask, and where there are no more.
    const isPair = components === 2 && wanted === 2;
    const asked = isPair ? 0 : wanted === 2 ? 3 : wanted;
    let painted = false;
    this.receive = (...planes) => {
      paint(planes.slice(0, -1).map((plane) => plane >>> 0));
      painted = true;
    };
    return this.api.decode(pointer, bytes, asked, 1, isPair ? 1 : 0, halvings) === 0 && painted;
  }
}

function instantiate(): Openjpeg {
  const made: { instance?: Openjpeg } = {};
  const imports: Record<string, (...values: number[]) => number | void> = {};
  for (const { name } of WebAssembly.Module.imports(openjpegModule)) imports[name] = () => 0;
  const receive: Receive = (...values) => made.instance?.receive?.(...values);
  const abort = (): never => {
    throw new Error("OpenJPEG gave up");
  };
  Object.assign(imports, {
    // abort, exit
    ...{ k: abort, i: abort },
    // Planes and their length: one, three, four; gray with a mask.
    ...{ f: receive, e: receive, d: receive, h: receive },
    m: (requested = 0) => resizeHeap(memory, requested, made.instance?.limitBytes ?? Infinity),
    b: (_file = 0, vectors = 0, count = 0, written = 0) =>
      discardOutput(memory, vectors, count, written),
  });
  const { exports } = new WebAssembly.Instance(openjpegModule, { a: imports });
  const memory = exports["r"] as WebAssembly.Memory;
  (exports["s"] as () => void)();
  const api = {
    memory,
    malloc: exports["t"],
    free: exports["u"],
    decode: exports["v"],
  } as Exports;
  made.instance = new Openjpeg(api, memory);
  return made.instance;
}
