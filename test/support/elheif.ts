/**
 * HEIC by elheif's own glue, in Node: libheif's reading of containers and its conversion of colours
 * are another's than ours, the HEVC decoder behind them (libde265) is the same library.
 */
interface Decoded {
  width: number;
  height: number;
  /** RGBA. */
  data: Uint8Array;
}

interface Elheif {
  onRuntimeInitialized?(): void;
  jsEncodeImage?(rgba: Uint8Array, width: number, height: number): { data: Uint8Array };
  jsDecodeImage?(file: Uint8Array): { err: string; data: Decoded[] };
}

let started: Promise<Elheif> | undefined;

async function start(): Promise<Elheif> {
  await import("elheif/pkg/elheif-wasm.js" as string);
  const init = (globalThis as Record<string, unknown>)["__init__ELHEIF_MODULE"];
  const module: Elheif = {};
  await new Promise<void>((resolve) => {
    module.onRuntimeInitialized = resolve;
    (init as (made: Elheif) => void)(module);
  });
  return module;
}

export async function encodeByElheif(
  rgba: Uint8Array,
  width: number,
  height: number,
): Promise<Buffer> {
  const { jsEncodeImage } = await (started ??= start());
  if (!jsEncodeImage) throw new Error("elheif has no encoder");
  // What it returns is a view of memory that it has freed.
  return Buffer.from(jsEncodeImage(rgba, width, height).data);
}

/** All pictures of the file, turned as it says. */
export async function decodeByElheif(file: Uint8Array): Promise<Decoded[]> {
  const { jsDecodeImage } = await (started ??= start());
  if (!jsDecodeImage) throw new Error("elheif has no decoder");
  const { err, data } = jsDecodeImage(file);
  if (err) throw new Error(err);
  return data.map(({ width, height, data: padded }) => {
    // The pixels follow as many zeros, in rows as far from each other as they were in libheif.
    const first = width * height * 4;
    const stride = (padded.length - first) / height;
    const rows = Array.from({ length: height }, (_, y) =>
      padded.subarray(first + y * stride, first + y * stride + width * 4),
    );
    return { width, height, data: Buffer.concat(rows) };
  });
}
