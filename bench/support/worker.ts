/**
 * The Worker that benchmarks run in: the pipeline and its peers inside workerd, over inputs that
 * are uploaded once. Times are taken in here (local clocks advance during CPU work), so HTTP is
 * not in them. Never deployed.
 */
import { createInflate } from "node:zlib";
import { IMAGES_CODECS } from "../../src/lanes/images.ts";
import { MAX_PIXELS } from "../../src/limits.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import { deliver } from "../../src/pipeline/deliver.ts";
import { MemoryGate } from "../../src/pipeline/memory.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import { readPngData, runJsquash } from "./jsquash.ts";

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

const RUNNERS: Record<string, (run: Run) => Promise<{ timing: Timing; file: Uint8Array[] }>> = {
  async pixmill({ input, options }) {
    const start = performance.now();
    const context = { codecs: IMAGES_CODECS, gate, maxPixels: MAX_PIXELS };
    let file: Uint8Array[] = [];
    const source = fromBytes(load(input));
    const { effort } = await deliver(
      source,
      OUTPUT_OPTIONS.parse(options),
      context,
      async (chunks) => {
        file = [];
        for await (const chunk of chunks) file.push(chunk);
        return { sizeBytes: size(file) };
      },
    );
    return { timing: { ms: performance.now() - start, bytes: size(file), ...effort }, file };
  },

  async jsquash({ input, options }) {
    const start = performance.now();
    const file = [await runJsquash(load(input), options)];
    return { timing: { ms: performance.now() - start, bytes: size(file) }, file };
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
    const { timing, file } = await runner((await request.json()) as Run);
    if (!url.searchParams.has("file")) return Response.json(timing);
    return new Response(new Blob(file as Uint8Array<ArrayBuffer>[]));
  },
} satisfies ExportedHandler;

function load(name: string): Uint8Array {
  const bytes = inputs.get(name);
  if (!bytes) throw new Error(`no input ${name}`);
  return bytes;
}

function size(file: Uint8Array[]): number {
  return file.reduce((sum, chunk) => sum + chunk.length, 0);
}
