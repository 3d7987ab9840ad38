/**
 * The kernel of the smallest JPEG files from outside. Rows of MCUs are quantised as they come and
 * kept as tokens, which take about a fifth of what coefficients would; scans of any kind are then
 * counted and coded from those.
 */
import { align, ENGINE_BASE_BYTES, PAGE_BYTES, type Engine } from "./engine.ts";
import * as base from "./assembly/jpeg-layout.ts";
import * as layout from "./assembly/jpeg-smallest-layout.ts";
import {
  prepareState,
  SAMPLINGS,
  writeCodes,
  ZIGZAG,
  type HuffmanTable,
  type HuffmanTables,
  type JpegKernelPlan,
} from "./jpeg-encoder.ts";
import {
  createTokenStore,
  DC_BYTES,
  listParts,
  rowTokenBytes,
  tokenStoreBytes,
  type Place,
  type Row,
  type TokenStorePlan,
} from "./jpeg-token-store.ts";

const OUTPUT_BYTES = 128 * 1024;
const NO_LIMIT = 0x7fff_ffff;

/** A progressive scan of one component: DC if `last` is 0, a refinement if `high` is not 0. */
export interface Scan {
  component: number;
  /** Spectral selection. */
  first: number;
  last: number;
  /** Lowest bit that earlier scans had, 0 for none, and that this one has. */
  high: number;
  low: number;
}

/** How often each symbol occurs, and bits besides symbols and their values. */
export interface ScanCount {
  histogram: Uint32Array;
  corrections: number;
}

export type SmallestKernelPlan = JpegKernelPlan & TokenStorePlan;

/** Everything that the kernel allocates. */
export function smallestKernelBytes(plan: TokenStorePlan): number {
  const { channels, mcuSide } = SAMPLINGS[plan.sampling];
  const buffers = [
    layout.SMALLEST_STATE_BYTES,
    plan.width * channels * mcuSide,
    OUTPUT_BYTES + base.MCU_CODED_BYTES,
    rowTokenBytes(listParts(plan.width, plan.sampling)),
    tokenStoreBytes(plan),
  ];
  return ENGINE_BASE_BYTES + PAGE_BYTES + buffers.reduce((sum, bytes) => sum + align(bytes), 0);
}

/** Allocates the kernel's memory in `engine` and sets it up. */
export function startSmallestKernel(engine: Engine, plan: SmallestKernelPlan) {
  const { exports } = engine;
  const { channels, mcuSide } = SAMPLINGS[plan.sampling];
  const rowBytes = plan.width * channels;
  const mcus = Math.ceil(plan.width / mcuSide);
  const parts = listParts(plan.width, plan.sampling);
  const state = engine.allocate(layout.SMALLEST_STATE_BYTES);
  const gathered = engine.allocate(rowBytes * mcuSide);
  const output = engine.allocate(OUTPUT_BYTES + base.MCU_CODED_BYTES);
  /** The last row quantised is made here. */
  const scratch = parts.map((part) =>
    part ? engine.allocate(part.blocks * layout.BLOCK_TOKEN_BYTES) : 0,
  );
  const store = createTokenStore(engine, plan);
  let rows: Row[] = [];
  let made: Row = [];

  prepareState(engine, state, plan);
  const view = () => new DataView(engine.memory);
  const get = (offset: number): number => view().getInt32(state + offset, true);
  const set = (offset: number, value: number): void => view().setInt32(state + offset, value, true);
  set(layout.BLOCKS_WIDE, Math.ceil(plan.width / 8));
  plan.quantisation.forEach((divisors, kind) => {
    const weights = new Float32Array(engine.memory, state + layout.WEIGHTS + kind * 256, 64);
    ZIGZAG.forEach((index, k) => {
      weights[k] = 1 / (8 * (divisors[index] ?? 1));
    });
  });

  function begin(counting: boolean): void {
    set(layout.COUNTING, counting ? 1 : 0);
    set(layout.OUT, output);
    set(layout.EOB_RUN, 0);
    set(layout.CORRECTION_COUNT, 0);
    set(layout.CORRECTIONS_COUNTED, 0);
    set(base.BIT_COUNT, 0);
    for (let component = 0; component < 3; component++) set(base.PREVIOUS_DC + 4 * component, 0);
    if (counting) engine.view(state + base.HISTOGRAMS, 4 * base.TABLE_BYTES).fill(0);
  }

  const histogram = (table: number): Uint32Array =>
    new Uint32Array(engine.memory, state + base.HISTOGRAMS + table * base.TABLE_BYTES, 256).slice();

  function setTables(tables: HuffmanTables): void {
    tables.forEach((table, index) => {
      const at = state + base.CODES + index * base.TABLE_BYTES;
      writeCodes(new Uint32Array(engine.memory, at, 256), table);
    });
  }

  /** Goes on with a scan in one part of a row until `limit`; returns where it stopped. */
  function scanPart(scan: Scan, { tokens, end }: Place, at: number, limit: number): number {
    if (scan.last === 0) return exports.jpegScanDc(state, at, tokens, limit);
    const run = scan.high === 0 ? exports.jpegScanFirst : exports.jpegScanRefine;
    return run(state, at, end, limit, scan.first, scan.last, scan.low);
  }

  function takeOutput(): Uint8Array {
    const bytes = engine.view(output, get(layout.OUT) - output).slice();
    set(layout.OUT, output);
    return bytes;
  }

  function finish(): Uint8Array {
    set(layout.OUT, exports.jpegFinish(state, get(layout.OUT)));
    return takeOutput();
  }

  /** Positions the kernel's parts for reading a row sequentially. */
  function enter(row: Row): void {
    row.forEach((place, part) => {
      set(layout.PARTS + part * layout.PART_BYTES, place?.start ?? 0);
      set(layout.PARTS + part * layout.PART_BYTES + 4, place?.tokens ?? 0);
    });
    set(layout.LUMA_ROWS, row[1] ? 2 : 1);
  }

  const limit = output + OUTPUT_BYTES;

  return {
    mcuSide,
    rowBytes,
    /** Room for one row of MCUs, where rows are gathered that do not come as one. */
    gathered,

    /** How often each AC symbol was chosen so far, of luma (0) or chroma (1). */
    chosen: (kind: number): Uint32Array =>
      new Uint32Array(engine.memory, state + layout.CHOSEN + kind * base.TABLE_BYTES, 256),

    /** What quantisation takes for the bits of each AC symbol with its value. */
    setRates(kind: number, rates: Float32Array): void {
      const at = state + layout.RATES + kind * base.TABLE_BYTES;
      new Float32Array(engine.memory, at, 256).set(rates);
    },

    /** Quantises the row of MCUs whose `count` packed rows are at `pixels`. */
    quantise(pixels: number, count: number): void {
      const inPicture = parts.map((part, i) => (i === 1 && count <= 8 ? null : part));
      const places = inPicture.map((part, i) => {
        const first = scratch[i] ?? 0;
        return part && { ...part, start: first, tokens: first + part.blocks * DC_BYTES };
      });
      enter(places.map((place) => place && { ...place, end: 0 }));
      exports.jpegQuantiseRow(state, pixels, count);
      made = places.map(
        (place, i) => place && { ...place, end: get(layout.PARTS + i * layout.PART_BYTES + 4) },
      );
    },

    /** Keeps the row quantised last; without room for it returns false. */
    keep(): boolean {
      const kept = store.keep(made);
      if (!kept) return false;
      rows.push(kept);
      return true;
    },

    /** Counts a scan's symbols in every `step`th row kept. */
    count(scan: Scan, step = 1): ScanCount {
      begin(true);
      for (let i = 0; i < rows.length; i += step) {
        for (const place of rows[i] ?? []) {
          if (place?.component === scan.component) {
            scanPart(scan, place, scan.last === 0 ? place.start : place.tokens, NO_LIMIT);
          }
        }
      }
      exports.jpegEndBand(state);
      return { histogram: histogram(0), corrections: get(layout.CORRECTIONS_COUNTED) };
    },

    /** Codes a scan of all rows kept, in pieces of the output buffer's size. */
    *code(scan: Scan, table: HuffmanTable): Generator<Uint8Array> {
      begin(false);
      setTables([table]);
      for (const row of rows) {
        for (const place of row) {
          if (place?.component !== scan.component) continue;
          const end = scan.last === 0 ? place.tokens : place.end;
          let at = scan.last === 0 ? place.start : place.tokens;
          while (at < end) {
            at = scanPart(scan, place, at, limit);
            if (get(layout.OUT) >= limit) yield takeOutput();
          }
        }
      }
      exports.jpegEndBand(state);
      yield finish();
    },

    /** Counts the symbols of one sequential scan, by table. */
    countSequential(): Uint32Array[] {
      begin(true);
      for (const row of rows) {
        enter(row);
        exports.jpegSequentialRow(state, 0, mcus, NO_LIMIT);
      }
      return [0, 1, 2, 3].map(histogram);
    },

    startSequential(tables: HuffmanTables): void {
      begin(false);
      setTables(tables);
    },

    /** Codes the rows kept, and forgets them. */
    *codeKept(): Generator<Uint8Array> {
      for (const row of rows) yield* codeSequential(row);
      rows = [];
    },

    /** Codes the row quantised last, which was not kept. */
    codeMade: (): Generator<Uint8Array> => codeSequential(made),

    finish,
  };

  function* codeSequential(row: Row): Generator<Uint8Array> {
    enter(row);
    let mcu = 0;
    while (mcu < mcus) {
      mcu = exports.jpegSequentialRow(state, mcu, mcus, limit);
      if (get(layout.OUT) >= limit) yield takeOutput();
    }
  }
}

export type SmallestKernel = ReturnType<typeof startSmallestKernel>;
