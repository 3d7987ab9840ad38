/**
 * Transparency beside a lossy WebP picture, row by row: tokens wait until their statistics are known,
 * then they are coded, and their room is used again.
 */
import * as layout from "./assembly/alpha-encode-layout.ts";
import { chunkPoolBytes, createChunkPool, type Chunk } from "./chunk-pool.ts";
import { align, type Engine } from "./engine.ts";
import { canonicalCodes, codeLengths, reverse } from "./prefix-code.ts";

export interface AlphaPlan {
  width: number;
  /** Bytes that tokens and the coded transparency may take. */
  dataBytes: number;
}

const CHUNK_BYTES = 256 * 1024;
const MAX_CODE_BITS = 15;
/** Lossless coding, gradient filter, values as they are (RFC 9649, section 2.7.1.2). */
const CHUNK_INFO = 1 | (3 << 2);

const rowsBytes = (width: number): number => 4 * (width + layout.ROW_SLACK_BYTES);
const chunkBytes = ({ width }: AlphaPlan): number =>
  CHUNK_BYTES + 2 * width + layout.OUTPUT_SLACK_BYTES;
const countChunks = ({ dataBytes }: AlphaPlan): number => Math.ceil(dataBytes / CHUNK_BYTES) + 2;

export function alphaEncoderBytes(plan: AlphaPlan): number {
  const chunks = chunkPoolBytes(countChunks(plan), chunkBytes(plan));
  return align(layout.ROWS + rowsBytes(plan.width)) + chunks;
}

export function startAlphaEncoder(engine: Engine, plan: AlphaPlan) {
  const { exports } = engine;
  const state = engine.allocate(layout.ROWS + rowsBytes(plan.width));
  const pool = createChunkPool(engine, countChunks(plan), chunkBytes(plan));
  const tokens: Chunk[] = [];
  const output: Chunk[] = [];
  let settled = false;
  const view = (): DataView => new DataView(engine.memory, state, layout.ROWS);
  view().setInt32(layout.WIDTH, plan.width, true);

  const withRoom = (chunks: Chunk[]): Chunk | null => pool.withRoom(chunks, CHUNK_BYTES);

  /** Codes all tokens that wait. */
  const codeTokens = (): boolean =>
    pool.recode(tokens, output, CHUNK_BYTES, (start, end, target) => {
      const limit = target.start + CHUNK_BYTES;
      target.end = exports.alphaCode(state, start, end, target.end, limit);
      return view().getInt32(layout.TOKENS_AT, true);
    });

  /** @param incomplete whether values may come that have not occurred yet */
  function settle(incomplete: boolean): boolean {
    if (settled) return codeTokens();
    settled = true;
    const counts = new Uint32Array(engine.memory, state + layout.HISTOGRAM, layout.SYMBOLS).map(
      // A code needs two symbols.
      (count, symbol) => (incomplete || symbol < 2 ? Math.max(1, count) : count),
    );
    const lengths = codeLengths(counts, MAX_CODE_BITS);
    const codes = canonicalCodes(lengths);
    codes.forEach((code, symbol) => {
      const entry = (code << 8) | (lengths[symbol] ?? 0);
      view().setUint32(layout.CODES + 4 * symbol, entry, true);
    });
    return writeHead(lengths) && codeTokens();
  }

  /** All that precedes the pixels in a lossless image (RFC 9649, sections 3.4 to 3.7). */
  function writeHead(lengths: Uint8Array): boolean {
    const target = withRoom(output);
    if (!target) return false;
    const put = (value: number, bits: number): void => {
      target.end = exports.alphaPut(state, value, bits, target.end);
    };
    put(CHUNK_INFO, 8);
    put(0, 3); // no transforms, no colour cache, one set of prefix codes
    put(0, 1); // a code in full, by its lengths, whose own codes ...
    put(15, 4);
    for (let i = 0; i < 19; i++) put(i < 2 || i === 8 ? 0 : 4, 3); // ... all have 4 bits, ...
    put(0, 1); // ... one for each symbol
    for (const length of lengths) put(reverse(length, 4), 4);
    for (let i = 0; i < 3; i++) put(0b0001, 4); // red, blue and alpha: 0 in no bits
    put(0b011, 3); // distances: one bit, for the symbols ...
    put(0, 1); // ... 0, the row above, ...
    put(1, 8); // ... and 1, the pixel to the left
    return true;
  }

  return {
    /** Takes rows of RGBA at `pixels`. False: they take more than the plan's `dataBytes`. */
    encode(pixels: number, rows: number): boolean {
      for (let row = 0; row < rows; row++) {
        const last = tokens.at(-1);
        const full = !last || last.end >= last.start + CHUNK_BYTES;
        // The output needs one while tokens fill another.
        if (full && pool.available <= 1 && !settle(true)) return false;
        const chunk = withRoom(tokens);
        if (!chunk) return false;
        const at = pixels + row * plan.width * 4;
        chunk.end = exports.alphaTokenise(state, at, chunk.end);
      }
      return true;
    },

    /** What gives the ALPH chunk's parts, in the engine's memory; null where they take more than planned. */
    finish(): (() => Uint8Array[]) | null {
      const last = settle(false) ? withRoom(output) : null;
      if (!last) return null;
      // The bits that wait, and zeros up to a whole byte.
      last.end = exports.alphaPut(state, 0, 7, last.end);
      return () => output.map(({ start, end }) => engine.view(start, end - start));
    },
  };
}

export type AlphaEncoder = ReturnType<typeof startAlphaEncoder>;
