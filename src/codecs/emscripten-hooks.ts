/** What modules that emscripten built import of their surroundings, for those used without its glue. */
import { MIB } from "../limits.ts";

const PAGE_BYTES = 65_536;

/**
 * emscripten_resize_heap: grows the memory to `requestedBytes`, and by `growthBytes` where it may, so
 * that it is seldom asked.
 * @returns 1 where it has been grown, 0 where that is more than `limitBytes`
 */
export function resizeHeap(
  memory: WebAssembly.Memory,
  requestedBytes: number,
  limitBytes: number,
  growthBytes = MIB,
): 0 | 1 {
  const current = memory.buffer.byteLength;
  const generous = Math.min(current + growthBytes, limitBytes);
  // Addresses beyond 2 GiB arrive as negative numbers.
  const pages = Math.ceil((Math.max(requestedBytes >>> 0, generous) - current) / PAGE_BYTES);
  if (current + pages * PAGE_BYTES > limitBytes) return 0;
  memory.grow(pages);
  return 1;
}

/** fd_write, to nowhere: says that all of the `count` vectors (address, length) has been written. */
export function discardOutput(
  memory: WebAssembly.Memory,
  vectors: number,
  count: number,
  written: number,
): 0 {
  const view = new DataView(memory.buffer);
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += view.getUint32(vectors + i * 8 + 4, true);
  view.setUint32(written, bytes, true);
  return 0;
}

/** A C string of ASCII. */
export function readText(heap: Uint8Array, pointer: number): string {
  let text = "";
  for (let i = pointer; heap[i]; i++) text += String.fromCharCode(heap[i] ?? 0);
  return text;
}
