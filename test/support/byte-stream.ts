/** A byte stream that delivers the bytes in pieces of the given sizes, again and again. */
export function streamOf(bytes: Uint8Array, pieces: number[]): ReadableStream<Uint8Array> {
  let offset = 0;
  let turn = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller: ReadableByteStreamController) {
      const size = pieces[turn++ % pieces.length] ?? 1;
      const piece = Uint8Array.from(bytes.subarray(offset, offset + size));
      offset += size;
      if (piece.length > 0) return controller.enqueue(piece);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  }) as ReadableStream<Uint8Array>;
}
