/**
 * GIF's variant of LZW (the GIF89a specification, appendix F): codes of 3 to 12 bits, lowest bit
 * first, a code that clears the table, one that ends the data.
 */
import { damaged } from "./failures.ts";

const MAX_CODES = 4096;
const MAX_BITS = 12;

/** What a decoder holds beside its output, in bytes. */
export const LZW_DECODER_BYTES = MAX_CODES * 6;

/** Indices that one code can stand for: what may come out beyond what was asked for. */
export const LONGEST_STRING = MAX_CODES;

export class LzwDecoder {
  /** Of each code: the code of all its indices but the last, the last, the first, how many. */
  readonly #prefixes = new Uint16Array(MAX_CODES);
  readonly #suffixes = new Uint8Array(MAX_CODES);
  readonly #firsts = new Uint8Array(MAX_CODES);
  readonly #lengths = new Uint16Array(MAX_CODES);
  readonly #clear: number;
  readonly #firstBits: number;
  readonly #output: Uint8Array;
  #bits: number;
  #next: number;
  /** Code before; -1 after a clear. */
  #previous = -1;
  #buffer = 0;
  #buffered = 0;
  /** Indices that are in the output. */
  filled = 0;
  /** Whether the end's code has come. */
  ended = false;

  /**
   * @param minimumBits as in the file, 2 to 8
   * @param output must have LONGEST_STRING bytes of room beyond what is asked for
   */
  constructor(minimumBits: number, output: Uint8Array) {
    this.#output = output;
    this.#clear = 1 << minimumBits;
    this.#firstBits = minimumBits + 1;
    this.#bits = this.#firstBits;
    this.#next = this.#clear + 2;
    for (let i = 0; i < this.#clear; i++) {
      this.#suffixes[i] = i;
      this.#firsts[i] = i;
      this.#lengths[i] = 1;
    }
  }

  /** Takes the output's first `count` indices away. */
  shift(count: number): void {
    this.#output.copyWithin(0, count, this.filled);
    this.filled -= count;
  }

  /**
   * Decodes until there are `wanted` indices or the bytes are used up.
   * @returns where in `source` it stopped
   * @throws AppError invalid_image on a code that cannot be
   */
  decode(source: Uint8Array, from: number, to: number, wanted: number): number {
    const output = this.#output;
    const prefixes = this.#prefixes;
    const suffixes = this.#suffixes;
    const firsts = this.#firsts;
    const lengths = this.#lengths;
    const clear = this.#clear;
    const firstBits = this.#firstBits;
    let bits = this.#bits;
    let next = this.#next;
    let previous = this.#previous;
    let buffer = this.#buffer;
    let buffered = this.#buffered;
    let filled = this.filled;
    let at = from;
    while (filled < wanted) {
      while (buffered < bits && at < to) {
        buffer |= (source[at++] as number) << buffered;
        buffered += 8;
      }
      if (buffered < bits) break;
      const code = buffer & ((1 << bits) - 1);
      buffer >>>= bits;
      buffered -= bits;
      if (code === clear) {
        bits = firstBits;
        next = clear + 2;
        previous = -1;
        continue;
      }
      if (code === clear + 1) {
        this.ended = true;
        break;
      }
      // A code may be used while it is made, not before.
      const isNew = code === next;
      if (code > next || (previous < 0 && code > clear)) throw damaged();
      const first = firsts[isNew ? previous : code] as number;
      if (previous >= 0 && next < MAX_CODES) {
        prefixes[next] = previous;
        suffixes[next] = first;
        firsts[next] = firsts[previous] as number;
        lengths[next] = (lengths[previous] as number) + 1;
        next++;
        if (next === 1 << bits && bits < MAX_BITS) bits++;
      }
      const end = filled + (lengths[code] as number);
      for (let place = end - 1, rest = code; place >= filled; place--) {
        output[place] = suffixes[rest] as number;
        rest = prefixes[rest] as number;
      }
      filled = end;
      previous = code;
    }
    this.#bits = bits;
    this.#next = next;
    this.#previous = previous;
    this.#buffer = buffer;
    this.#buffered = buffered;
    this.filled = filled;
    return at;
  }
}
