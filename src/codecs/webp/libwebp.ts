/**
 * libwebp's encoder as @jsquash/webp 1.5.0 compiles it, without that package's JavaScript. Its glue copies
 * every picture twice (into a std::string, out of an ImageData) and lets the memory grow by a fifth
 * more than asked; calling the C++ functions behind it directly costs neither, which is what makes
 * full-size pictures fit. What is relied on: the names the build gave imports and exports, and
 * libc++'s std::string of three words (data, size, capacity with its top bit set).
 */
import encoderModule from "@jsquash/webp/codec/enc/webp_enc_simd.wasm";
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { InstanceKind } from "../../pipeline/memory.ts";
import { readText, resizeHeap } from "../emscripten-hooks.ts";
import { WasmInstance } from "../wasm.ts";

/** What the build called the parts that matter here. */
interface Names {
  entry: "encode";
  memory: string;
  construct: string;
  malloc: string;
  table: string;
  imports: Record<
    "registerFunction" | "newValue" | "getGlobal" | "copy" | "resize" | "abort" | "raise",
    string
  >;
}

const ENCODER_NAMES: Names = {
  entry: "encode",
  memory: "x",
  construct: "y",
  malloc: "z",
  table: "D",
  imports: {
    registerFunction: "f",
    newValue: "v",
    getGlobal: "w",
    copy: "r",
    resize: "p",
    abort: "g",
    raise: "k",
  },
};

export const WEBP_ENCODER: InstanceKind<Libwebp> = {
  name: "webp encoder",
  create: () => instantiate(encoderModule, ENCODER_NAMES),
};

/** Memory of an instance that has done nothing. */
export const LIBWEBP_BASE_BYTES = 256 * 65_536;

/** More than an allocator writes into either end of a block when it is freed. */
const SEAM_BYTES = 64;

/** Bytes in an instance's memory. */
export interface Region {
  pointer: number;
  bytes: number;
}

interface Exports {
  malloc(bytes: number): number;
  /** `entry`, in the C++ calling convention: where the result goes, the string, the rest. */
  entry(result: number, text: number, ...rest: number[]): void;
}

/** What the imported functions and the instance tell each other. */
interface Exchange {
  /** Where the function table has the entry. */
  entryIndex: number;
  /** The pixels or the file, as the entry hands them out, and the ends of that region. */
  handedOut: { region: Region; head: Uint8Array; tail: Uint8Array } | null;
  limitBytes: number;
  refused: boolean;
}

export class Libwebp extends WasmInstance<Exports> {
  readonly #exchange: Exchange;
  #used = false;
  #trapped = false;

  constructor(api: Exports, memory: WebAssembly.Memory, exchange: Exchange) {
    super(api, memory);
    this.#exchange = exchange;
  }

  /** Starts a job in clean memory, which may grow up to `limitBytes`. */
  begin(limitBytes: number): void {
    if (this.#used) this.wipe();
    this.#used = true;
    this.#exchange.limitBytes = limitBytes;
    this.#exchange.refused = false;
  }

  /** A trap leaves the stack pointer, which no wipe can reach, where it was. */
  get survivesFailure(): boolean {
    return !this.#trapped;
  }

  override wipe(): void {
    super.wipe();
    this.#used = false;
  }

  /** @throws AppError memory_limit */
  allocate(bytes: number): number {
    const pointer = this.api.malloc(bytes);
    if (pointer === 0) throw this.outOfMemory();
    return pointer;
  }

  /**
   * Calls the entry with `input` as its string. The result stays where it is until the next
   * `begin`: nothing may be allocated after this, since libwebp has freed the region. (What freeing
   * writes into its two ends is put right here, and the broken allocator is wiped.)
   * @returns null where libwebp refused the input, or ran out of memory (`ranOut`)
   */
  run(input: Region, ...rest: number[]): Region | null {
    const words = this.allocate(16);
    new Uint32Array(this.memory.buffer, words, 4).set([input.pointer, input.bytes, LONG_STRING, 0]);
    this.#exchange.handedOut = null;
    this.#exchange.refused = false;
    this.#trapped = true;
    this.api.entry(words + 12, words, ...rest);
    this.#trapped = false;
    const result = this.#exchange.handedOut as Exchange["handedOut"];
    this.#exchange.handedOut = null;
    if (!result) return null;
    const { region, head, tail } = result;
    this.heap.set(head, region.pointer);
    this.heap.set(tail, region.pointer + region.bytes - tail.length);
    return region;
  }

  /** Whether the last run asked for more than the limit. */
  get ranOut(): boolean {
    return this.#exchange.refused;
  }

  outOfMemory(): AppError {
    const { limitBytes } = this.#exchange;
    return new AppError(
      "memory_limit",
      `This picture needs more than the ${Math.ceil(limitBytes / MIB)} MiB of memory planned for its codec.`,
      { limit: "memory_plan", limit_bytes: limitBytes },
    );
  }
}

const LONG_STRING = 0x8000_0000;

function instantiate(module: WebAssembly.Module, names: Names): Libwebp {
  const exchange: Exchange = {
    entryIndex: 0,
    handedOut: null,
    limitBytes: Infinity,
    refused: false,
  };
  const functions = createImports(names.entry, exchange, () => memory);
  const imports: Record<string, Imported> = {};
  for (const { name } of WebAssembly.Module.imports(module)) imports[name] = () => undefined;
  for (const [role, name] of Object.entries(names.imports)) {
    imports[name] = functions[role as keyof Names["imports"]];
  }
  const { exports } = new WebAssembly.Instance(module, { a: imports });
  const memory = exports[names.memory] as WebAssembly.Memory;
  (exports[names.construct] as () => void)();
  const table = exports[names.table] as WebAssembly.Table;
  const malloc = exports[names.malloc] as Exports["malloc"];
  const api: Exports = {
    malloc: (bytes) => malloc(bytes) >>> 0,
    entry: table.get(exchange.entryIndex) as Exports["entry"],
  };
  return new Libwebp(api, memory, exchange);
}

type Imported = (...args: number[]) => number | void;

function createImports(
  entryName: string,
  exchange: Exchange,
  memory: () => WebAssembly.Memory,
): Record<keyof Names["imports"], Imported> {
  const heap = (): Uint8Array => new Uint8Array(memory().buffer);
  const fail = (): never => {
    throw new Error("libwebp gave up");
  };
  return {
    registerFunction: (name = 0, _count, _types, _signature, _invoker, index = 0) => {
      if (readText(heap(), name) === entryName) exchange.entryIndex = index;
    },
    // JavaScript values are only ever made of a typed_memory_view: (size, address) in its packed
    // arguments.
    newValue: (_constructor, count, _types, args = 0) => {
      if (count === 1) {
        const [bytes = 0, pointer = 0] = new Uint32Array(memory().buffer, args, 2);
        exchange.handedOut = takeEnds(heap(), { pointer, bytes });
      }
      return 1;
    },
    getGlobal: () => 1,
    copy: (to = 0, from = 0, bytes = 0) => void heap().copyWithin(to, from, from + bytes),
    resize: (requested = 0) => {
      const grown = resizeHeap(memory(), requested, exchange.limitBytes);
      if (!grown) exchange.refused = true;
      return grown;
    },
    abort: fail,
    raise: fail,
  };
}

function takeEnds(heap: Uint8Array, region: Region): Exchange["handedOut"] {
  const end = region.pointer + region.bytes;
  const length = Math.min(SEAM_BYTES, region.bytes);
  return {
    region,
    head: heap.slice(region.pointer, region.pointer + length),
    tail: heap.slice(end - length, end),
  };
}
