/** Baseline JPEG out of strips, with our own kernel: neither the picture nor the file is ever whole. */
import {
  jpegKernelBytes,
  startJpegKernel,
  type HuffmanTables,
  type JpegKernel,
  type Sampling,
} from "../../kernels/jpeg-encoder.ts";
import { ENGINE } from "../../kernels/engine.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import { keepsChroma, type EncodeOptions } from "../codec.ts";
import { makeHuffmanTable, POSSIBLE_SYMBOLS, STANDARD_TABLES } from "./huffman.ts";
import { makeQuantisation } from "./quantisation.ts";
import { writeHeader } from "./frame.ts";
import { gatherRows, type McuRow } from "../mcu-rows.ts";
import { EOI } from "./segments.ts";

/** A picture of 24 MP that is held to be turned leaves room for this much. */
const MAX_TOKEN_BYTES = 18 * MIB;
const MIN_TOKEN_BYTES = 512 * 1024;

export function chooseSampling(channels: number, options: EncodeOptions): Sampling {
  if (channels === 1) return "gray";
  return keepsChroma(options) ? "4:4:4" : "4:2:0";
}

/**
 * Tokens to buffer before the Huffman tables must be settled. Detailed photos stay below it; what
 * does not (noise, very large pictures) gets tables made from its first part.
 */
function planTokenBytes(
  { width, height }: PictureInfo,
  { quality, effort }: EncodeOptions,
  sampling: Sampling,
): number {
  if (effort === "fast") return 0;
  const bytesPerPixel = sampling === "4:4:4" ? 2 : 0.15 + quality / 160;
  const wanted = width * height * bytesPerPixel + MIN_TOKEN_BYTES;
  return Math.min(MAX_TOKEN_BYTES, wanted);
}

export function planBaseline(picture: PictureInfo, options: EncodeOptions): number {
  const sampling = chooseSampling(picture.channels, options);
  return jpegKernelBytes(picture.width, sampling, planTokenBytes(picture, options, sampling));
}

/** Yields the file in chunks of up to 128 KiB. */
export async function* encodeBaseline(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  const engine = await workspace.take(ENGINE, planBaseline(picture, options));
  const sampling = chooseSampling(picture.channels, options);
  const quantisation = makeQuantisation(options.quality);
  const { restartRows } = options;
  const { width } = picture;
  const kernel = startJpegKernel(engine, { width, sampling, quantisation, restartRows });
  const tokenBytes = planTokenBytes(picture, options, sampling);
  const { metadata } = options;
  const restartInterval = kernel.mcus * restartRows;
  const frame = { ...picture, sampling, quantisation, metadata, restartInterval };
  /** Once the tables are settled, tokens are coded as they come. */
  let settled = false;

  function* settle(tables: HuffmanTables): Generator<Uint8Array> {
    settled = true;
    kernel.setTables(tables);
    yield writeHeader(frame, tables);
  }

  function* encodeRow({ pixels, rows }: McuRow): Generator<Uint8Array> {
    kernel.beginRow();
    let mcu = kernel.tokenise(pixels, rows, 0);
    while (mcu < kernel.mcus) {
      if (!settled && !kernel.extend(tokenBytes)) yield* settle(makeTables(kernel, sampling, true));
      if (settled) yield* kernel.code();
      mcu = kernel.tokenise(pixels, rows, mcu);
    }
    if (settled) yield* kernel.code();
  }

  if (options.effort === "fast") yield* settle(STANDARD_TABLES);
  for await (const strip of picture.strips) {
    for (const row of gatherRows(strip, picture.height, kernel, engine)) yield* encodeRow(row);
  }
  if (!settled) yield* settle(makeTables(kernel, sampling, false));
  yield* kernel.code();
  yield kernel.finish();
  yield Uint8Array.of(0xff, EOI);
}

/** Tables for what was counted; if data is still to come, every symbol gets a code. */
function makeTables(kernel: JpegKernel, sampling: Sampling, incomplete: boolean): HuffmanTables {
  const tables = sampling === "gray" ? [0, 1] : [0, 1, 2, 3];
  return tables.map((index) => {
    const histogram = kernel.histogram(index);
    return makeHuffmanTable(incomplete ? withPossible(histogram, index) : histogram);
  });
}

/** The histogram of table `index`, with every symbol once at least that later data may have. */
export function withPossible(histogram: Uint32Array, index: number): Uint32Array {
  const all = histogram.slice();
  const possible = index % 2 === 0 ? POSSIBLE_SYMBOLS.dc : POSSIBLE_SYMBOLS.ac;
  for (const symbol of possible) all[symbol] = Math.max(1, all[symbol] ?? 0);
  return all;
}
