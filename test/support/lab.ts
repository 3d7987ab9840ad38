/**
 * A Worker for tests and benchmarks: opens the codecs and the pipeline to HTTP, so that they run
 * in the real runtime while the test, in Node, judges the result with an independent decoder.
 * Never deployed.
 */
import {
  encoderOf,
  openerOf,
  type EncodeOptions,
  type Encoder,
  type LaneCodecs,
  type OpenContext,
} from "../../src/codecs/codec.ts";
import { concat } from "../../src/codecs/concat.ts";
import { openPngByPasses } from "../../src/codecs/png/source.ts";
import {
  createZlibWriter,
  ZLIB_WRITER_BYTES,
  ZLIB_WRITER_ENGINE_BYTES,
  type Deflation,
} from "../../src/codecs/png/zlib-writer.ts";
import { encodeLossy, planLossy } from "../../src/codecs/webp/lossy-encoder.ts";
import { AppError, toAppError } from "../../src/errors.ts";
import { CMYK_BYTES, startCmykToSrgb } from "../../src/colour/cmyk.ts";
import { createCmykGrid } from "../../src/colour/cmyk-grid.ts";
import { openRgbToSrgb, rgbToSrgbBytes } from "../../src/colour/rgb.ts";
import { createLightTables } from "../../src/colour/light.ts";
import { sniffFormat } from "../../src/find-format.ts";
import { SNIFF_BYTES } from "../../src/magic.ts";
import type { WritableFormat } from "../../src/formats.ts";
import { ALL_CODECS, openContext } from "./codecs.ts";
import { READ_AHEAD_BYTES } from "../../src/kernels/deflater.ts";
import { align, ENGINE, ENGINE_BASE_BYTES, PAGE_BYTES } from "../../src/kernels/engine.ts";
import { TOP_BYTES } from "../../src/kernels/assembly/vp8-encode-layout.ts";
import { startVp8Encoder, vp8EncoderBytes, type Vp8Plan } from "../../src/kernels/vp8-encoder.ts";
import { resample, resampleBytes, type Resampling } from "../../src/kernels/resampler.ts";
import { deliver } from "../../src/pipeline/deliver.ts";
import { merge } from "../../src/pipeline/merge.ts";
import { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import { fromBytes } from "../../src/pipeline/bytes.ts";
import type { Write } from "../../src/pipeline/write.ts";
import type { Size } from "../../src/pipeline/geometry.ts";
import { MemoryGate } from "../../src/pipeline/memory.ts";
import type { Channels, DecodePlan, Metadata, Picture } from "../../src/pipeline/picture.ts";
import { interpolateInks } from "./interpolate-inks.ts";
import { inWorkspace } from "./in-workspace.ts";
import { PLANS } from "../../src/plans.ts";
import { toPicture } from "./raw-picture.ts";

const gate = new MemoryGate();

type Route = (body: Uint8Array, query: URLSearchParams) => Promise<Response>;

const ENCODE_DEFAULTS: EncodeOptions = {
  quality: 80,
  lossless: false,
  effort: "default",
  colors: null,
  chromaSubsampling: "auto",
  compression: "deflate",
  restartRows: 0,
  dither: 0.5,
  iconSizes: null,
  metadata: { icc: null, exif: null, xmp: null },
};

const WHOLE = { scale: 1, region: null };

const ROUTES: Record<string, Route> = {
  /** ?context={dpi,...}&page=0: the header, Source without its functions; byte arrays as base64. */
  "/open": async (body, query) => {
    const source = await open(body, query);
    return new Response(JSON.stringify(source, base64Bytes));
  },

  /**
   * ?scale=1&region={...}&drawn={...}&page=0&context={dpi,...}&passes= → packed pixels,
   * described in x-lab.
   */
  "/decode": async (body, query) => {
    const passes = query.get("passes") === "true";
    const source = await (passes ? openPngByPasses(fromBytes(body)) : open(body, query));
    const drawn = query.get("drawn");
    const plan: DecodePlan = {
      scale: Number(query.get("scale") ?? 1),
      region: JSON.parse(query.get("region") ?? "null"),
      ...(drawn !== null && { drawn: JSON.parse(drawn) as Size }),
    };
    const planned = source.memory(plan);
    return await inWorkspace(gate, planned, async (workspace) => {
      const picture = await source.picture(plan, workspace);
      const { width, height, channels } = picture;
      const pixels = new Uint8Array(width * height * channels);
      let rows = 0;
      for await (const strip of picture.strips) {
        pixels.set(strip.data, rows * width * channels);
        rows += strip.rows;
      }
      const info = { width, height, channels, rows, planned, used: workspace.peakBytes };
      return new Response(pixels, { headers: { "x-lab": JSON.stringify(info) } });
    });
  },

  /** All frames of an animation, packed RGBA one behind the other. */
  "/frames": async (body, query) => {
    const { width, height, animation, frames } = await open(body, query);
    if (!animation) throw new AppError("unsupported_feature", "This is no animation.");
    const planned = ENGINE_BASE_BYTES + PAGE_BYTES + animation.memory(WHOLE);
    return await inWorkspace(gate, planned, async (workspace) => {
      const pixels = new Uint8Array(frames * width * height * 4);
      const durations: number[] = [];
      let at = 0;
      for await (const { strips, durationMs } of animation.frames(WHOLE, workspace)) {
        durations.push(durationMs);
        for await (const { data } of strips) {
          pixels.set(data, at);
          at += data.length;
        }
      }
      const { plays } = animation;
      const info = { width, height, plays, durations, planned, used: workspace.peakBytes };
      return new Response(pixels, { headers: { "x-lab": JSON.stringify(info) } });
    });
  },

  /** ?format=jpg&width=&height=&channels=&options={quality,...}: packed pixels → file. */
  "/encode": async (body, query) =>
    await encodeBy(encoderOf(ALL_CODECS, query.get("format") as WritableFormat), body, query),

  /** The same by our own kernels for lossy WebP, whatever the size. */
  "/lossy": async (body, query) =>
    await encodeBy({ memory: planLossy, encode: encodeLossy }, body, query),

  /** ?resampling={...}&linearLight=&width=&height=&channels=: packed pixels → packed pixels. */
  "/resample": async (body, query) => {
    const asked = JSON.parse(query.get("resampling") ?? "{}") as Resampling;
    const linear = query.get("linearLight") === "true";
    const light = linear ? createLightTables({ ...asked.input, ...asked, icc: null }) : null;
    const resampling: Resampling = { ...asked, light };
    const planned = ENGINE_BASE_BYTES + PAGE_BYTES + resampleBytes(resampling);
    return await inWorkspace(gate, planned, async (workspace) => {
      const { window, channels } = resampling;
      const start = performance.now();
      const pixels = new Uint8Array(window.width * window.height * channels);
      let rows = 0;
      const { strips } = rawPicture(body, query);
      for await (const strip of resample(strips, resampling, workspace)) {
        pixels.set(strip.data, rows * window.width * channels);
        rows += strip.rows;
      }
      const ms = performance.now() - start;
      const info = { rows, ms, planned, used: workspace.peakBytes };
      return new Response(pixels, { headers: { "x-lab": JSON.stringify(info) } });
    });
  },

  /** ?plan={...}: packed RGB → a frame of VP8, behind what its last row of macroblocks left. */
  "/vp8": async (body, query) => {
    const plan = JSON.parse(query.get("plan") ?? "{}") as Vp8Plan;
    const planned = vp8EncoderBytes(plan);
    return await inWorkspace(gate, planned, async (workspace) => {
      const engine = await workspace.take(ENGINE, planned);
      const encoder = startVp8Encoder(engine, plan);
      const { rowBytes, gathered } = encoder;
      for (let y = 0; y < plan.height; y += 16) {
        const rows = Math.min(16, plan.height - y);
        const part = body.subarray(y * rowBytes, (y + rows) * rowBytes);
        engine.view(gathered, part.length).set(part);
        if (!encoder.encode(gathered, rows)) throw new AppError("memory_limit", "too large");
      }
      const edge = engine.view(encoder.top, Math.ceil(plan.width / 16) * TOP_BYTES).slice();
      const parts = encoder.finish();
      if (!parts) throw new AppError("memory_limit", "too large");
      const frame = parts().map((part) => part.slice());
      const info = { planned, used: workspace.peakBytes, edgeBytes: edge.length };
      return new Response(new Blob([edge, ...frame]), {
        headers: { "x-lab": JSON.stringify(info) },
      });
    });
  },

  /** ?format=&width=&height=&channels=&options=: what encoding such a picture plans for. */
  "/plan": (body, query) => {
    const encoder = encoderOf(ALL_CODECS, query.get("format") as WritableFormat);
    const options = { ...ENCODE_DEFAULTS, ...JSON.parse(query.get("options") ?? "{}") };
    const planned = encoder.memory(rawPicture(body, query), options);
    return Promise.resolve(
      new Response(null, { headers: { "x-lab": JSON.stringify({ planned }) } }),
    );
  },

  /** ?parts=[[bytes, way], ...]: the body, part by part, as one zlib stream. */
  "/zlib": async (body, query) => {
    const parts = JSON.parse(query.get("parts") ?? "[]") as [number, Deflation][];
    const most = Math.max(0, ...parts.map(([bytes]) => bytes));
    const room = align(most + READ_AHEAD_BYTES) + ZLIB_WRITER_ENGINE_BYTES;
    const planned = ENGINE_BASE_BYTES + PAGE_BYTES + room + ZLIB_WRITER_BYTES;
    return await inWorkspace(gate, planned, async (workspace) => {
      const engine = await workspace.take(ENGINE);
      const data = engine.allocate(most + READ_AHEAD_BYTES);
      const writer = createZlibWriter(engine);
      const output: Uint8Array[] = [];
      let at = 0;
      for (const [bytes, way] of parts) {
        engine.view(data, bytes).set(body.subarray(at, at + bytes));
        at += bytes;
        for await (const chunk of writer.write(data, bytes, way)) output.push(chunk.slice());
      }
      for await (const chunk of writer.end()) output.push(chunk.slice());
      writer.close();
      const info = { planned, used: workspace.peakBytes };
      return new Response(concat(output), { headers: { "x-lab": JSON.stringify(info) } });
    });
  },

  /** ?iccBytes=: a profile and CMYK pixels → sRGB; how far that is from the reference, and what both took. */
  "/inks": async (body, query) => {
    const iccBytes = Number(query.get("iccBytes"));
    const icc = iccBytes > 0 ? body.subarray(0, iccBytes) : null;
    const inks = body.subarray(iccBytes);
    const pixels = inks.length / 4;
    const planned = ENGINE_BASE_BYTES + PAGE_BYTES + CMYK_BYTES;
    return await inWorkspace(gate, planned, async (workspace) => {
      const toSrgb = await startCmykToSrgb(icc, workspace);
      const grid = createCmykGrid(icc);
      const rgb = new Uint8Array(pixels * 3);
      const expected = new Uint8Array(pixels * 3);
      const start = performance.now();
      toSrgb(inks, rgb, pixels);
      const between = performance.now();
      interpolateInks(grid, inks, expected, pixels);
      const end = performance.now();
      const worst = rgb.reduce((m, v, i) => Math.max(m, Math.abs(v - (expected[i] ?? 0))), 0);
      const info = {
        ...{ worst, ms: between - start, referenceMs: end - between },
        ...{ planned, used: workspace.peakBytes },
      };
      return new Response(rgb, { headers: { "x-lab": JSON.stringify(info) } });
    });
  },

  /** ?iccBytes=&channels=: a profile and RGB or RGBA pixels → sRGB; null for no conversion. */
  "/srgb": async (body, query) => {
    const icc = body.subarray(0, Number(query.get("iccBytes")));
    const pixels = body.subarray(icc.length);
    const channels = query.get("channels") === "4" ? 4 : 3;
    const planned = rgbToSrgbBytes(icc);
    return await inWorkspace(gate, planned, async (workspace) => {
      const toSrgb = await openRgbToSrgb(icc, workspace);
      const start = performance.now();
      toSrgb?.(pixels, pixels.length / channels, channels);
      const ms = performance.now() - start;
      const info = { ms, planned, used: workspace.peakBytes, isConverted: toSrgb !== null };
      return new Response(pixels as Uint8Array<ArrayBuffer>, {
        headers: { "x-lab": JSON.stringify(info) },
      });
    });
  },

  /** ?options={...}&budget=: file → the files made of its pages, described in x-lab; in a pool of its own if `budget` is given. */
  "/convert": async (body, query) => {
    const start = performance.now();
    const options = OUTPUT_OPTIONS.parse(JSON.parse(query.get("options") ?? "{}"));
    const budget = Number(query.get("budget") ?? 0);
    const pool = budget > 0 ? new MemoryGate(budget) : gate;
    const { maxPixels, maxTotalPixels } = PLANS.free;
    const context = { codecs: ALL_CODECS, gate: pool, maxPixels, maxTotalPixels };
    let parts: Uint8Array[] = [];
    const write: Write = async (chunks) => {
      parts = [];
      for await (const chunk of chunks) parts.push(chunk.slice());
      return { sizeBytes: parts.reduce((sum, part) => sum + part.length, 0) };
    };
    const files: Uint8Array[] = [];
    const made: object[] = [];
    for await (const { effort, ...output } of deliver(fromBytes(body), options, context, write)) {
      files.push(...parts);
      const { encodes, plannedBytes: planned, usedBytes: used } = effort;
      made.push({ ...output, encodes, planned, used, ms: performance.now() - start });
    }
    return new Response(new Blob(files as Uint8Array<ArrayBuffer>[]), {
      headers: { "x-lab": JSON.stringify(made) },
    });
  },

  /** ?options={...}&sizes=[...]: files one behind the other → the one made of them, described in x-lab. */
  "/merge": async (body, query) => {
    const options = OUTPUT_OPTIONS.parse(JSON.parse(query.get("options") ?? "{}"));
    const { maxPixels, maxTotalPixels } = PLANS.free;
    const context = { codecs: ALL_CODECS, gate, maxPixels, maxTotalPixels };
    let end = 0;
    const opens = (JSON.parse(query.get("sizes") ?? "[]") as number[]).map((size) => {
      const bytes = body.subarray(end, (end += size));
      return () => Promise.resolve(fromBytes(bytes));
    });
    const parts: Uint8Array[] = [];
    const write: Write = async (chunks) => {
      for await (const chunk of chunks) parts.push(chunk.slice());
      return { sizeBytes: parts.reduce((sum, part) => sum + part.length, 0) };
    };
    const { effort, ...made } = await merge(opens, options, context, write);
    const { plannedBytes: planned, usedBytes: used } = effort;
    return new Response(new Blob(parts as Uint8Array<ArrayBuffer>[]), {
      headers: { "x-lab": JSON.stringify({ ...made, planned, used }) },
    });
  },

  /** What the codecs can do, by format. */
  "/codecs": () =>
    Promise.resolve(
      Response.json(
        Object.entries(ALL_CODECS as LaneCodecs).map(([name, codec]) => ({
          name,
          reads: codec?.open !== undefined,
          writes: codec?.encoder !== undefined,
          moves: codec?.encoder?.animation !== undefined,
          merges: codec?.encoder?.pages !== undefined,
        })),
      ),
    ),

  "/memory": () =>
    Promise.resolve(Response.json({ held: gate.heldBytes, reserved: gate.reservedBytes })),
};

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const route = ROUTES[url.pathname];
    if (!route) return new Response("no such route", { status: 404 });
    try {
      return await route(new Uint8Array(await request.arrayBuffer()), url.searchParams);
    } catch (thrown) {
      const error = toAppError(thrown);
      const cause = error.cause instanceof Error ? error.cause.stack : String(error.cause);
      return Response.json(
        { code: error.code, message: error.publicMessage, details: error.details, cause },
        { status: error.traits.status },
      );
    }
  },
} satisfies ExportedHandler;

/** For JSON.stringify. */
function base64Bytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array
    ? btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(""))
    : value;
}

async function encodeBy(encoder: Encoder, body: Uint8Array, query: URLSearchParams) {
  const picture = rawPicture(body, query);
  const options: EncodeOptions = {
    ...ENCODE_DEFAULTS,
    ...JSON.parse(query.get("options") ?? "{}"),
    metadata: parseMetadata(query.get("metadata")),
  };
  const planned = encoder.memory(picture, options);
  return await inWorkspace(gate, planned, async (workspace) => {
    const parts: Uint8Array[] = [];
    for await (const chunk of encoder.encode(picture, options, workspace)) parts.push(chunk);
    const info = { planned, used: workspace.peakBytes };
    return new Response(new Blob(parts as Uint8Array<ArrayBuffer>[]), {
      headers: { "x-lab": JSON.stringify(info) },
    });
  });
}

async function open(body: Uint8Array, query: URLSearchParams) {
  const format = sniffFormat(body.subarray(0, SNIFF_BYTES));
  if (!format) throw new AppError("unsupported_input_format", "unknown magic bytes");
  const asked = JSON.parse(query.get("context") ?? "{}") as Partial<OpenContext>;
  const first = await openerOf(ALL_CODECS, format)(fromBytes(body), openContext(gate, asked));
  const page = Number(query.get("page") ?? 0);
  return page > 0 && first.page ? await first.page(page) : first;
}

function rawPicture(pixels: Uint8Array, query: URLSearchParams): Picture {
  const width = Number(query.get("width"));
  const height = Number(query.get("height"));
  const channels = Number(query.get("channels")) as Channels;
  const stripRows = Number(query.get("stripRows") ?? 16);
  return toPicture(pixels, { width, height, channels, icc: null }, stripRows);
}

/** {icc, exif, xmp} as base64. */
function parseMetadata(text: string | null): Metadata {
  const given = JSON.parse(text ?? "{}") as Partial<Record<keyof Metadata, string>>;
  const bytes = (value?: string) =>
    value ? Uint8Array.from(atob(value), (c) => c.charCodeAt(0)) : null;
  return { icc: bytes(given.icc), exif: bytes(given.exif), xmp: bytes(given.xmp) };
}
