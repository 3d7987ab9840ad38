/**
 * jxl-oxide, a decoder of JPEG XL, as jxl-oxide-wasm 0.12.5 compiles it, without that package's
 * JavaScript, which knows one instance only and hands out pictures as PNGs. What is relied on:
 * wasm-bindgen's names of imports and exports, and where the build's compiler put the fields of a
 * rendered picture, whose planes are read where they lie (see Render).
 */
import oxideModule from "../compiled/jxl-oxide.wasm";
import { MIB } from "../../limits.ts";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { RustInstance } from "../rust-instance.ts";

type Result = [value: number, error: number, failed: number];

interface OxideExports {
  memory: WebAssembly.Memory;
  __wbindgen_malloc(bytes: number, alignment: number): number;
  __wbindgen_free(pointer: number, bytes: number, alignment: number): void;
  __wbindgen_start(): void;
  __wbindgen_export_2: WebAssembly.Table;
  __externref_table_dealloc(index: number): void;
  jxlimage_new(): number;
  jxlimage_set_force_srgb(image: number, force: number): void;
  jxlimage_feedBytes(image: number, pointer: number, bytes: number): Result;
  jxlimage_tryInit(image: number): Result;
  jxlimage_is_loading_done(image: number): number;
  jxlimage_num_loaded_keyframes(image: number): number;
  jxlimage_render(image: number, frame: number): Result;
  renderresult_icc_profile(result: number): [pointer: number, bytes: number];
  renderresult_frame_duration(result: number): number;
  __wbg_renderresult_free(result: number, isShared: number): void;
}

/**
 * Its allocator asks for memory by growing it, and after a wipe knows nothing of what was grown. So
 * an instance is given all its memory when it is made, in one of these sizes, and dropped when it
 * grows.
 */
const SIZES = Array.from({ length: 23 }, (_, index) => (index + 1) * 4 * MIB);

const KINDS = SIZES.map((bytes): { bytes: number; kind: InstanceKind<Oxide> } => ({
  bytes,
  kind: { name: `jxl-oxide of ${bytes / MIB} MiB`, create: () => instantiate(bytes) },
}));

/** The smallest kind of instance with so much memory; null where none has. */
export function oxideOf(neededBytes: number): { bytes: number; kind: InstanceKind<Oxide> } | null {
  return KINDS.find(({ bytes }) => bytes >= neededBytes) ?? null;
}

/** What an instance takes before it has decoded anything. */
export const OXIDE_BASE_BYTES = 2 * MIB;

/** What it says of a file that it cannot decode. */
export class OxideError extends Error {}

/** A plane of samples in the decoder's memory. */
export interface Plane {
  /** Floating-point numbers from 0 to 1, or whole ones of the file's depth. */
  samples: Float32Array | Int32Array | Int16Array;
  /** Samples from a row to the next. */
  stride: number;
}

export interface RenderedPicture {
  /** Planes of colours, then those of other channels in the file's order. */
  planes: readonly Plane[];
  colours: number;
  /** A profile that describes the pixels; null where numbers do, such as sRGB's. */
  icc: Uint8Array | null;
  durationMs: number;
}

export class Oxide extends RustInstance<OxideExports> {
  #image = 0;

  /** Begins a file. @param forceSrgb for pictures that are coded in a space of their own */
  begin(forceSrgb: boolean): void {
    this.guard(() => {
      this.#image = this.api.jxlimage_new();
      this.api.jxlimage_set_force_srgb(this.#image, forceSrgb ? 1 : 0);
    });
  }

  /** The codestream's next bytes. @throws OxideError */
  feed(bytes: Uint8Array): void {
    this.guard(() => {
      const pointer = this.api.__wbindgen_malloc(bytes.length, 1) >>> 0;
      this.heap.set(bytes, pointer);
      this.#take(this.api.jxlimage_feedBytes(this.#image, pointer, bytes.length));
      this.#take(this.api.jxlimage_tryInit(this.#image));
    });
  }

  /** Whether the headers are there, with the profile. @throws OxideError */
  get hasBegun(): boolean {
    return this.guard(() => this.#take(this.api.jxlimage_tryInit(this.#image)) !== 0);
  }

  /** Whether all frames are there. */
  get isWhole(): boolean {
    return this.api.jxlimage_is_loading_done(this.#image) !== 0;
  }

  /** Frames that have arrived and are to be shown. */
  get frames(): number {
    return this.api.jxlimage_num_loaded_keyframes(this.#image);
  }

  /**
   * Decodes a frame, which is valid until the instance is used again.
   * @throws OxideError
   */
  render(frame: number): RenderedPicture {
    return this.guard(() => {
      const result = this.#take(this.api.jxlimage_render(this.#image, frame));
      const [pointer, bytes] = this.api.renderresult_icc_profile(result);
      const icc = bytes > 0 ? this.heap.slice(pointer, pointer + bytes) : null;
      if (bytes > 0) this.api.__wbindgen_free(pointer, bytes, 1);
      const durationMs = this.api.renderresult_frame_duration(result) * 1000;
      return { ...readRender(this.memory.buffer, result), icc, durationMs };
    });
  }

  #take([value, error, failed]: Result): number {
    if (!failed) return value;
    const said = this.api.__wbindgen_export_2.get(error) as unknown;
    this.api.__externref_table_dealloc(error);
    throw new OxideError(String(said));
  }
}

/** Words of a RenderResult: where its picture is, shared and counted; where what is shown of it begins. */
const RESULT = { picture: 10, left: 14, top: 15 };
/** Words of the picture behind its two counts: a list of planes, one of their places, how many are of colours. */
const PLANES = { pointer: 3, length: 4, places: 6, colours: 8 };
/** Words of a plane's place, as of the result's: its left and top come first. */
const PLACE_WORDS = 7;
/** Words of a plane: which type of samples, where they are, sides, where the first begins. */
const PLANE_WORDS = 9;
const PLANE = { type: 0, pointer: 2, length: 3, width: 4, height: 5, offset: 6 };
const SAMPLES = [Float32Array, Int32Array, Int16Array] as const;

function readRender(memory: ArrayBuffer, result: number) {
  const words = new Int32Array(memory);
  const word = (base: number, index: number): number => words[base / 4 + index] as number;
  const picture = word(result, RESULT.picture);
  const count = word(picture, PLANES.length);
  if (count < 1 || count > MAX_PLANES) throw new Error("The picture has another layout.");
  const planes = Array.from({ length: count }, (_, index): Plane => {
    const at = word(picture, PLANES.pointer) + index * PLANE_WORDS * 4;
    const place = word(picture, PLANES.places) + index * PLACE_WORDS * 4;
    const Samples = SAMPLES[word(at, PLANE.type)];
    const [stride, rows] = [word(at, PLANE.width), word(at, PLANE.height)];
    const offset = word(at, PLANE.offset);
    const left = word(result, RESULT.left) - word(place, 0);
    const top = word(result, RESULT.top) - word(place, 1);
    const first = top * stride + left;
    const isInside = left >= 0 && top >= 0 && offset + stride * rows <= word(at, PLANE.length);
    if (!Samples || !isInside) throw new Error("A plane has another layout.");
    const start = word(at, PLANE.pointer) + (offset + first) * Samples.BYTES_PER_ELEMENT;
    return { samples: new Samples(memory, start, Math.max(0, stride * rows - first)), stride };
  });
  return { planes, colours: word(picture, PLANES.colours) };
}

const MAX_PLANES = 4099;

/** Around its first and only block. */
const SLACK_BYTES = 65_536;

function instantiate(memoryBytes: number): Oxide {
  const text = (pointer = 0, length = 0): string =>
    new TextDecoder().decode(new Uint8Array(api.memory.buffer, pointer >>> 0, length >>> 0));
  const imports: Record<string, (...args: never[]) => unknown> = {};
  // Most ask what a browser is like, or for a part of the picture; there is none, and none is asked for.
  for (const { name } of WebAssembly.Module.imports(oxideModule)) imports[name] = () => 0;
  Object.assign(imports, {
    __wbindgen_string_new: text,
    __wbindgen_is_undefined: (value: unknown) => (value === undefined ? 1 : 0),
    __wbindgen_throw: (pointer: number, length: number) => {
      throw new WebAssembly.RuntimeError(text(pointer, length));
    },
    /** Constants, behind whatever the table has. */
    __wbindgen_init_externref_table: () => {
      const table = api.__wbindgen_export_2;
      const offset = table.grow(4);
      for (const [i, value] of [undefined, null, true, false].entries())
        table.set(offset + i, value);
    },
  });
  const { exports } = new WebAssembly.Instance(oxideModule, { wbg: imports });
  const api = exports as unknown as OxideExports;
  api.__wbindgen_start();
  const free = memoryBytes - api.memory.buffer.byteLength - SLACK_BYTES;
  api.__wbindgen_free(api.__wbindgen_malloc(free, 8) >>> 0, free, 8);
  return new Oxide(api);
}
