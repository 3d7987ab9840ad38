/**
 * kvazaar, an HEVC encoder, behind libheif, as elheif 0.1.0 compiles them, without that package's
 * JavaScript: embind's glue makes functions of text, which workerd refuses, and hands out the file as
 * a view of memory that has been freed. Its one function is called directly here, and the few values
 * it makes of its result are copied while they are alive. What is relied on: the names the build gave
 * imports and exports, and embind's wire format for a std::string (its length, then its bytes).
 */
import kvazaarModule from "../compiled/kvazaar.wasm";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { discardOutput, readText, resizeHeap } from "../emscripten-hooks.ts";
import { WasmInstance } from "../wasm.ts";

interface Exports {
  malloc(bytes: number): number;
  free(pointer: number): void;
  /** A handle of `{ err, data }`. */
  encode(text: number, width: number, height: number): number;
}

const ENTRY = "jsEncodeImage";
const WORD_BYTES = 4;
/** Of libheif's description of a parameter: that it is a number. */
const INTEGER_TYPE = 1n;
const DEFAULT_QUALITY = 50;
const WARM_UP_SIDE = 64;

/** What the imported functions and the instance tell each other. */
interface Exchange {
  /** Values by their handle, less one. */
  values: unknown[];
  /** Which types are views of memory; texts are the others. */
  views: Set<number>;
  entry: { invoker: number; function: number };
  limitBytes: number;
}

export class Kvazaar extends WasmInstance<Exports> {
  readonly #exchange: Exchange;
  readonly #quality: WebAssembly.Global;

  constructor(
    api: Exports,
    memory: WebAssembly.Memory,
    exchange: Exchange,
    quality: WebAssembly.Global,
  ) {
    super(api, memory);
    this.#exchange = exchange;
    this.#quality = quality;
  }

  /** What the memory may grow to, in bytes. */
  set limitBytes(bytes: number) {
    this.#exchange.limitBytes = bytes;
  }

  /**
   * A HEIC file of the picture, and of its alpha beside it.
   * @param quality 0 to 100
   * @returns null where it needs more memory than it may have
   */
  encode(rgba: Uint8Array, width: number, height: number, quality: number): Uint8Array | null {
    if (rgba.length !== width * height * 4) throw new Error("The picture has another size.");
    this.#quality.value = describeQuality(quality);
    return encodeFile(this.api, this.memory, this.#exchange, rgba, width, height);
  }
}

export const KVAZAAR: InstanceKind<Kvazaar> = { name: "kvazaar", create: instantiate };

/** How libheif describes the parameter: its type in the lower half of 64 bits, then its default. */
const describeQuality = (quality: number): bigint => (BigInt(quality) << 32n) | INTEGER_TYPE;

function encodeFile(
  api: Exports,
  memory: WebAssembly.Memory,
  exchange: Exchange,
  rgba: Uint8Array,
  width: number,
  height: number,
): Uint8Array | null {
  const text = api.malloc(WORD_BYTES + rgba.length);
  if (text === 0) return null;
  new DataView(memory.buffer).setUint32(text, rgba.length, true);
  new Uint8Array(memory.buffer, text + WORD_BYTES, rgba.length).set(rgba);
  const result = exchange.values[api.encode(text, width, height) - 1];
  api.free(text);
  exchange.values = [];
  const { data } = result as { data?: unknown };
  return data instanceof Uint8Array && data.length > 0 ? data : null;
}

function instantiate(): Kvazaar {
  const exchange: Exchange = {
    values: [],
    views: new Set(),
    entry: { invoker: 0, function: 0 },
    limitBytes: Infinity,
  };
  const imports: Record<string, Imported> = {};
  for (const { name } of WebAssembly.Module.imports(kvazaarModule)) imports[name] = () => 0;
  Object.assign(
    imports,
    createImports(exchange, () => memory),
  );
  const { exports } = new WebAssembly.Instance(kvazaarModule, { a: imports });
  const memory = exports["K"] as WebAssembly.Memory;
  const quality = exports["qualityParameter"] as WebAssembly.Global;
  quality.value = describeQuality(DEFAULT_QUALITY);
  (exports["L"] as () => void)();
  const invoke = (exports["N"] as WebAssembly.Table).get(exchange.entry.invoker) as Imported;
  const api: Exports = {
    malloc: exports["M"] as Exports["malloc"],
    free: exports["P"] as Exports["free"],
    encode: (text, width, height) => invoke(exchange.entry.function, text, width, height) as number,
  };
  // The first picture gets the quality of the instance's start, all others what the global says then.
  const blank = new Uint8Array(WARM_UP_SIDE * WARM_UP_SIDE * 4);
  encodeFile(api, memory, exchange, blank, WARM_UP_SIDE, WARM_UP_SIDE);
  return new Kvazaar(api, memory, exchange, quality);
}

type Imported = (...args: number[]) => number | void;

/** By the build's names. Those that are not here do nothing and return 0. */
function createImports(
  exchange: Exchange,
  memory: () => WebAssembly.Memory,
): Record<string, Imported> {
  const heap = () => new Uint8Array(memory().buffer);
  const words = (at: number) => new Uint32Array(memory().buffer, at, 2);
  const keep = (value: unknown): number => exchange.values.push(value);
  const fail = (): never => {
    throw new Error("kvazaar gave up");
  };
  return {
    /** __cxa_throw, abort, exit */
    h: fail,
    y: fail,
    o: fail,
    /** emscripten_resize_heap */
    z: (bytes = 0) => resizeHeap(memory(), bytes, exchange.limitBytes),
    /** emscripten_memcpy */
    F: (to = 0, from = 0, bytes = 0) => void heap().copyWithin(to, from, from + bytes),
    /** fd_write, of what kvazaar says of itself; fd_seek */
    l: (_file = 0, vectors = 0, count = 0, written = 0) =>
      discardOutput(memory(), vectors, count, written),
    v: () => 70,
    /** embind_register_memory_view, embind_register_function */
    a: (type = 0) => void exchange.views.add(type),
    i: (name = 0, _count = 0, _types = 0, _signature = 0, invoker = 0, index = 0) => {
      if (readText(heap(), name) === ENTRY) exchange.entry = { invoker, function: index };
    },
    /** emval_new_object, emval_new_cstring */
    k: () => keep({}),
    e: (pointer = 0) => keep(readText(heap(), pointer)),
    /** emval_take_value: of a view (its length and place), or of an error's text, which is not needed. */
    f: (type = 0, at = 0) => {
      const [bytes = 0, place = 0] = words(at);
      return keep(exchange.views.has(type) ? heap().slice(place, place + bytes) : null);
    },
    /** emval_set_property */
    d: (object = 0, name = 0, value = 0) => {
      const [target, key] = [exchange.values[object - 1], exchange.values[name - 1]];
      if (typeof key !== "string" || typeof target !== "object" || !target) return;
      Object.assign(target, { [key]: exchange.values[value - 1] });
    },
  };
}
