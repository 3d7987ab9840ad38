/** Talks to the lab Worker from Node. */
import { inject } from "vitest";
import type { z } from "zod";
import type { EncodeOptions, OpenContext } from "../../src/codecs/codec.ts";
import type { Deflation } from "../../src/codecs/png/zlib-writer.ts";
import type { FormatName } from "../../src/formats.ts";
import type { Resampling } from "../../src/kernels/resampler.ts";
import type { Rect, Size } from "../../src/pipeline/geometry.ts";
import type { OUTPUT_OPTIONS } from "../../src/pipeline/options.ts";
import type { SourceInfo } from "../../src/pipeline/picture.ts";

export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  data: Uint8Array;
}

/** An animation's frames, each whole. */
export interface Moving {
  width: number;
  height: number;
  /** How often it is played; 0 is for ever. */
  plays: number;
  /** Of each frame, in milliseconds. */
  durations: number[];
  /** RGBA, one frame behind the other. */
  data: Uint8Array;
}

/** What was planned and what was used, in bytes. */
export interface Usage {
  planned: number;
  used: number;
}

type Options = z.input<typeof OUTPUT_OPTIONS>;

export interface Converted extends Usage {
  file: Uint8Array;
  format: FormatName;
  width: number;
  height: number;
  source: SourceInfo;
  page: number | null;
  warnings: { code: string; message: string }[];
  encodes: number;
  ms: number;
}

export class LabError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

/** What the lab refused the work for. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: unknown) => (error instanceof LabError ? error.code : String(error)),
  );
}

/** How a file is opened. */
type Opening = {
  context?: Partial<Omit<OpenContext, "gate">>;
  page?: number;
};

export interface Header {
  format: FormatName;
  width: number;
  height: number;
  channels: number;
  depth: number;
  orientation: number;
  frames: number;
  pages: number;
  warnings: { code: string; message: string }[];
  scales: number[];
  icc: string | null;
  /** Base64. */
  metadata: { icc: string | null; exif: string | null; xmp: string | null };
}

interface DecodeQuery extends Opening {
  scale?: number;
  region?: Rect;
  drawn?: Size;
  /** An interlaced PNG by passes, where it is so small that it would be decoded as a whole, too. */
  passes?: boolean;
}

export type Lab = ReturnType<typeof connect>;

/** The lab that the project has started for this worker of the runner; without one, its own. */
export async function startLab(): Promise<Lab> {
  const shared = inject("labUrls")?.[Number(process.env["VITEST_POOL_ID"]) - 1];
  return shared === undefined ? await startOwnLab() : connect(shared, () => Promise.resolve());
}

/** A lab in a runtime of its own, whose memory can be read. */
export async function startOwnLab(): Promise<Lab> {
  // Only here: it takes a second to load.
  const { LAB_WORKER, startHarness } = await import("./harness.ts");
  const { harness, url } = await startHarness([LAB_WORKER]);
  return connect(url.href, () => harness.close());
}

function connect(url: string, close: () => Promise<void>) {
  async function post(path: string, query: Record<string, unknown>, body: Uint8Array) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      search.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
    }
    const response = await fetch(new URL(`${path}?${search}`, url), {
      method: "POST",
      // While a test computes, the lab closes a connection that is kept, unnoticed.
      headers: { Connection: "close" },
      body: body as Uint8Array<ArrayBuffer>,
    });
    if (!response.ok) {
      const error = (await response.json()) as { code: string; message: string; cause: string };
      throw new LabError(response.status, error.code, `${error.message} (${error.cause})`);
    }
    const info = JSON.parse(response.headers.get("x-lab") ?? "{}");
    return { info, bytes: new Uint8Array(await response.arrayBuffer()) };
  }

  async function convertPages(
    file: Uint8Array,
    options: Options,
    budget = 0,
  ): Promise<Converted[]> {
    const { info, bytes } = await post("/convert", { options, budget }, file);
    let end = 0;
    return (info as (Converted & { sizeBytes: number })[]).map((made) => {
      const start = end;
      end += made.sizeBytes;
      return { ...made, file: bytes.subarray(start, end) };
    });
  }

  return {
    post,
    async open(file: Uint8Array, query: Opening = {}): Promise<Header> {
      return JSON.parse(new TextDecoder().decode((await post("/open", query, file)).bytes));
    },
    async decode(file: Uint8Array, query: DecodeQuery = {}) {
      const { info, bytes } = await post("/decode", { ...query }, file);
      return { ...info, data: bytes } as Pixels & Usage & { rows: number };
    },
    /** All frames, RGBA one behind the other. */
    async frames(file: Uint8Array): Promise<Moving & Usage> {
      const { info, bytes } = await post("/frames", {}, file);
      return { ...info, data: bytes };
    },
    async encode(
      format: FormatName,
      pixels: Pixels,
      options: Partial<Omit<EncodeOptions, "metadata">> = {},
      metadata: { icc?: string; exif?: string; xmp?: string } = {},
    ): Promise<{ file: Uint8Array } & Usage> {
      const { width, height, channels } = pixels;
      const query = { format, width, height, channels, options, metadata };
      const { info, bytes } = await post("/encode", query, pixels.data);
      return { ...info, file: bytes };
    },
    async resample(
      pixels: Pixels,
      options: Partial<Resampling> & Pick<Resampling, "full">,
      stripRows = 16,
      linearLight = false,
    ): Promise<Pixels & Usage & { ms: number; rows: number }> {
      const { width, height, channels, data } = pixels;
      const resampling: Resampling = {
        channels,
        filter: "lanczos3",
        input: { width, height },
        window: { x: 0, y: 0, ...options.full },
        ...options,
      };
      const query = { width, height, channels, stripRows, linearLight, resampling };
      const { info, bytes } = await post("/resample", query, data);
      const { window } = resampling;
      return { ...info, width: window.width, height: window.height, channels, data: bytes };
    },
    /** The bytes in parts, each with its way to be deflated, as a zlib stream. */
    async deflate(parts: [data: Uint8Array, way: Deflation][]): Promise<Usage & { file: Buffer }> {
      const lengths = parts.map(([data, way]) => [data.length, way]);
      const body = Buffer.concat(parts.map(([data]) => data));
      const { info, bytes } = await post("/zlib", { parts: lengths }, body);
      return { ...info, file: Buffer.from(bytes) };
    },
    /** @returns sRGB, and the most that any value differs from the reference's */
    async convertInks(
      cmyk: Uint8Array,
      icc: Uint8Array | null,
    ): Promise<Usage & { rgb: Uint8Array; worst: number; ms: number; referenceMs: number }> {
      const body = Buffer.concat([icc ?? new Uint8Array(0), cmyk]);
      const { info, bytes } = await post("/inks", { iccBytes: icc?.length ?? 0 }, body);
      return { ...info, rgb: bytes };
    },
    /** RGB or RGBA of a profile to sRGB. */
    async convertColours(
      data: Uint8Array,
      channels: 3 | 4,
      icc: Uint8Array,
    ): Promise<Usage & { data: Uint8Array; ms: number; isConverted: boolean }> {
      const body = Buffer.concat([icc, data]);
      const { info, bytes } = await post("/srgb", { iccBytes: icc.length, channels }, body);
      return { ...info, data: bytes };
    },
    /**
     * The one file that is made where no pages are asked for.
     * @param budget bytes of memory that there are; 0 is as many as deployed
     */
    async convert(file: Uint8Array, options: Options, budget = 0): Promise<Converted> {
      const [made, ...others] = await convertPages(file, options, budget);
      if (!made || others.length > 0) throw new Error("Not one file was made.");
      return made;
    },
    convertPages,
    /** The one file of all pages that are asked for. */
    async merge(
      files: readonly Uint8Array[],
      options: Omit<Options, "merge">,
    ): Promise<Omit<Converted, "page" | "encodes" | "ms">> {
      const query = { options: { ...options, merge: true }, sizes: files.map((f) => f.length) };
      const { info, bytes } = await post("/merge", query, Buffer.concat(files));
      return { ...info, file: bytes };
    },
    /** Bytes that exist in the pool and in running conversions, and that these have reserved. */
    async memory(): Promise<{ held: number; reserved: number }> {
      const { bytes } = await post("/memory", {}, new Uint8Array(0));
      return JSON.parse(new TextDecoder().decode(bytes));
    },
    close,
  };
}
