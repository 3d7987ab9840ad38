/** The JPEG kernel from outside: its state, its token chunks, its output buffer. */
import { align, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "./engine.ts";
import * as layout from "./assembly/jpeg-layout.ts";

/** What is coded: gray, colour at full resolution, colour with chroma halved both ways. */
export const SAMPLINGS = {
  gray: { layout: layout.LAYOUT_GRAY, channels: 1, mcuSide: 8 },
  "4:4:4": { layout: layout.LAYOUT_444, channels: 3, mcuSide: 8 },
  "4:2:0": { layout: layout.LAYOUT_420, channels: 3, mcuSide: 16 },
} as const;

export type Sampling = keyof typeof SAMPLINGS;

export interface HuffmanTable {
  /** How many codes there are of each length, 1 to 16. */
  counts: Uint8Array;
  /** Symbols by length of code. */
  symbols: Uint8Array;
}

/** Luma DC, luma AC, chroma DC, chroma AC; gray has the first two. */
export type HuffmanTables = readonly HuffmanTable[];

export interface JpegKernelPlan {
  width: number;
  sampling: Sampling;
  /** Divisors in natural order, luma's and chroma's. */
  quantisation: readonly [Uint8Array, Uint8Array];
}

export interface BaselinePlan extends JpegKernelPlan {
  /** Rows of MCUs between restart markers, 0 for none. */
  restartRows: number;
}

const OUTPUT_BYTES = 128 * 1024;
const FIRST_RESTART = 0xd0;
const TOKEN_CHUNK_BYTES = 512 * 1024;

/** What buffering `tokenBytes` of tokens takes, and everything else that the kernel allocates. */
export function jpegKernelBytes(width: number, sampling: Sampling, tokenBytes: number): number {
  const { channels, mcuSide } = SAMPLINGS[sampling];
  const buffers = [
    layout.STATE_BYTES,
    width * channels * mcuSide,
    OUTPUT_BYTES + layout.MCU_CODED_BYTES,
    Math.max(1, Math.ceil(tokenBytes / TOKEN_CHUNK_BYTES)) * TOKEN_CHUNK_BYTES,
  ];
  return ENGINE_BASE_BYTES + PAGE_BYTES + buffers.reduce((sum, bytes) => sum + align(bytes), 0);
}

/** Position in zigzag order to position in natural order. */
export const ZIGZAG = makeZigzag();

function makeZigzag(): Uint8Array {
  const order = new Uint8Array(64);
  let k = 0;
  for (let sum = 0; sum < 15; sum++) {
    for (let i = Math.max(0, sum - 7); i <= Math.min(7, sum); i++) {
      const [row, column] = sum % 2 === 0 ? [sum - i, i] : [i, sum - i];
      order[k++] = row * 8 + column;
    }
  }
  return order;
}

const transposed = (index: number): number => (index & 7) * 8 + (index >> 3);

/** Writes what the kernels are to know of the picture into their state. */
export function prepareState(engine: Engine, state: number, plan: JpegKernelPlan): void {
  const memory = engine.view(state, layout.STATE_BYTES);
  const view = new DataView(memory.buffer, state, layout.STATE_BYTES);
  view.setInt32(layout.WIDTH, plan.width, true);
  view.setInt32(layout.LAYOUT, SAMPLINGS[plan.sampling].layout, true);
  plan.quantisation.forEach((divisors, table) => {
    divisors.forEach((divisor, index) => {
      // The transform's output is 8 times too large; the multiplication divides by 2^15.
      const at = layout.RECIPROCALS + table * 128 + transposed(index) * 2;
      view.setInt16(at, Math.round(4096 / divisor), true);
    });
  });
  ZIGZAG.forEach((index, k) => {
    memory[layout.ORDER + k] = transposed(index) * 2;
  });
  engine.exports.jpegPrepare(state);
}

/** Allocates the kernel's memory in `engine` and sets it up. */
export function startJpegKernel(engine: Engine, plan: BaselinePlan) {
  const { exports } = engine;
  const { channels, mcuSide } = SAMPLINGS[plan.sampling];
  const rowBytes = plan.width * channels;
  const mcus = Math.ceil(plan.width / mcuSide);
  const state = engine.allocate(layout.STATE_BYTES);
  const gathered = engine.allocate(rowBytes * mcuSide);
  const output = engine.allocate(OUTPUT_BYTES + layout.MCU_CODED_BYTES);
  /** Where each chunk of tokens starts and ends; the last one is being filled. */
  const chunks = [newChunk()];
  let outputEnd = output;
  /** Rows of MCUs that have begun, and markers written. */
  let rowsBegun = 0;
  let restarts = 0;

  function newChunk() {
    const start = engine.allocate(TOKEN_CHUNK_BYTES);
    return { start, end: start, restarts: new Array<number>() };
  }

  prepareState(engine, state, plan);

  const readState = (offset: number): number =>
    new DataView(engine.memory).getInt32(state + offset, true);

  /** A row of MCUs begins: where a restart marker is due, coding forgets what came before. */
  function beginRow(): void {
    const row = rowsBegun++;
    if (plan.restartRows === 0 || row === 0 || row % plan.restartRows !== 0) return;
    const chunk = lastChunk();
    chunk.restarts.push(chunk.end);
    engine.view(state + layout.PREVIOUS_DC, 3 * 4).fill(0);
  }

  const lastChunk = () => chunks[chunks.length - 1] as ReturnType<typeof newChunk>;

  function writeRestart(): void {
    outputEnd = exports.jpegFinish(state, outputEnd);
    engine.view(outputEnd, 2).set([0xff, FIRST_RESTART + (restarts++ % 8)]);
    outputEnd += 2;
  }

  /** Codes tokens and yields the output buffer whenever it is full. */
  function* codeTokens(start: number, end: number): Generator<Uint8Array> {
    const limit = output + OUTPUT_BYTES;
    let at = start;
    while (at < end) {
      outputEnd = exports.jpegCode(state, at, end, outputEnd, limit);
      at = readState(layout.TOKENS_AT);
      if (outputEnd >= limit) yield takeOutput();
    }
  }

  return {
    mcuSide,
    rowBytes,
    /** Room for one row of MCUs, where rows are gathered that do not come as one. */
    gathered,
    beginRow,

    /**
     * Tokens of the MCU row whose `rows` packed rows are at `pixels`, from MCU `from` on, into the
     * last chunk. Returns the MCU to go on with: less than `mcus` when the chunk is full.
     */
    tokenise(pixels: number, rows: number, from: number): number {
      const chunk = lastChunk();
      const limit = chunk.start + TOKEN_CHUNK_BYTES - layout.MCU_TOKEN_BYTES;
      const next = exports.jpegTokenise(state, pixels, rows, from, chunk.end, limit);
      chunk.end = readState(layout.TOKENS_AT);
      return next;
    },
    mcus,

    /** Adds a chunk for tokens; without room for it within `tokenBytes` returns false. */
    extend(tokenBytes: number): boolean {
      if ((chunks.length + 1) * TOKEN_CHUNK_BYTES > tokenBytes) return false;
      chunks.push(newChunk());
      return true;
    },

    /** How often each symbol of a table occurred so far. */
    histogram(table: number): Uint32Array {
      const at = state + layout.HISTOGRAMS + table * layout.TABLE_BYTES;
      return new Uint32Array(engine.memory, at, 256);
    },

    setTables(tables: HuffmanTables): void {
      tables.forEach((table, index) => {
        const at = state + layout.CODES + index * layout.TABLE_BYTES;
        writeCodes(new Uint32Array(engine.memory, at, 256), table);
      });
    },

    /** Codes all tokens buffered and forgets them; yields the output buffer whenever it is full. */
    *code(): Generator<Uint8Array> {
      for (const chunk of chunks) {
        let at = chunk.start;
        for (const restart of chunk.restarts) {
          yield* codeTokens(at, restart);
          writeRestart();
          at = restart;
        }
        yield* codeTokens(at, chunk.end);
        chunk.end = chunk.start;
        chunk.restarts = [];
      }
      chunks.length = 1;
    },

    /** The last bytes of the entropy-coded data. */
    finish(): Uint8Array {
      outputEnd = exports.jpegFinish(state, outputEnd);
      return takeOutput();
    },
  };

  function takeOutput(): Uint8Array {
    const bytes = engine.view(output, outputEnd - output).slice();
    outputEnd = output;
    return bytes;
  }
}

export type JpegKernel = ReturnType<typeof startJpegKernel>;

/** Canonical codes (T.81, annex C), as the kernel wants them: code << 8 | length. */
export function writeCodes(codes: Uint32Array, { counts, symbols }: HuffmanTable): void {
  let code = 0;
  let next = 0;
  codes.fill(0);
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < (counts[length - 1] ?? 0); i++) {
      codes[symbols[next++] ?? 0] = (code++ << 8) | length;
    }
    code <<= 1;
  }
}
