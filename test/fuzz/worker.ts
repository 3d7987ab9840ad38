/** Decodes damaged files with guarded engines, inside the runtime, and tells how each ended. */
import { openPngByPasses } from "../../src/codecs/png/source.ts";
import { toAppError } from "../../src/errors.ts";
import { sniffFormat } from "../../src/find-format.ts";
import { SNIFF_BYTES } from "../../src/magic.ts";
import { ENGINE, PAGE_BYTES } from "../../src/kernels/engine.ts";
import { ALL_CODECS, openContext } from "../support/codecs.ts";
import { openerOf } from "../../src/codecs/codec.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import { decodeFailure } from "../../src/pipeline/failures.ts";
import { MemoryGate } from "../../src/pipeline/memory.ts";
import type { Picture, Source } from "../../src/pipeline/picture.ts";
import { inWorkspace } from "../support/in-workspace.ts";
import type { Ending } from "./campaign.ts";
import { guardEngines, takeViolations } from "./guarded-engine.ts";

guardEngines();

const gate = new MemoryGate();

/** Larger ones would only be slow. */
const MAX_PIXELS = 1 << 20;

/** Guard zones may take pages that no plan knows of. */
const GUARD_ALLOWANCE_BYTES = 2 * PAGE_BYTES;

export default {
  /** The body is files one behind the other, `?lengths=` says where they part. */
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/overrun") return Response.json(await overrun());
    const lengths = url.searchParams.get("lengths") ?? "";
    const body = new Uint8Array(await request.arrayBuffer());
    const endings: Ending[] = [];
    let at = 0;
    for (const length of lengths.split(",").map(Number)) {
      endings.push(await tell(body.slice(at, at + length)));
      at += length;
    }
    return Response.json(endings);
  },
} satisfies ExportedHandler;

/** Writes one byte too many, as a kernel must not. @returns what is noticed of it */
async function overrun(): Promise<string[]> {
  await inWorkspace(gate, 4 * PAGE_BYTES, async (workspace) => {
    const engine = await workspace.take(ENGINE);
    engine.allocate(100);
    const last = engine.allocate(32);
    engine.view(last + 32, 1)[0] = 1;
  });
  return takeViolations();
}

async function tell(file: Uint8Array): Promise<Ending> {
  const start = performance.now();
  const ending: Ending = { code: "decoded", faults: [], ms: 0 };
  try {
    ending.faults.push(...(await decode(file)));
  } catch (thrown) {
    const error = decodeFailure(thrown);
    ending.code = error.code;
    const { cause } = toAppError(error);
    if (thrown instanceof WebAssembly.RuntimeError || cause instanceof WebAssembly.RuntimeError) {
      ending.trap = String(cause);
    }
    if (error.code === "internal") ending.faults.push(`untyped error: ${String(cause)}`);
  }
  ending.faults.push(...takeViolations());
  ending.ms = performance.now() - start;
  return ending;
}

/** Of every other file a part, where the decoder can deliver that. */
function chooseRegion({ width, height, regions }: Source, scale: number, seed: number) {
  if (!regions || seed % 2 === 0) return null;
  const [x, columns] = chooseSpan(Math.ceil(width / scale), seed >> 1);
  const [y, rows] = chooseSpan(Math.ceil(height / scale), seed >> 3);
  return { x, y, width: columns, height: rows };
}

/** Where a part of a side starts, and its length. */
function chooseSpan(side: number, seed: number): [start: number, length: number] {
  const start = seed % side;
  return [start, 1 + ((seed >> 2) % (side - start))];
}

/** @returns what is wrong with the result */
async function decode(file: Uint8Array): Promise<string[]> {
  const format = sniffFormat(file.subarray(0, SNIFF_BYTES));
  if (!format) return [];
  const bytes = fromBytes(file);
  // Of interlaced PNGs, small as they are here, every other one as large ones are decoded.
  const byPasses = format === "png" && file.length % 2 === 1;
  const source = await (byPasses
    ? openPngByPasses(bytes)
    : openerOf(ALL_CODECS, format)(bytes, openContext(gate)));
  const scale = source.scales[file.length % source.scales.length] ?? 1;
  const plan = { scale, region: chooseRegion(source, scale, file.length) };
  const { animation, frames } = source;
  if (frames * source.width * source.height > MAX_PIXELS) return [];
  const plannedBytes = (animation ?? source).memory(plan);
  return await inWorkspace(gate, plannedBytes + GUARD_ALLOWANCE_BYTES, async (workspace) => {
    const faults: string[] = [];
    if (animation) {
      for await (const frame of animation.frames(plan, workspace)) await check(frame, faults);
    } else {
      await check(await source.picture(plan, workspace), faults);
    }
    const over = workspace.peakBytes - plannedBytes;
    if (over > GUARD_ALLOWANCE_BYTES) faults.push(`${over} bytes more than planned`);
    return faults;
  });
}

async function check({ width, height, channels, strips }: Picture, faults: string[]) {
  let rows = 0;
  for await (const strip of strips) {
    if (strip.y !== rows || strip.data.length !== strip.rows * width * channels) {
      faults.push(`a strip of ${strip.data.length} bytes at row ${strip.y} after ${rows}`);
    }
    rows += strip.rows;
  }
  if (rows !== height) faults.push(`${rows} rows of ${height}`);
}
