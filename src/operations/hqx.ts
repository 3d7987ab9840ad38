/**
 * Enlarging pixel art by the hqx algorithm, with the WASM module of @jsquash/resize. It works on
 * whole pictures and keeps a table of 64 MiB, so it is for small ones.
 */
import hqxModule from "@jsquash/resize/lib/hqx/pkg/squooshhqx_bg.wasm?module";
import { AppError } from "../errors.ts";
import { MIB } from "../limits.ts";
import type { InstanceKind, PooledInstance, Workspace } from "../pipeline/memory.ts";
import { STRIP_ROWS, type PictureInfo, type Strip } from "../pipeline/picture.ts";
import type { Operation } from "./operation.ts";

/** What wasm-bindgen exports; called as its glue does, which can serve only one instance. */
interface HqxExports {
  memory: WebAssembly.Memory;
  __wbindgen_add_to_stack_pointer(bytes: number): number;
  __wbindgen_malloc(bytes: number, alignment: number): number;
  resize(
    result: number,
    pixels: number,
    count: number,
    width: number,
    height: number,
    factor: number,
  ): void;
  __wbindgen_free(pointer: number, bytes: number, alignment: number): void;
}

class Hqx implements PooledInstance {
  readonly #exports = new WebAssembly.Instance(hqxModule, {}).exports as unknown as HqxExports;
  /** Size before any picture. */
  readonly #preparedBytes: number;
  #result = { pointer: 0, bytes: 0 };

  constructor() {
    // Builds the table, so that it lies below everything that is allocated later.
    this.enlarge(this.allocate(4), 1, 1, 2);
    this.wipe();
    this.#preparedBytes = this.bytes;
  }

  get bytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  get heap(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  allocate(bytes: number): number {
    return this.#exports.__wbindgen_malloc(bytes, 4) >>> 0;
  }

  /** Takes RGBA and frees it. @returns where the enlarged RGBA lies, until `wipe` */
  enlarge(source: number, width: number, height: number, factor: number): number {
    const slot = this.#exports.__wbindgen_add_to_stack_pointer(-16);
    this.#exports.resize(slot, source, width * height, width, height, factor);
    const [pointer = 0, words = 0] = new Uint32Array(this.#exports.memory.buffer, slot, 2);
    this.#exports.__wbindgen_add_to_stack_pointer(16);
    this.#result = { pointer, bytes: words * 4 };
    return pointer;
  }

  /**
   * The allocator's own records lie among the pixels. So all is freed, which makes one free block
   * behind the table, and that and the stack, which lies at the bottom, are cleared.
   */
  wipe(): void {
    const { pointer, bytes } = this.#result;
    if (bytes > 0) this.#exports.__wbindgen_free(pointer, bytes, 4);
    this.#result = { pointer: 0, bytes: 0 };
    this.heap.fill(0, 0, STACK_BYTES);
    const free = this.bytes - this.#preparedBytes - ALLOCATOR_BYTES;
    if (!(free > 0)) return;
    const block = this.allocate(free);
    this.heap.fill(0, block, block + free);
    this.#exports.__wbindgen_free(block, free, 4);
  }
}

/** Rust's default: below all static data. */
const STACK_BYTES = 1024 * 1024;
/** What the allocator may need of its memory for itself. */
const ALLOCATOR_BYTES = 256;

const HQX: InstanceKind<Hqx> = { name: "@jsquash/resize hqx", create: () => new Hqx() };

const MAX_FACTOR = 4;
const MAX_OUTPUT_PIXELS = 4_000_000;
/** Module and table; then its input, its output and the spare room of a vector that grows. */
const FIXED_BYTES = 66 * MIB;
const GROWTH = 4;

/**
 * @param ratio how many times larger the picture is to become; the factor is the next whole number
 *   of at most 4
 * @throws AppError memory_limit when the result would have more than 4 megapixels
 */
export function enlargePixelArt(input: PictureInfo, ratio: number): Operation | null {
  const factor = Math.min(Math.ceil(ratio), MAX_FACTOR);
  if (factor <= 1) return null;
  const pixels = input.width * input.height;
  const outputPixels = pixels * factor * factor;
  if (outputPixels > MAX_OUTPUT_PIXELS) {
    throw new AppError("memory_limit", "The picture is too large for the kernel hqx.", {
      limit: "hqx_pixels",
      limit_pixels: MAX_OUTPUT_PIXELS,
      needed_pixels: outputPixels,
    });
  }
  const output = { ...input, width: input.width * factor, height: input.height * factor };
  const wasmBytes = FIXED_BYTES + GROWTH * 4 * (pixels + outputPixels);
  return {
    name: "hqx",
    output,
    memoryBytes: wasmBytes + STRIP_ROWS * output.width * output.channels,
    run: (strips, workspace) => run(strips, workspace, input, factor, wasmBytes),
  };
}

async function* run(
  strips: AsyncIterable<Strip>,
  workspace: Workspace,
  { width, height, channels }: PictureInfo,
  factor: number,
  wasmBytes: number,
): AsyncGenerator<Strip, void, undefined> {
  const hqx = await workspace.take(HQX, wasmBytes);
  const source = hqx.allocate(width * height * 4);
  for await (const { y, rows, data } of strips) {
    const target = hqx.heap.subarray(source + y * width * 4, source + (y + rows) * width * 4);
    toRgba(data, channels, target);
  }
  const address = hqx.enlarge(source, width, height, factor);

  const outputWidth = width * factor;
  const outputHeight = height * factor;
  const buffer = workspace.allocate(STRIP_ROWS * outputWidth * channels);
  for (let y = 0; y < outputHeight; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, outputHeight - y);
    const data = buffer.subarray(0, rows * outputWidth * channels);
    fromRgba(hqx.heap.subarray(address + y * outputWidth * 4), channels, data);
    yield { y, rows, data };
  }
  workspace.free(buffer);
}

function toRgba(source: Uint8Array, channels: number, target: Uint8Array): void {
  for (let from = 0, to = 0; from < source.length; from += channels, to += 4) {
    target[to] = source[from] as number;
    target[to + 1] = source[channels === 1 ? from : from + 1] as number;
    target[to + 2] = source[channels === 1 ? from : from + 2] as number;
    target[to + 3] = channels === 4 ? (source[from + 3] as number) : 255;
  }
}

function fromRgba(source: Uint8Array, channels: number, target: Uint8Array): void {
  for (let from = 0, to = 0; to < target.length; from += 4, to += channels) {
    for (let c = 0; c < channels; c++) target[to + c] = source[from + c] as number;
  }
}
