/**
 * The VP8 encoding kernel from outside. A row of macroblocks becomes modes and tokens, which wait
 * until the picture's statistics are known; then they are coded, and their room is used again.
 */
import { chunkPoolBytes, createChunkPool, type Chunk } from "./chunk-pool.ts";
import { align, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "./engine.ts";
import * as layout from "./assembly/vp8-encode-layout.ts";
import { codeHeader, MAX_HEADER_BYTES, writeFrameTag } from "./vp8-encode-header.ts";
import { fillTables } from "./vp8-encode-tables.ts";
import { createModeBudget } from "./vp8-mode-budget.ts";

export interface Vp8Plan {
  width: number;
  height: number;
  /** The fourth is skipped. */
  channels: 3 | 4;
  /** Quantiser index, 0 (finest) to 127. */
  quantiser: number;
  /** How many of the ten modes of a 4 × 4 block are measured, of those that look best: 1 to 10. */
  candidates: number;
  /** Bytes that tokens and the coded frame may take. */
  dataBytes: number;
  /** How much decoders smooth the edges of blocks, 0 to 63; else it goes with the quantiser. */
  filterLevel?: number;
}

/** Rows that are encoded at once, and the side of a macroblock. */
const VP8_ROWS = 16;

const CHUNK_BYTES = 512 * 1024;
/** What one step may write behind the limit it is given. */
const SLACK_BYTES = Math.max(layout.OUTPUT_SLACK_BYTES, layout.MACROBLOCK_TOKEN_BYTES);
/** Coarse steps of chroma show as patches of colour, fine ones cost next to nothing. */
const CHROMA_DC_DELTA = -3;

/** Found by experiment with photos: least bytes at equal PSNR and SSIM. */
const TUNING = {
  /** What a bit is worth: `vp8SetQuantiser`. */
  lambda: 80,
  /** From where on levels are rounded up (1/256): DC, AC. */
  luma: [120, 110],
  lumaDc: [96, 108],
  chroma: [110, 115],
} as const;

const macroblocks = (side: number): number => Math.ceil(side / VP8_ROWS);

/** Chunks for `dataBytes`, one that is being filled while another is emptied, and the header's. */
const countChunks = ({ dataBytes }: Vp8Plan): number => Math.ceil(dataBytes / CHUNK_BYTES) + 3;

/** What the kernel allocates at most. */
export function vp8EncoderBytes(plan: Vp8Plan): number {
  const columns = macroblocks(plan.width);
  const buffers = [
    layout.STATE_BYTES,
    columns * layout.MACROBLOCK_BYTES,
    (columns + 1) * layout.TOP_BYTES,
    columns * macroblocks(plan.height) * layout.MACROBLOCK_MODE_BYTES,
    plan.width * plan.channels * VP8_ROWS,
  ];
  const chunks = chunkPoolBytes(countChunks(plan), CHUNK_BYTES + SLACK_BYTES);
  return (
    ENGINE_BASE_BYTES + PAGE_BYTES + chunks + buffers.reduce((sum, bytes) => sum + align(bytes), 0)
  );
}

/** Allocates the kernel's memory in `engine` and sets it up. */
export function startVp8Encoder(engine: Engine, plan: Vp8Plan) {
  const { exports } = engine;
  const { width, height, channels, quantiser } = plan;
  const columns = macroblocks(width);
  const rows = macroblocks(height);
  const rowBytes = width * channels;
  const state = engine.allocate(layout.STATE_BYTES);
  const source = engine.allocate(columns * layout.MACROBLOCK_BYTES);
  const top = engine.allocate((columns + 1) * layout.TOP_BYTES);
  const modes = engine.allocate(columns * rows * layout.MACROBLOCK_MODE_BYTES);
  const gathered = engine.allocate(rowBytes * VP8_ROWS);
  const pool = createChunkPool(engine, countChunks(plan), CHUNK_BYTES + SLACK_BYTES);
  const budget = createModeBudget(columns * rows, columns);
  const tokens: Chunk[] = [];
  const output: Chunk[] = [];
  /** Once the probabilities are settled, tokens are coded as they come. */
  let settled = false;
  let row = 0;

  const view = (): DataView => new DataView(engine.memory, state, layout.STATE_BYTES);
  const read = (offset: number): number => view().getInt32(offset, true);
  const write = (offset: number, value: number): void => view().setInt32(offset, value, true);
  const filterLevel = setUp();

  /** Returns the filter's level, which only decoders use: it goes with the quantiser's AC step. */
  function setUp(): number {
    write(layout.WIDTH, width);
    write(layout.CHANNELS, channels);
    write(layout.COLUMNS, columns);
    write(layout.CANDIDATES, plan.candidates);
    write(layout.SOURCE, source);
    write(layout.TOP, top);
    write(layout.MODES_AT, modes);
    fillTables(view());
    exports.vp8Prepare(state);
    const [luma, lumaDc, chroma] = [TUNING.luma, TUNING.lumaDc, TUNING.chroma].map(
      ([dc, ac]) => dc | (ac << 8),
    ) as [number, number, number];
    const { lambda } = TUNING;
    const step = exports.vp8SetQuantiser(
      ...([state, quantiser, CHROMA_DC_DELTA, lambda, luma, lumaDc, chroma] as const),
    );
    exports.vp8Adapt(state);
    return plan.filterLevel ?? Math.min(63, step >> 2);
  }

  const withRoom = (chunks: Chunk[]): Chunk | null => pool.withRoom(chunks, CHUNK_BYTES);

  /** Codes all tokens that wait. */
  const codeTokens = (): boolean =>
    pool.recode(tokens, output, CHUNK_BYTES, (start, end, target) => {
      const limit = target.start + CHUNK_BYTES;
      target.end = exports.vp8CodeTokens(state, start, end, target.end, limit);
      return read(layout.TOKENS_AT);
    });

  function settle(): boolean {
    if (!settled) {
      settled = true;
      exports.vp8Settle(state);
      exports.vp8StartCoder(state);
    }
    return codeTokens();
  }

  function roomForTokens(): Chunk | null {
    const last = tokens.at(-1);
    if (last && last.end < last.start + CHUNK_BYTES) return last;
    // The output needs two at a time: one to fill, and the header's.
    if (pool.available <= 2 && !settle()) return null;
    return withRoom(tokens);
  }

  return {
    mcuSide: VP8_ROWS,
    rowBytes,
    /** Room for a row of macroblocks, where rows are gathered that do not come as one. */
    gathered,
    /** Address of what the row above left, the samples that decoders will have among it. */
    top,

    /**
     * Encodes a row of macroblocks whose `pixelRows` packed rows are at `pixels`. False: the picture
     * takes more than the plan's `dataBytes`.
     */
    encode(pixels: number, pixelRows: number): boolean {
      const { weight, allowed } = budget.next(read(layout.MODE_BITS));
      write(layout.MODE_WEIGHT, weight);
      write(layout.BLOCK_MODES, allowed ? 1 : 0);
      exports.vp8Convert(state, pixels, pixelRows);
      for (let x = 0; x < columns;) {
        const chunk = roomForTokens();
        if (!chunk) return false;
        x = exports.vp8EncodeRow(state, row, x, chunk.end, chunk.start + CHUNK_BYTES);
        chunk.end = read(layout.TOKENS_AT);
      }
      exports.vp8Adapt(state);
      row++;
      return true;
    },

    /**
     * What gives the frame's parts in order, in the engine's memory; null where it takes more than
     * planned, or its modes do not fit the format.
     */
    finish(): (() => Uint8Array[]) | null {
      const last = settle() ? withRoom(output) : null;
      const header = pool.take();
      if (!last || !header) return null;
      last.end = exports.vp8FinishCoder(state, last.end);
      exports.vp8StartCoder(state);
      const coded = (columns * rows - read(layout.SKIPPED)) / (columns * rows);
      const skipProbability = Math.max(1, Math.min(255, Math.round(256 * coded)));
      const frame = { quantiser, chromaDcDelta: CHROMA_DC_DELTA, filterLevel, skipProbability };
      const start = codeHeader(exports, state, frame, header.start);
      const limit = header.start + CHUNK_BYTES;
      write(layout.MODES_AT, modes);
      const end = exports.vp8CodeModes(state, rows, skipProbability, start, limit);
      header.end = exports.vp8FinishCoder(state, end);
      const headerBytes = header.end - header.start;
      if (headerBytes > MAX_HEADER_BYTES) return null;
      return () => [
        writeFrameTag(width, height, headerBytes),
        ...[header, ...output].map(({ start: from, end: to }) => engine.view(from, to - from)),
      ];
    },
  };
}

export type Vp8Encoder = ReturnType<typeof startVp8Encoder>;
