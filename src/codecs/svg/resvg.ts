/**
 * resvg as @resvg/resvg-wasm 2.6.2 compiles it, without that package's JavaScript, which knows one
 * instance only and copies every picture. What is relied on: wasm-bindgen's names of imports and
 * exports, and that objects cross as indices into a table that is kept here.
 */
import resvgModule from "../compiled/resvg.wasm";
import { MIB } from "../../limits.ts";
import type { Rect } from "../../pipeline/geometry.ts";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { RustInstance } from "../rust-instance.ts";
import { StepLimit, type MeteredExports } from "../step-limit.ts";

interface ResvgExports extends MeteredExports {
  memory: WebAssembly.Memory;
  __wbindgen_malloc(bytes: number, alignment: number): number;
  __wbindgen_free(pointer: number, bytes: number, alignment: number): void;
  __wbindgen_add_to_stack_pointer(bytes: number): number;
  __wbindgen_exn_store(index: number): void;
  /** Writes three words: the drawing, an object that was thrown, whether one was. */
  resvg_new(result: number, svg: number, options: number, length: number, fonts: number): void;
  resvg_render(result: number, drawing: number): void;
  resvg_cropByBBox(drawing: number, box: number): void;
  /** Of all that is drawn, strokes included, effects not; 0 where there is nothing. */
  resvg_getBBox(drawing: number): number;
  __wbg_get_bbox_x(box: number): number;
  __wbg_get_bbox_y(box: number): number;
  __wbg_get_bbox_width(box: number): number;
  __wbg_get_bbox_height(box: number): number;
  __wbg_bbox_free(box: number): void;
  renderedimage_pixels(image: number): number;
  __wbg_renderedimage_free(image: number): void;
  __wbg_set_bbox_x(box: number, value: number): void;
  __wbg_set_bbox_y(box: number, value: number): void;
  __wbg_set_bbox_width(box: number, value: number): void;
  __wbg_set_bbox_height(box: number, value: number): void;
}

/**
 * Its allocator asks for memory by growing it, and after a wipe knows nothing of what was grown. So
 * an instance is given all its memory when it is made, in one of these sizes, and dropped when it
 * grows.
 */
const SIZES = [4, 8, 16, 24, 32, 48, 64, 80].map((mib) => mib * MIB);

const KINDS = SIZES.map((bytes): { bytes: number; kind: InstanceKind<Resvg> } => ({
  bytes,
  kind: { name: `resvg of ${bytes / MIB} MiB`, create: () => instantiate(bytes) },
}));

/** The smallest kind of instance with so much memory, or the largest there is. */
export function resvgOf(neededBytes: number): { bytes: number; kind: InstanceKind<Resvg> } {
  const found = KINDS.find(({ bytes }) => bytes >= neededBytes) ?? KINDS.at(-1);
  return found as (typeof KINDS)[number];
}

/** What an instance takes before it has drawn anything. */
export const RESVG_BASE_BYTES = 24 * 65_536;
/** Around its first and only block. */
const SLACK_BYTES = 65_536;

/** wasm-bindgen's cell around a BBox: a flag, and four doubles. */
const BOX_BYTES = 64;

export interface DrawnPixels {
  /** A view of resvg's memory, which may be changed. */
  bytes(): Uint8Array;
  free(): void;
}

export class Resvg extends RustInstance<ResvgExports> {
  readonly #objects: ObjectTable;
  readonly #stack: number;
  readonly #steps: StepLimit;

  constructor(api: ResvgExports, objects: ObjectTable, steps: StepLimit) {
    super(api);
    this.#objects = objects;
    this.#stack = api.__wbindgen_add_to_stack_pointer(0);
    this.#steps = steps;
  }

  /** After a crash, too: what that leaves behind is put back. */
  override get survivesFailure(): boolean {
    return !this.hasGrown;
  }

  /** Lets it work for so many steps from now on. */
  allow(steps: number): void {
    this.#steps.allow(steps);
  }

  override wipe(): void {
    super.wipe();
    this.#objects.clear();
    this.#steps.lift();
    // What traps leaves it where it was.
    const { __wbindgen_add_to_stack_pointer: move } = this.api;
    move(this.#stack - move(0));
  }

  /**
   * Parses a drawing.
   * @returns its handle, good until the instance is wiped
   * @throws Error with resvg's words where it is none
   */
  parse(svg: string, options: object, fonts: readonly Uint8Array[]): number {
    const text = new TextEncoder().encode(JSON.stringify(options));
    return this.#call((result) => {
      const pointer = this.api.__wbindgen_malloc(text.length, 1) >>> 0;
      this.heap.set(text, pointer);
      const [drawing, list] = [this.#objects.add(svg), this.#objects.add(fonts)];
      this.api.resvg_new(result, drawing, pointer, text.length, list);
    });
  }

  /** How far a drawing reaches, or null where nothing is drawn. */
  measure(drawing: number): Rect | null {
    const { api } = this;
    return this.guard(() => {
      const box = api.resvg_getBBox(drawing);
      if (box === 0) return null;
      const [x, y] = [api.__wbg_get_bbox_x(box), api.__wbg_get_bbox_y(box)];
      const [width, height] = [api.__wbg_get_bbox_width(box), api.__wbg_get_bbox_height(box)];
      api.__wbg_bbox_free(box);
      return { x, y, width, height };
    });
  }

  /**
   * Draws a part of it, pixel by pixel: RGBA with premultiplied alpha.
   */
  draw(drawing: number, { x, y, width, height }: Rect): DrawnPixels {
    const { api } = this;
    const box = this.guard(() => {
      const pointer = api.__wbindgen_malloc(BOX_BYTES, 8) >>> 0;
      this.heap.fill(0, pointer, pointer + BOX_BYTES);
      api.__wbg_set_bbox_x(pointer, x);
      api.__wbg_set_bbox_y(pointer, y);
      api.__wbg_set_bbox_width(pointer, width);
      api.__wbg_set_bbox_height(pointer, height);
      api.resvg_cropByBBox(drawing, pointer);
      return pointer;
    });
    const image = this.#call((result) => api.resvg_render(result, drawing));
    const view = this.#objects.take(this.guard(() => api.renderedimage_pixels(image)));
    const { byteOffset, length } = view as Uint8Array;
    return {
      bytes: () => new Uint8Array(this.memory.buffer, byteOffset, length),
      free: () =>
        this.guard(() => {
          api.__wbg_renderedimage_free(image);
          api.__wbindgen_free(box, BOX_BYTES, 8);
        }),
    };
  }

  /** Calls a function that writes its result, or what it throws, to the stack. */
  #call(call: (result: number) => void): number {
    return this.guard(() => {
      const result = this.api.__wbindgen_add_to_stack_pointer(-16);
      call(result);
      const [value = 0, thrown = 0, failed] = new Uint32Array(this.memory.buffer, result, 3);
      this.api.__wbindgen_add_to_stack_pointer(16);
      if (failed) throw this.#objects.take(thrown);
      return value;
    });
  }

  protected override guard<T>(work: () => T): T {
    try {
      return super.guard(work);
    } catch (thrown) {
      throw this.#steps.explain(thrown);
    }
  }
}

/** JavaScript's values as the module knows them. The first indices are wasm-bindgen's constants. */
class ObjectTable {
  readonly #objects = new Map<number, unknown>();
  #next = 132;

  add(value: unknown): number {
    this.#objects.set(this.#next, value);
    return this.#next++;
  }

  get(index: number): unknown {
    return this.#objects.get(index);
  }

  take(index: number): unknown {
    const value = this.#objects.get(index);
    this.#objects.delete(index);
    return value;
  }

  clear(): void {
    this.#objects.clear();
  }
}

type Imported = (...args: number[]) => number | void;

function instantiate(memoryBytes: number): Resvg {
  const objects = new ObjectTable();
  const add = (value: unknown): number => objects.add(value);
  const at = (index = 0): unknown => objects.get(index);
  const text = (pointer = 0, length = 0): string =>
    new TextDecoder().decode(new Uint8Array(api.memory.buffer, pointer >>> 0, length >>> 0));
  const write = (pointer: number, ...words: number[]): void =>
    new Uint32Array(api.memory.buffer, pointer, words.length).set(words);

  /** By wasm-bindgen's names, whose hashes are this build's. */
  const imports: Record<string, Imported> = {
    __wbg_new_28c511d9baebfa89: (pointer, length) => add(new Error(text(pointer, length))),
    __wbindgen_memory: () => add(api.memory),
    __wbg_buffer_12d079cc21e14bdb: (memory) => add((at(memory) as WebAssembly.Memory).buffer),
    __wbg_newwithbyteoffsetandlength_aa4a17c33a06e5cb: (buffer, offset = 0, length = 0) =>
      add(new Uint8Array(at(buffer) as ArrayBuffer, offset >>> 0, length >>> 0)),
    __wbindgen_object_drop_ref: (index = 0) => void objects.take(index),
    // Asked for a copy of the pixels: a view will do.
    __wbg_new_63b92bc8671ed464: (source) => {
      const value = at(source);
      return add(value instanceof Uint8Array ? value : new Uint8Array(value as ArrayBuffer));
    },
    __wbg_values_839f3396d5aac002: (list) => add((at(list) as unknown[]).values()),
    __wbg_next_196c84450b364254: (iterator) => add((at(iterator) as Iterator<unknown>).next()),
    __wbg_done_298b57d23c0fc80c: (step) => ((at(step) as IteratorResult<unknown>).done ? 1 : 0),
    __wbg_value_d93c65011f51a456: (step) => add((at(step) as IteratorResult<unknown>).value),
    __wbg_instanceof_Uint8Array_2b3bbecd033d19f6: (value) =>
      at(value) instanceof Uint8Array ? 1 : 0,
    __wbindgen_string_get: (result = 0, index = 0) => {
      const value = at(index);
      if (typeof value !== "string") return write(result, 0, 0);
      const encoded = new TextEncoder().encode(value);
      const pointer = api.__wbindgen_malloc(encoded.length, 1) >>> 0;
      new Uint8Array(api.memory.buffer).set(encoded, pointer);
      write(result, pointer, encoded.length);
    },
    __wbg_new_16b304a2cfa7ff4a: () => add([]),
    __wbindgen_string_new: (pointer, length) => add(text(pointer, length)),
    __wbg_push_a5b05aedc7234f9f: (list, value) => (at(list) as unknown[]).push(at(value)),
    __wbg_length_c20a40f15020d68a: (bytes) => (at(bytes) as Uint8Array).length,
    __wbg_set_a47bac70306a19a7: (target, source, offset = 0) =>
      (at(target) as Uint8Array).set(at(source) as Uint8Array, offset >>> 0),
    __wbindgen_throw: (pointer, length) => {
      throw new WebAssembly.RuntimeError(text(pointer, length));
    },
  };
  const { exports } = new WebAssembly.Instance(resvgModule, { wbg: imports });
  const api = exports as unknown as ResvgExports;
  const steps = new StepLimit(api, "The drawing");
  const free = memoryBytes - api.memory.buffer.byteLength - SLACK_BYTES;
  api.__wbindgen_free(api.__wbindgen_malloc(free, 8), free, 8);
  return new Resvg(api, objects, steps);
}
