/**
 * The smallest JPEG files: quantised for the least bits at a distortion, in progressive scans. What
 * is kept of the picture is its tokens; a picture that has too many of them becomes one sequential
 * scan, quantised in the same way.
 */
import { ENGINE } from "../../kernels/engine.ts";
import type { Sampling } from "../../kernels/jpeg-encoder.ts";
import {
  smallestKernelBytes,
  startSmallestKernel,
  type SmallestKernel,
} from "../../kernels/jpeg-smallest.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { chooseSampling, withPossible } from "./encode.ts";
import { writeFrame, writeHeader, writeScanHeader } from "./frame.ts";
import { makeHuffmanTable, STANDARD_TABLES } from "./huffman.ts";
import { gatherRows } from "../mcu-rows.ts";
import { chooseScans, measure } from "./progression.ts";
import { makeQuantisation } from "./quantisation.ts";
import { estimateRates, expectFrom } from "./rates.ts";
import { EOI } from "./segments.ts";

const MAX_TOKEN_BYTES = 32 * MIB;
const MIN_TOKEN_BYTES = 1 * MIB;
/** Rows of MCUs that scans are tried on. */
const TRIED_ROWS = 48;
const SEQUENTIAL_HEADER_BYTES = 14 + 4 * 17;

function planKernel({ width, height, channels }: PictureInfo, options: EncodeOptions) {
  const { quality } = options;
  const sampling = chooseSampling(channels, options);
  const bytesPerPixel = sampling === "4:4:4" ? 2.5 : 0.25 + quality / 120;
  const wanted = width * height * bytesPerPixel + MIN_TOKEN_BYTES;
  return { width, height, sampling, tokenBytes: Math.min(MAX_TOKEN_BYTES, wanted) };
}

export function planSmallest(picture: PictureInfo, options: EncodeOptions): number {
  return smallestKernelBytes(planKernel(picture, options));
}

/** Yields the file in chunks of up to 128 KiB. */
export async function* encodeSmallest(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  const plan = planKernel(picture, options);
  const engine = await workspace.take(ENGINE, planSmallest(picture, options));
  const quantisation = makeQuantisation(options.quality, "robidoux");
  const kernel = startSmallestKernel(engine, { ...plan, quantisation });
  const { sampling } = plan;
  const frame = {
    ...picture,
    sampling,
    quantisation,
    metadata: options.metadata,
    restartInterval: 0,
  };
  /** Once one sequential scan is settled, rows are coded as they come. */
  let settled = false;

  function* settle(incomplete: boolean): Generator<Uint8Array> {
    settled = true;
    const counts = kernel.countSequential().slice(0, sampling === "gray" ? 2 : 4);
    const tables = counts.map((histogram, index) =>
      makeHuffmanTable(incomplete ? withPossible(histogram, index) : histogram),
    );
    kernel.startSequential(tables);
    yield writeHeader(frame, tables);
    yield* kernel.codeKept();
  }

  updateRates(kernel);
  for await (const strip of picture.strips) {
    for (const { pixels, rows } of gatherRows(strip, picture.height, kernel, engine)) {
      kernel.quantise(pixels, rows);
      updateRates(kernel);
      if (!settled && !kernel.keep()) yield* settle(true);
      if (settled) yield* kernel.codeMade();
    }
  }
  if (!settled) {
    const { scans, bytes } = chooseProgression(kernel, picture.height, sampling);
    if (bytes < measureSequential(kernel)) {
      yield writeFrame(frame, true);
      for (const scan of scans) {
        const table = makeHuffmanTable(kernel.count(scan).histogram);
        yield writeScanHeader(scan, table);
        yield* kernel.code(scan, table);
      }
    } else {
      yield* settle(false);
    }
  }
  if (settled) yield kernel.finish();
  yield Uint8Array.of(0xff, EOI);
}

const EXPECTED = [STANDARD_TABLES[1], STANDARD_TABLES[3]].map(
  (table) => table && expectFrom(table),
);

function updateRates(kernel: SmallestKernel): void {
  EXPECTED.forEach((expected, kind) => {
    if (expected) kernel.setRates(kind, estimateRates(kernel.chosen(kind), expected));
  });
}

/** The best scans by what part of the rows says. */
function chooseProgression(kernel: SmallestKernel, height: number, sampling: Sampling) {
  const rows = Math.ceil(height / kernel.mcuSide);
  const step = Math.max(1, Math.floor(rows / TRIED_ROWS));
  const share = Math.ceil(rows / step) / rows;
  const components = sampling === "gray" ? 1 : 3;
  return chooseScans(components, (scan) => kernel.count(scan, step), share);
}

/** About what one sequential scan would take. */
function measureSequential(kernel: SmallestKernel): number {
  return kernel
    .countSequential()
    .reduce(
      (sum, histogram) => sum + measure(histogram, (symbol) => symbol & 15),
      SEQUENTIAL_HEADER_BYTES,
    );
}
