/**
 * Deflate for rows of photos: runs and Huffman codes, a block at a time. Its blocks may stand among
 * another encoder's, from whole byte to whole byte.
 */
import * as layout from "./assembly/deflate-layout.ts";
import { makeBlockCodes, RUN_SYMBOLS, SYMBOLS, type BlockCodes } from "./deflate-codes.ts";
import { align, type Engine } from "./engine.ts";

/** Photos change so slowly that blocks half as large, with more codes, are no smaller. */
const BLOCK_BYTES = layout.MAX_BLOCK_BYTES;
const STATE_BYTES = layout.RUNS + 4 * Math.ceil(BLOCK_BYTES / layout.MIN_RUN);
/** A stored block's, and bits that wait: what a block may take more than its data. */
const FRAME_BYTES = 8;
const OUTPUT_BYTES = BLOCK_BYTES + FRAME_BYTES + layout.WRITE_AHEAD_BYTES;

/** How far past the data `deflate` reads. */
export const { READ_AHEAD_BYTES } = layout;

/** What a deflater takes of the engine. */
export const DEFLATER_BYTES = align(STATE_BYTES) + align(OUTPUT_BYTES);

export function startDeflater(engine: Engine) {
  const { exports } = engine;
  const state = engine.allocate(STATE_BYTES);
  const output = engine.allocate(OUTPUT_BYTES);
  const view = (): DataView => new DataView(engine.memory, state, STATE_BYTES);
  const words = (at: number, count: number): Uint32Array =>
    new Uint32Array(engine.memory, state + at, count);
  words(layout.ADLER, 1).fill(1);

  function countSymbols(): Uint32Array {
    const counts = new Uint32Array(SYMBOLS);
    const literals = words(layout.LITERALS, 1024);
    for (let i = 0; i < literals.length; i++) {
      counts[i & 255] = (counts[i & 255] as number) + (literals[i] as number);
    }
    counts[layout.END_OF_BLOCK] = 1;
    if (view().getInt32(layout.RUN_COUNT, true) === 0) return counts;
    words(layout.RUN_LENGTHS, layout.MAX_RUN + 1).forEach((count, length) => {
      const { symbol } = RUN_SYMBOLS[length] as (typeof RUN_SYMBOLS)[number];
      counts[symbol] = (counts[symbol] as number) + count;
    });
    return counts;
  }

  function setCodes({ head, lengths, codes, distanceBits }: BlockCodes): void {
    view().setInt32(layout.HEAD_COUNT, head.length, true);
    words(layout.HEAD, head.length).set(head);
    const literals = words(layout.CODES, layout.END_OF_BLOCK + 1);
    for (let symbol = 0; symbol < literals.length; symbol++) {
      literals[symbol] = ((codes[symbol] as number) << 8) | (lengths[symbol] as number);
    }
    if (view().getInt32(layout.RUN_COUNT, true) === 0) return;
    const runs = words(layout.RUN_CODES, layout.MAX_RUN + 1);
    RUN_SYMBOLS.forEach(({ symbol, extra, extraBits }, length) => {
      const bits = lengths[symbol] as number;
      const code = (codes[symbol] as number) | (extra << bits);
      runs[length] = (code << 8) | (bits + extraBits + distanceBits);
    });
  }

  /** @returns where the output ends */
  function deflateBlock(data: number, bytes: number): number {
    exports.deflateScan(state, data, bytes);
    const codes = makeBlockCodes(countSymbols());
    if (codes.bits >= (bytes + 4) * 8) return exports.deflateStore(state, data, bytes, 0, output);
    setCodes(codes);
    return exports.deflateCode(state, data, bytes, output);
  }

  const written = (end: number): Uint8Array => engine.view(output, end - output);

  return {
    /** Views of the output, each valid until the next is pulled. */
    *deflate(data: number, bytes: number): Generator<Uint8Array, void, undefined> {
      for (let at = 0; at < bytes; at += BLOCK_BYTES) {
        yield written(deflateBlock(data + at, Math.min(BLOCK_BYTES, bytes - at)));
      }
    },
    /** Up to a whole byte, by an empty block: the last one of all, or one that others follow. */
    align: (isFinal: boolean): Uint8Array =>
      written(exports.deflateStore(state, output, 0, isFinal ? 1 : 0, output)),
    /** Adds to the checksum, which counts what others deflate, too. */
    check: (data: number, bytes: number): void => exports.adler32(state, data, bytes),
    /** Adler-32. */
    get checksum(): number {
      const [a = 0, b = 0] = words(layout.ADLER, 2);
      return ((b << 16) | a) >>> 0;
    },
  };
}

export type Deflater = ReturnType<typeof startDeflater>;
