/**
 * dav1d, an AV1 decoder, as ogv 1.9.0 compiles it (changed a little, see codecs/build.ts), without
 * that package's JavaScript.
 */
import dav1dModule from "../compiled/dav1d.wasm";
import { MIB } from "../../limits.ts";
import type { Planes } from "../../kernels/planar.ts";
import type { InstanceKind, PooledInstance } from "../../pipeline/memory.ts";
import { discardOutput, resizeHeap } from "../emscripten-hooks.ts";
import { WasmInstance } from "../wasm.ts";
import type { SampleLayout } from "../isobmff/tiles.ts";

export const DAV1D: InstanceKind<Dav1d> = { name: "dav1d", create: () => new Dav1d() };

/** For the alphas of a sequence, whose decoder goes on beside that of its colours. */
export const DAV1D_OF_ALPHA: InstanceKind<Dav1d> = {
  name: "dav1d, of alpha",
  create: () => new Dav1d(),
};

/** Memory of an instance that has decoded nothing. */
export const DAV1D_BASE_BYTES = 263 * 65_536;

/** By the names that the build gave them. */
interface Exports {
  h: WebAssembly.Memory;
  /** Constructors. */
  i(): void;
  /** Makes the one decoder. */
  j(): void;
  /** Decodes what lies at an address; nothing (0, 0) asks for pictures still due. */
  n(pointer: number, bytes: number): number;
  stackPointer: WebAssembly.Global;
  /** malloc */
  q(bytes: number): number;
}

/** How the wrapper hands out a picture; its sides are rounded up to even ones at first. */
type Frame = Parameters<
  (
    luma: number,
    lumaStride: number,
    cb: number,
    cbStride: number,
    cr: number,
    crStride: number,
    evenWidth: number,
    evenHeight: number,
    chromaWidth: number,
    chromaHeight: number,
    width: number,
    height: number,
  ) => void
>;

/** Loop restoration takes a quarter of it. */
const STACK_BYTES = MIB;

export interface Wanted {
  width: number;
  height: number;
  samples: SampleLayout;
}

export class Dav1d implements PooledInstance {
  #instance!: WasmInstance<Exports>;
  #frame: Frame | null = null;
  #limitBytes = Infinity;
  #stackTop = 0;
  #used = false;
  /** Where the data of a picture go. */
  #data = 0;
  readonly survivesFailure = true;

  constructor() {
    this.#start();
  }

  get bytes(): number {
    return this.#instance.bytes;
  }

  wipe(): void {
    this.#instance.wipe();
    // A trap leaves it where it was.
    this.#instance.api.stackPointer.value = this.#stackTop;
    this.#used = false;
  }

  /**
   * Decodes the only picture in `data`, whose size and samples its header says.
   * @param limitBytes what the memory may grow to
   * @returns planes that are valid until the next call; null where the data are damaged, or need more
   */
  decode(data: Uint8Array, wanted: Wanted, limitBytes: number): Planes | null {
    this.begin(data.length, limitBytes);
    return this.decodeNext(data, wanted);
  }

  /**
   * Forgets what was decoded.
   * @param mostBytes of the data of a picture
   * @param limitBytes what the memory may grow to
   */
  begin(mostBytes: number, limitBytes: number): void {
    if (this.#used) this.wipe();
    this.#used = true;
    this.#limitBytes = limitBytes;
    this.#data = this.#instance.api.q(mostBytes);
  }

  /**
   * Decodes the next picture of a sequence, which may build on those before it.
   * @returns planes that are valid until the next call; null where the data are damaged, or need more
   */
  decodeNext(data: Uint8Array, wanted: Wanted): Planes | null {
    this.#frame = null;
    if (this.#data === 0) return null;
    const { api, heap } = this.#instance;
    heap.set(data, this.#data);
    try {
      api.n(this.#data, data.length);
      if (!this.#frame) api.n(0, 0);
    } catch {
      return null;
    }
    return this.#frame && this.#describe(this.#frame, wanted);
  }

  #start(): void {
    const imports = {
      f: (to = 0, from = 0, bytes = 0) =>
        void this.#instance.heap.copyWithin(to, from, from + bytes),
      b: () => {
        throw new Error("dav1d gave up");
      },
      d: (bytes = 0) => resizeHeap(this.#instance.memory, bytes, this.#limitBytes),
      e: () => 52,
      c: () => 70,
      // What it writes of damaged data.
      a: (_file: number, vectors: number, count: number, written: number) =>
        discardOutput(this.#instance.memory, vectors, count, written),
      g: (...frame: Frame) => {
        this.#frame = frame;
      },
    };
    const { exports } = new WebAssembly.Instance(dav1dModule, { a: imports });
    const api = exports as unknown as Exports;
    // Constructors run, and may ask for memory, before there is a snapshot to take.
    this.#instance = { memory: api.h } as WasmInstance<Exports>;
    api.i();
    this.#stackTop = (api.q(STACK_BYTES) + STACK_BYTES) & -16;
    api.stackPointer.value = this.#stackTop;
    api.j();
    this.#instance = new WasmInstance(api, api.h);
  }

  #describe(frame: Frame, { width, height, samples }: Wanted): Planes | null {
    const [luma, lumaStride, cb, cbStride, cr, crStride] = frame;
    if (frame[10] !== width || frame[11] !== height) return null;
    const chroma = {
      cb: { offset: cb, stride: cbStride },
      cr: { offset: cr, stride: crStride },
      halfColumns: samples.chroma !== 444,
      halfRows: samples.chroma === 420,
    };
    const planes: Planes = {
      ...{ heap: this.#instance.heap, width, height, bits: samples.bits },
      luma: { offset: luma, stride: lumaStride },
      chroma: samples.chroma === 0 ? null : chroma,
    };
    return fits(planes) ? planes : null;
  }
}

/** Whether the planes lie in the memory. */
function fits({ heap, width, height, bits, luma, chroma }: Planes): boolean {
  const bytes = bits > 8 ? 2 : 1;
  const inside = (plane: Planes["luma"], columns: number, rows: number) =>
    plane.stride >= columns * bytes &&
    plane.offset > 0 &&
    plane.offset + plane.stride * rows <= heap.length;
  if (!inside(luma, width, height)) return false;
  if (!chroma) return true;
  const columns = chroma.halfColumns ? (width + 1) >> 1 : width;
  const rows = chroma.halfRows ? (height + 1) >> 1 : height;
  return inside(chroma.cb, columns, rows) && inside(chroma.cr, columns, rows);
}
