/** Reading on in a file whose parts say only one by one how long they are. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import { truncated } from "./failures.ts";

/**
 * A window over the file. Callers ask for what they need, which waits only where the window must
 * move on, and read `bytes` from `at`.
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Of `bytes[0]` in the file. */
  #start: number;
  readonly #source: ByteSource;
  readonly #windowBytes: number;

  /** @param windowBytes read at a time: each time is a request to the store */
  constructor(source: ByteSource, position: number, windowBytes: number) {
    this.#source = source;
    this.#start = position;
    this.#windowBytes = windowBytes;
  }

  /** Where in the file `at` is. */
  get position(): number {
    return this.#start + this.at;
  }

  /** Whether `count` bytes are in the window from `at` on. */
  has(count: number): boolean {
    return this.at + count <= this.bytes.length;
  }

  /**
   * Moves the window on, so that it starts at `at`.
   * @param count bytes that must be in it; at most the window's
   * @throws AppError truncated_image where the file has fewer
   */
  async load(count: number): Promise<void> {
    this.#start = this.position;
    this.bytes = await this.#source.read(this.#start, this.#windowBytes);
    this.at = 0;
    if (!this.has(count)) throw truncated();
  }

  /** The next `count` bytes, valid until the window moves. @throws AppError truncated_image */
  async take(count: number): Promise<Uint8Array> {
    if (!this.has(count)) await this.load(count);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** @throws AppError truncated_image */
  async takeByte(): Promise<number> {
    if (!this.has(1)) await this.load(1);
    return this.bytes[this.at++] as number;
  }

  /** Skips sub-blocks and the empty one behind them. @throws AppError truncated_image */
  async skipSubBlocks(): Promise<void> {
    for (;;) {
      // What can be skipped without waiting.
      while (this.has(1) && this.has(1 + (this.bytes[this.at] as number))) {
        const length = this.bytes[this.at] as number;
        this.at += 1 + length;
        if (length === 0) return;
      }
      await this.load(1);
      if (!this.has(1 + (this.bytes[0] as number))) throw truncated();
    }
  }
}
