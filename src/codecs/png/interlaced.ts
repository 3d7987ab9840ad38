/**
 * Interlaced PNGs as a whole, where that takes no more than their passes side by side, by
 * @jsquash/png (image-rs in WASM). It gets a file that we rebuild from checked parts: it leaks and
 * traps on damaged ones, and would read chunks that nobody asked it to.
 */
import squooshPng from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm?module";
import { crc32 } from "node:zlib";
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { InstanceKind, PooledInstance, Workspace } from "../../pipeline/memory.ts";
import { STRIP_ROWS, type Strip } from "../../pipeline/picture.ts";
import { damaged, readImageData, SIGNATURE, writeChunk } from "./chunks.ts";
import { COLOUR_TYPES, type PngHeader } from "./header.ts";
import type { Layout } from "./layout.ts";

/** The package's exports that we use, and what its imports told us. */
class SquooshPng implements PooledInstance {
  readonly #exports: SquooshExports;
  readonly #initialBytes: number;
  /** Where the last picture's RGBA lie. */
  pixels = { pointer: 0, bytes: 0 };

  /**
   * The package's glue keeps one instance for ever and copies the pixels; its imports are few
   * enough to serve ourselves. Their names end in a hash of their signature.
   */
  constructor() {
    const wbg: Record<string, (...values: number[]) => number> = {};
    for (const { name } of WebAssembly.Module.imports(squooshPng)) {
      wbg[name] = (pointer = 0, bytes = 0) => {
        if (!name.startsWith("__wbg_newwithownedu8clampedarray")) throw new Error(name);
        this.pixels = { pointer: pointer >>> 0, bytes: bytes >>> 0 };
        return 0;
      };
    }
    const instance = new WebAssembly.Instance(squooshPng, { wbg });
    this.#exports = instance.exports as unknown as SquooshExports;
    this.#initialBytes = this.bytes;
  }

  get bytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  get heap(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  allocate(bytes: number): number {
    return this.#exports.__wbindgen_malloc(bytes, 1) >>> 0;
  }

  /** Frees the file. Traps, or throws, where it is damaged. */
  decode(pointer: number, bytes: number): void {
    this.#exports.decode(pointer, bytes);
  }

  /**
   * Restoring the first memory would not do: the allocator (Rust's dlmalloc) would forget what it
   * had grown and grow again. So all is freed, which makes one free block of it, and that and the
   * stack, which lies at the bottom, are cleared.
   */
  wipe(): void {
    const { pointer, bytes } = this.pixels;
    if (bytes > 0) this.#exports.__wbindgen_free(pointer, bytes, 1);
    this.pixels = { pointer: 0, bytes: 0 };
    this.heap.fill(0, 0, STACK_BYTES);
    const free = this.bytes - this.#initialBytes - ALLOCATOR_BYTES;
    if (free <= 0) return;
    const block = this.allocate(free);
    this.heap.fill(0, block, block + free);
    this.#exports.__wbindgen_free(block, free, 1);
  }
}

interface SquooshExports {
  memory: WebAssembly.Memory;
  __wbindgen_malloc(bytes: number, alignment: number): number;
  __wbindgen_free(pointer: number, bytes: number, alignment: number): void;
  decode(pointer: number, bytes: number): number;
}

/** Rust's default: below all static data. */
const STACK_BYTES = 1024 * 1024;
/** What the allocator may need of its memory for itself. */
const ALLOCATOR_BYTES = 256;

const SQUOOSH_PNG: InstanceKind<SquooshPng> = {
  name: "@jsquash/png",
  create: () => new SquooshPng(),
};

/** Measured: the instance before it decodes, and what a decoder takes whatever the picture. */
const BASE_BYTES = 2 * 1024 * 1024;

/** Measured: bytes a pixel by samples in the file; expanding RGB and gray to RGBA takes copies. */
const PIXEL_BYTES: Readonly<Record<Layout["samples"], number>> = { 1: 5, 2: 6, 3: 9, 4: 4 };

/** Upper bound of what the instance takes, in bytes. */
function instanceBytes(source: ByteSource, header: PngHeader, { samples, key }: Layout): number {
  const { width, height, imageData } = header;
  const pixelBytes = PIXEL_BYTES[samples] + (key ? 1 : 0);
  const rows = 32 * width;
  return BASE_BYTES + (source.size - imageData.offset) + rows + width * height * pixelBytes;
}

/** Upper bound, in bytes. */
export function interlacedMemory(source: ByteSource, header: PngHeader, layout: Layout): number {
  const strip = STRIP_ROWS * header.width * layout.channels;
  return instanceBytes(source, header, layout) + strip;
}

/** @throws AppError invalid_image, truncated_image */
export async function startInterlaced(
  source: ByteSource,
  header: PngHeader,
  layout: Layout,
  workspace: Workspace,
): Promise<AsyncIterable<Strip>> {
  const decoder = await workspace.take(SQUOOSH_PNG, instanceBytes(source, header, layout));
  const { pointer, bytes } = await rebuildFile(source, header, layout, decoder);
  try {
    decoder.decode(pointer, bytes);
  } catch (cause) {
    throw Object.assign(damaged("The PNG's image data are damaged."), { cause });
  }
  return readPixels(decoder, header, layout, workspace);
}

/**
 * Header, then all image data as one chunk. Palettes pass as gray: their colours, and the
 * transparency of palettes and gray, come from the layout's table.
 */
async function rebuildFile(
  source: ByteSource,
  header: PngHeader,
  { key, samples }: Layout,
  decoder: SquooshPng,
): Promise<{ pointer: number; bytes: number }> {
  const { imageData } = header;
  const parts: Uint8Array[] = [SIGNATURE, writeChunk("IHDR", imageHeader(header))];
  if (key && header.transparency && !isIndexed(header.depth, samples)) {
    parts.push(writeChunk("tRNS", header.transparency));
  }
  const end = writeChunk("IEND", new Uint8Array(0));
  const idat = writeChunk("IDAT", new Uint8Array(0));

  const headBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const room = headBytes + idat.length + (source.size - imageData.offset) + end.length;
  const pointer = decoder.allocate(room);
  let at = pointer;
  const put = (part: Uint8Array): void => {
    decoder.heap.set(part, at);
    at += part.length;
  };
  parts.forEach(put);
  const dataHead = at;
  at += 8;
  let crc = crc32("IDAT");
  for await (const portion of readImageData(source, imageData)) {
    crc = crc32(portion, crc);
    put(portion);
  }
  const view = new DataView(decoder.heap.buffer);
  view.setUint32(dataHead, at - dataHead - 8);
  view.setUint32(dataHead + 4, 0x49444154);
  view.setUint32(at, crc);
  at += 4;
  put(end);
  // Not only what was written: the decoder frees it, and must be told the size it was allocated with.
  return { pointer, bytes: room };
}

function imageHeader({ width, height, depth, colourType }: PngHeader): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  const { gray, palette } = COLOUR_TYPES;
  data.set([depth, colourType === palette ? gray : colourType, 0, 0, 1], 8);
  return data;
}

async function* readPixels(
  decoder: SquooshPng,
  { width, height, depth }: PngHeader,
  layout: Layout,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const { channels } = layout;
  const isDone = channels === 4 && !layout.table;
  const strip = isDone ? null : workspace.allocate(STRIP_ROWS * width * channels);
  for (let y = 0; y < height; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - y);
    const start = decoder.pixels.pointer + y * width * 4;
    const rgba = decoder.heap.subarray(start, start + rows * width * 4);
    if (strip) convertPixels(rgba, strip, depth, layout);
    yield { y, rows, data: strip?.subarray(0, rows * width * channels) ?? rgba };
  }
}

function convertPixels(rgba: Uint8Array, target: Uint8Array, depth: number, layout: Layout): void {
  const { channels, samples, table } = layout;
  // The decoder has scaled low depths to 8 bits; their highest bits are what they were.
  const shift = depth < 8 ? 8 - depth : 0;
  const colours = Math.min(channels, 3);
  const tableHasAlpha = table !== null && isIndexed(depth, samples);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += channels) {
    const entry = ((rgba[from] ?? 0) >> shift) * 4;
    for (let k = 0; k < colours; k++) {
      target[to + k] = (table ? table[entry + k] : rgba[from + k]) ?? 0;
    }
    if (channels === 4) target[to + 3] = (tableHasAlpha ? table[entry + 3] : rgba[from + 3]) ?? 0;
  }
}

/** Whether a pixel is one number that a table can explain: palettes and gray. */
const isIndexed = (depth: number, samples: number): boolean => samples === 1 && depth <= 8;
