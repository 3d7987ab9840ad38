/** Pieces of bytes as a stream that crosses RPC, and is canceled when nobody reads it any more. */

/** What a stream carries at a time: more is no faster, and each side holds a few of these. */
export const PIECE_BYTES = 256 * 1024;

/** Without a read for this long the reader is taken for dead. */
const IDLE_MS = 120_000;

/**
 * @param parts valid until the next is pulled
 * @param onEnd called once, when no more of `parts` will be pulled: at their end, after an error,
 *   or when the reader has gone
 */
export function toByteStream(
  parts: AsyncIterable<Uint8Array>,
  onEnd: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const pieces = cut(parts);
  let idle: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const end = (error: unknown) => {
    clearTimeout(idle);
    if (ended) return;
    ended = true;
    onEnd(error);
  };
  const leave = async (reason: Error) => {
    // One that has not started yet would not notice.
    await pieces.return(undefined);
    end(reason);
  };
  const rest = (controller: ReadableByteStreamController) => {
    idle = setTimeout(() => {
      const reason = new Error("Nobody reads the stream.");
      controller.error(reason);
      void leave(reason);
    }, IDLE_MS);
  };
  return new ReadableStream({
    type: "bytes",
    start: rest,
    async pull(controller: ReadableByteStreamController) {
      clearTimeout(idle);
      try {
        const { value, done } = await pieces.next();
        if (!done) {
          // What is enqueued is detached, so it must not be another's.
          controller.enqueue(value.slice());
          return rest(controller);
        }
        end(null);
        controller.close();
        controller.byobRequest?.respond(0);
      } catch (error) {
        end(error);
        throw error;
      }
    },
    cancel: () => leave(new Error("The reader has gone.")),
  }) as ReadableStream<Uint8Array>;
}

async function* cut(
  parts: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined, undefined> {
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) {
      yield part.subarray(at, at + PIECE_BYTES);
    }
  }
}
