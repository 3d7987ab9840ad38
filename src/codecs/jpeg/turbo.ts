/** libjpeg-turbo's decompressor by the raw exports of @cwasm/jpeg-turbo 0.1.3 (libjpeg-turbo 2.0). */
import turboModule from "@cwasm/jpeg-turbo/jpeg-turbo.wasm";
import { AppError } from "../../errors.ts";
import type { InstanceKind } from "../../pipeline/memory.ts";
import type { Warning } from "../../pipeline/picture.ts";
import { WasmInstance } from "../wasm.ts";
import { DAMAGED, truncated } from "./failures.ts";

interface TurboExports {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  tjDestroy(handle: number): number;
  free(pointer: number): void;
  tjInitDecompress(): number;
  tjDestroy(handle: number): number;
  tjDecompress2(
    handle: number,
    input: number,
    inputBytes: number,
    output: number,
    width: number,
    pitch: number,
    height: number,
    pixelFormat: number,
    flags: number,
  ): number;
}

/** Memory before anything is allocated. */
export const TURBO_BASE_BYTES = 2 * 65_536;

/** TJPF_*, by bytes a pixel. */
const PIXEL_FORMATS = { 1: 6, 3: 0, 4: 11 } as const;

/** Where tjhandle keeps the pointer to libjpeg's error manager, and that the count of warnings. */
const ERROR_MANAGER_OFFSET = 376;
const WARNING_COUNT_OFFSET = 108;

const FRESH_MESSAGE = "No error";
const MESSAGE_BYTES = 200;

// Its memory: static data with the allocator's state, the stack, the heap. An empty heap is one
// free chunk; its header's second word is the size, with flags in the lowest bits.
const STACK_START = 12_976;
const HEAP_START = TURBO_BASE_BYTES;
const FREE_CHUNK_SIZE_AT = HEAP_START + 12;
const HEAP_EDGE_BYTES = 64;

/**
 * The allocator always grows the memory for what it does not know of, so putting back its first
 * state would lose the pages grown since. Wiping frees everything instead and clears what is free.
 */
class Turbo extends WasmInstance<TurboExports> {
  /** Where libjpeg-turbo writes its messages, as C strings. */
  readonly #message: number;
  readonly #pointers: number[] = [];
  readonly #handles: number[] = [];

  constructor(exports: TurboExports) {
    super(exports, exports.memory);
    // The literal occurs elsewhere too; the buffer is the one with room behind it.
    const fresh = latin1(this.heap);
    this.#message = fresh.indexOf(FRESH_MESSAGE.padEnd(MESSAGE_BYTES, "\0"));
    if (this.#message < 0) throw new Error("libjpeg-turbo's message buffer was not found");
  }

  get message(): string {
    const text = latin1(this.heap.subarray(this.#message, this.#message + MESSAGE_BYTES));
    return text.slice(0, text.indexOf("\0"));
  }

  allocate(bytes: number): number {
    const pointer = this.api.malloc(bytes);
    if (pointer === 0) throw new AppError("memory_limit", "The picture does not fit the memory.");
    this.#pointers.push(pointer);
    return pointer;
  }

  /** A decompressor. */
  start(): number {
    const handle = this.api.tjInitDecompress();
    if (handle === 0) throw new AppError("memory_limit", "The picture does not fit the memory.");
    this.#handles.push(handle);
    return handle;
  }

  override wipe(): void {
    for (const handle of this.#handles.splice(0)) this.api.tjDestroy(handle);
    for (const pointer of this.#pointers.splice(0)) this.api.free(pointer);
    if (!this.#isEmpty()) {
      super.wipe();
      return;
    }
    const { heap } = this;
    heap.fill(0, STACK_START, HEAP_START);
    heap.fill(0, HEAP_START + HEAP_EDGE_BYTES, heap.length - HEAP_EDGE_BYTES);
    const fresh = new TextEncoder().encode(FRESH_MESSAGE.padEnd(MESSAGE_BYTES, "\0"));
    heap.set(fresh, this.#message);
  }

  #isEmpty(): boolean {
    if (this.bytes === HEAP_START) return true;
    const size = new DataView(this.memory.buffer).getUint32(FREE_CHUNK_SIZE_AT, true) & ~7;
    return size + HEAP_EDGE_BYTES === this.bytes - HEAP_START;
  }
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

const refuse = (name: string) => () => {
  throw new Error(`libjpeg-turbo called ${name}`);
};

export const TURBO: InstanceKind<Turbo> = {
  name: "jpeg-turbo",
  create: () => {
    const instance = new WebAssembly.Instance(turboModule, {
      // Errors leave libjpeg by longjmp; throwing unwinds to the caller just the same.
      env: { setjmp: () => 0, longjmp: refuse("longjmp") },
      wasi_snapshot_preview1: {
        environ_sizes_get: () => 0,
        environ_get: refuse("environ_get"),
        proc_exit: refuse("proc_exit"),
        fd_close: refuse("fd_close"),
        fd_seek: refuse("fd_seek"),
        fd_write: refuse("fd_write"),
      },
    });
    return new Turbo(instance.exports as unknown as TurboExports);
  },
};

export interface DecompressRequest {
  input: { pointer: number; bytes: number };
  width: number;
  height: number;
  /** Bytes a pixel: gray, RGB or CMYK. */
  bytesPerPixel: 1 | 3 | 4;
}

/**
 * Decompresses the whole picture, at the reduction that its size implies.
 * @returns where the pixels are, and a warning if the file is slightly damaged
 * @throws AppError invalid_image, truncated_image, unsupported_feature
 */
export function decompress(turbo: Turbo, request: DecompressRequest) {
  const { input, width, height, bytesPerPixel } = request;
  const pitch = width * bytesPerPixel;
  const output = turbo.allocate(pitch * height);
  const handle = turbo.start();
  let status: number;
  try {
    status = turbo.api.tjDecompress2(
      handle,
      input.pointer,
      input.bytes,
      output,
      width,
      pitch,
      height,
      PIXEL_FORMATS[bytesPerPixel],
      0,
    );
  } catch (cause) {
    throw toError(turbo.message, cause);
  }
  return { output, warning: status === 0 ? null : judge(turbo, handle) };
}

/** -1 means warnings. Only the first one's text is kept, so it must be the only one to be harmless. */
function judge(turbo: Turbo, handle: number): Warning {
  const memory = new DataView(turbo.memory.buffer);
  const manager = memory.getUint32(handle + ERROR_MANAGER_OFFSET, true);
  const count = memory.getUint32(manager + WARNING_COUNT_OFFSET, true);
  if (count !== 1 || !HARMLESS.test(turbo.message)) throw toError(turbo.message);
  return DAMAGED;
}

/** Bytes before a restart marker are none of these: there the data went out of step. */
const HARMLESS =
  /extraneous bytes before marker 0x(?!d[0-7])|unknown JFIF revision|Unknown Adobe color transform|Inconsistent progression|Invalid SOS parameters/;
const TRUNCATED = /premature end/i;
const UNSUPPORTED = /unsupported|not (?:supported|implemented)|cannot handle|sorry/i;

function toError(message: string, cause: unknown = new Error(message)): AppError {
  if (TRUNCATED.test(message)) return truncated(cause);
  if (UNSUPPORTED.test(message)) {
    return new AppError("unsupported_feature", `JPEG: ${message}.`, {}, { cause });
  }
  return new AppError("invalid_image", "The JPEG file's data is damaged.", {}, { cause });
}
