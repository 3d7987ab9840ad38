/**
 * The Worker that benchmarks run in: the pipeline and its peers inside workerd, over inputs that
 * are uploaded once. Times are taken in here (local clocks advance during CPU work), so HTTP is
 * not in them. Never deployed.
 */
import { createInflate } from "node:zlib";
import { encoderOf, openerOf, type EncodeOptions } from "../../src/codecs/codec.ts";
import { toAppError } from "../../src/errors.ts";
import { sniffFormat } from "../../src/find-format.ts";
import type { WritableFormat } from "../../src/formats.ts";
import { ENGINE_BASE_BYTES, PAGE_BYTES } from "../../src/kernels/engine.ts";
import { resample, resampleBytes, type Resampling } from "../../src/kernels/resampler.ts";
import { ALL_CODECS, openContext } from "../../test/support/codecs.ts";
import { MAX_PIXELS } from "../../src/limits.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import { deliver } from "../../src/pipeline/deliver.ts";
import { MemoryGate, type Workspace } from "../../src/pipeline/memory.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import type { Rect } from "../../src/pipeline/geometry.ts";
import { addEfforts, NO_EFFORT, type Write } from "../../src/pipeline/write.ts";
import type { PictureInfo } from "../../src/pipeline/picture.ts";
import { inWorkspace } from "../../test/support/in-workspace.ts";
import { toPicture } from "../../test/support/raw-picture.ts";
import {
  decodeJsquash,
  encodeJsquash,
  readPngData,
  resampleJsquash,
  runJsquash,
} from "./jsquash.ts";

const inputs = new Map<string, Uint8Array>();
const gate = new MemoryGate();

interface Timing {
  ms: number;
  bytes: number;
  usedBytes?: number;
  encodes?: number;
  plannedBytes?: number;
}

interface Run {
  input: string;
  options: Record<string, unknown>;
}

interface Result {
  timing: Timing;
  file: Uint8Array[];
}

const RUNNERS: Record<string, (run: Run) => Promise<Result>> = {
  async pixmill({ input, options }) {
    const start = performance.now();
    const context = { codecs: ALL_CODECS, gate, maxPixels: MAX_PIXELS };
    let file: Uint8Array[] = [];
    const source = fromBytes(load(input));
    const write: Write = async (chunks) => {
      file = [];
      for await (const chunk of chunks) file.push(chunk);
      return { sizeBytes: size(file) };
    };
    let effort = NO_EFFORT;
    for await (const made of deliver(source, OUTPUT_OPTIONS.parse(options), context, write)) {
      effort = addEfforts(effort, made.effort);
    }
    return { timing: { ms: performance.now() - start, bytes: size(file), ...effort }, file };
  },

  jsquash: ({ input, options }) => runPeer(() => runJsquash(load(input), options)),
  "jsquash-decode": ({ input }) => runPeer(() => decodeJsquash(load(input))),
  "jsquash-encode": ({ input, options }) => runPeer(() => encodeJsquash(load(input), options)),
  "jsquash-resample": ({ input, options }) => runPeer(() => resampleJsquash(load(input), options)),

  /** A file, or a region of it, to pixels, which are looked at by nobody. */
  async decode({ input, options }) {
    const start = performance.now();
    const bytes = load(input);
    const format = sniffFormat(bytes);
    if (!format) throw new Error(`${input} is of no known format`);
    const source = await openerOf(ALL_CODECS, format)(fromBytes(bytes), openContext(gate));
    const plan = { scale: 1, region: (options["region"] ?? null) as Rect | null };
    return await measure(start, source.memory(plan), async (workspace) => {
      const picture = await source.picture(plan, workspace);
      let pixelBytes = 0;
      for await (const { data } of picture.strips) pixelBytes += data.length;
      return { bytes: pixelBytes, file: [] };
    });
  },

  /** Packed pixels, described by `picture`, to a file. */
  async encode({ input, options }) {
    const start = performance.now();
    const { format, picture, ...given } = options as {
      format: WritableFormat;
      picture: PictureInfo;
    };
    const encodeOptions: EncodeOptions = {
      ...{ quality: 80, lossless: false, effort: "default", colors: null, iconSizes: null },
      ...{ chromaSubsampling: "auto", compression: "deflate", restartRows: 0, dither: 0.5 },
      ...given,
      metadata: { icc: null, exif: null, xmp: null },
    };
    const encoder = encoderOf(ALL_CODECS, format);
    return await measure(start, encoder.memory(picture, encodeOptions), async (workspace) => {
      const file: Uint8Array[] = [];
      const pixels = toPicture(load(input), picture);
      for await (const chunk of encoder.encode(pixels, encodeOptions, workspace)) file.push(chunk);
      return { bytes: size(file), file };
    });
  },

  /** Packed pixels to packed pixels. */
  async resample({ input, options }) {
    const start = performance.now();
    const resampling = options as unknown as Resampling;
    const planned = ENGINE_BASE_BYTES + PAGE_BYTES + resampleBytes(resampling);
    return await measure(start, planned, async (workspace) => {
      const picture = { ...resampling.input, channels: resampling.channels, icc: null };
      const { strips } = toPicture(load(input), picture);
      let pixelBytes = 0;
      for await (const { data } of resample(strips, resampling, workspace)) {
        pixelBytes += data.length;
      }
      return { bytes: pixelBytes, file: [] };
    });
  },

  /** Inflating a PNG's image data and nothing else: what no PNG decoder can go below here. */
  async inflate({ input }) {
    const data = readPngData(load(input));
    const start = performance.now();
    let bytes = 0;
    const inflate = createInflate({ chunkSize: 256 * 1024 });
    inflate.end(data);
    for await (const chunk of inflate) bytes += (chunk as Uint8Array).length;
    return { timing: { ms: performance.now() - start, bytes }, file: [] };
  },
};

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const name = url.pathname.slice(1);
    if (request.method === "PUT") {
      inputs.set(name, new Uint8Array(await request.arrayBuffer()));
      return new Response(null, { status: 204 });
    }
    const runner = RUNNERS[name];
    if (!runner) return new Response("no such runner", { status: 404 });
    try {
      const { timing, file } = await runner((await request.json()) as Run);
      if (!url.searchParams.has("file")) return Response.json(timing);
      return new Response(new Blob(file as Uint8Array<ArrayBuffer>[]));
    } catch (thrown) {
      const { code, message } = toAppError(thrown);
      return Response.json({ code, message: `${message}: ${String(thrown)}` }, { status: 500 });
    }
  },
} satisfies ExportedHandler;

/** What `work` takes in a workspace of `plannedBytes`, counted from `start`. */
async function measure(
  start: number,
  plannedBytes: number,
  work: (workspace: Workspace) => Promise<{ bytes: number; file: Uint8Array[] }>,
): Promise<Result> {
  let usedBytes = 0;
  const { bytes, file } = await inWorkspace(gate, plannedBytes, async (workspace) => {
    const result = await work(workspace);
    usedBytes = workspace.peakBytes;
    return result;
  });
  return { timing: { ms: performance.now() - start, bytes, usedBytes, plannedBytes }, file };
}

async function runPeer(work: () => Promise<Uint8Array | Uint8ClampedArray>): Promise<Result> {
  const start = performance.now();
  const made = await work();
  const file = [new Uint8Array(made.buffer, made.byteOffset, made.byteLength)];
  return { timing: { ms: performance.now() - start, bytes: size(file) }, file };
}

function load(name: string): Uint8Array {
  const bytes = inputs.get(name);
  if (!bytes) throw new Error(`no input ${name}`);
  return bytes;
}

function size(file: Uint8Array[]): number {
  return file.reduce((sum, chunk) => sum + chunk.length, 0);
}
