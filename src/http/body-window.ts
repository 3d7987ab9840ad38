import { discard } from "../pipeline/bytes.ts";

/** `min` is in the standard and in workerd, not yet in every type library. */
interface MinReader {
  read(view: Uint8Array, options: { min: number }): Promise<ReadableStreamReadResult<Uint8Array>>;
  releaseLock(): void;
}

const CAPACITY_BYTES = 256 * 1024;

/**
 * The unread bytes of a request body: a window of fixed size that slides over the stream. Read
 * BYOB with `min`, since a default reader gets 4 KB at a time.
 */
export class BodyWindow {
  readonly #reader: MinReader;
  #buffer = new ArrayBuffer(CAPACITY_BYTES);
  #start = 0;
  #end = 0;
  #ended = false;

  /** @param seed bytes to put before the body */
  constructor(body: ReadableStream<Uint8Array>, seed = new Uint8Array()) {
    this.#reader = body.getReader({ mode: "byob" }) as MinReader;
    new Uint8Array(this.#buffer).set(seed);
    this.#end = seed.length;
  }

  /** A view, valid until `more`. */
  get bytes(): Buffer {
    return Buffer.from(this.#buffer, this.#start, this.#end - this.#start);
  }

  consume(count: number): void {
    this.#start += count;
  }

  /**
   * Reads on until the window is full or the body ends; what was not consumed stays.
   * @returns whether there was more
   */
  async more(): Promise<boolean> {
    if (this.#ended) return false;
    const all = new Uint8Array(this.#buffer);
    all.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const room = all.subarray(this.#end);
    if (room.length === 0) return false;
    // The buffer moves to the stream and comes back, what lies before `room` included.
    const { value, done } = await this.#reader.read(room, { min: room.length });
    if (value) this.#buffer = value.buffer as ArrayBuffer;
    this.#ended = done;
    // A stream that closes delivers its last bytes with `done` or before it.
    const count = value?.length ?? 0;
    this.#end += count;
    return count > 0;
  }

  /** Leaves the rest of the body to others. What `bytes` gave is gone. */
  release(): void {
    this.#reader.releaseLock();
    discard(this.#buffer);
  }
}

/** The whole body in chunks, each valid until the next pull. */
export async function* readChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const window = new BodyWindow(body);
  try {
    while (await window.more()) {
      const { bytes } = window;
      yield bytes;
      window.consume(bytes.length);
    }
  } finally {
    window.release();
  }
}
