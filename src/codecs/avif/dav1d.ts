/**
 * dav1d, an AV1 decoder, as ogv 1.9.0 compiles it (with a stack of ours, see codecs/build.ts),
 * without that package's JavaScript. Its wrapper in C hands out pictures with chroma of half the
 * columns and rows, and aborts on all others once it has decoded them. Those are then read from
 * dav1d's own description of them (Dav1dPicture, a public structure), which every reference to the
 * last picture has in the decoder's context.
 */
import dav1dModule from "../compiled/dav1d.wasm";
import { MIB } from "../../limits.ts";
import type { Planes } from "../../kernels/planar.ts";
import type { InstanceKind, PooledInstance } from "../../pipeline/memory.ts";
import { discardOutput, resizeHeap } from "../emscripten-hooks.ts";
import { WasmInstance } from "../wasm.ts";
import type { SampleLayout } from "../isobmff/tiles.ts";

export const DAV1D: InstanceKind<Dav1d> = { name: "dav1d", create: () => new Dav1d() };

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

/** How the wrapper hands out a picture. */
type Frame = Parameters<
  (
    luma: number,
    lumaStride: number,
    cb: number,
    cbStride: number,
    cr: number,
    crStride: number,
  ) => void
>;

/** Loop restoration takes a quarter of it. */
const STACK_BYTES = MIB;

/** Values of Dav1dPixelLayout. */
const LAYOUTS: Readonly<Record<SampleLayout["chroma"], number>> = { 0: 0, 420: 1, 422: 2, 444: 3 };

class Aborted extends Error {}

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
  readonly survivesFailure = true;

  constructor() {
    this.#start();
  }

  get bytes(): number {
    return this.#instance.bytes;
  }

  wipe(): void {
    this.#instance.wipe();
    // A trap, or the wrapper's abort, leaves it where it was.
    this.#instance.api.stackPointer.value = this.#stackTop;
    this.#used = false;
  }

  /**
   * Decodes the only picture in `data`, whose size and samples its header says.
   * @param limitBytes what the memory may grow to
   * @returns planes that are valid until the next call; null where the data are damaged, or need more
   */
  decode(data: Uint8Array, wanted: Wanted, limitBytes: number): Planes | null {
    if (this.#used) this.wipe();
    this.#used = true;
    this.#limitBytes = limitBytes;
    this.#frame = null;
    const { api } = this.#instance;
    const pointer = api.q(data.length);
    if (pointer === 0) return null;
    this.#instance.heap.set(data, pointer);
    try {
      api.n(pointer, data.length);
      if (!this.#frame) api.n(0, 0);
    } catch (thrown) {
      return thrown instanceof Aborted ? this.#find(wanted) : null;
    }
    return this.#frame && this.#describe(this.#frame, wanted);
  }

  #start(): void {
    const imports = {
      f: (to = 0, from = 0, bytes = 0) =>
        void this.#instance.heap.copyWithin(to, from, from + bytes),
      b: () => {
        throw new Aborted();
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

  /**
   * Dav1dPicture: two headers' addresses, three planes', two strides, then width, height, layout
   * and bits. The context has eight, of the references that a key frame sets.
   */
  #find(wanted: Wanted): Planes | null {
    const { width, height, samples } = wanted;
    const words = new Uint32Array(this.#instance.memory.buffer);
    const layout = LAYOUTS[samples.chroma];
    for (let i = 7; i + 3 < words.length; i++) {
      if (words[i] !== width || words[i + 1] !== height) continue;
      if (words[i + 2] !== layout || words[i + 3] !== samples.bits) continue;
      const [luma = 0, cb = 0, cr = 0, lumaStride = 0, stride = 0] = words.subarray(i - 5, i);
      if (luma === 0) continue;
      const planes = this.#describe([luma, lumaStride, cb, stride, cr, stride], wanted);
      if (planes) return planes;
    }
    return null;
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
