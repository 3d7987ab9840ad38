/** First address the host may allocate from: behind the module's static data. */
export function heapBase(): i32 {
  return <i32>__heap_base;
}
