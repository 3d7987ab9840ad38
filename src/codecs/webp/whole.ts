/** Strips to WebP by libwebp, which wants the whole picture: they are written straight into its memory. */
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo, Strip } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { wrapFile } from "./container.ts";
import { planWhole, type Attempt } from "./effort.ts";
import { WEBP_ENCODER, type Libwebp, type Region } from "./libwebp.ts";

const OUTPUT_CHUNK_BYTES = 256 * 1024;

/** @throws AppError memory_limit */
export async function* encodeWhole(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  const { before, image, after } = await encodeParts(picture, options, workspace);
  yield before;
  for (let start = 0; start < image.length; start += OUTPUT_CHUNK_BYTES) {
    yield image.slice(start, start + OUTPUT_CHUNK_BYTES);
  }
  if (after.length > 0) yield after;
}

/**
 * The file in its parts; the picture's chunks lie in libwebp's memory.
 * @throws AppError memory_limit
 */
export async function encodeParts(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): Promise<Record<"before" | "image" | "after", Uint8Array>> {
  const plan = planWhole(picture, options);
  const libwebp = await workspace.take(WEBP_ENCODER, plan.memoryBytes);
  libwebp.begin(plan.memoryBytes);
  const pixels = await gather(picture, libwebp);
  const file = run(libwebp, pixels, picture, plan.attempts, options.lossless);
  const { before, image, after } = wrapFile(libwebp.heap, file, picture, options.metadata);
  const { pointer, bytes } = image;
  return { before, image: libwebp.heap.subarray(pointer, pointer + bytes), after };
}

/** The whole picture as RGBA in libwebp's memory. */
async function gather(picture: Picture, libwebp: Libwebp): Promise<Region> {
  const { width, height, channels } = picture;
  const bytes = width * height * 4;
  const pointer = libwebp.allocate(bytes);
  for await (const strip of picture.strips) {
    const target = libwebp.heap.subarray(pointer, pointer + bytes);
    if (channels === 4) target.set(strip.data, strip.y * width * 4);
    else addAlpha(strip, width, target);
  }
  return { pointer, bytes };
}

/** RGB to RGBA. */
function addAlpha(strip: Strip, width: number, target: Uint8Array): void {
  const { data } = strip;
  const first = target.byteOffset + strip.y * width * 4;
  const words = new Uint32Array(target.buffer, first, strip.rows * width);
  for (let i = 0, o = 0; i < words.length; i++, o += 3) {
    words[i] =
      (data[o] as number) |
      ((data[o + 1] as number) << 8) |
      ((data[o + 2] as number) << 16) |
      0xff00_0000;
  }
}

function run(
  libwebp: Libwebp,
  pixels: Region,
  { width, height }: PictureInfo,
  attempts: readonly Attempt[],
  lossless: boolean,
): Region {
  const config = libwebp.allocate(CONFIG_BYTES);
  for (const attempt of attempts) {
    writeConfig(new DataView(libwebp.memory.buffer, config, CONFIG_BYTES), attempt, lossless);
    const file = libwebp.run(pixels, width, height, config);
    if (file) return file;
    if (!libwebp.ranOut) throw new AppError("internal", "The WebP encoder refused the picture.");
  }
  throw libwebp.outOfMemory();
}

const CONFIG_BYTES = 116;

/** WebPConfig of libwebp's encode.h: every member is 32 bits; those that stay 0 are not named. */
const CONFIG_OFFSETS = {
  lossless: 0,
  method: 8,
  segments: 24,
  sns_strength: 28,
  filter_strength: 32,
  filter_type: 40,
  alpha_compression: 48,
  alpha_filtering: 52,
  alpha_quality: 56,
  pass: 60,
  near_lossless: 92,
  qmax: 112,
} as const;
const QUALITY_OFFSET = 4;

/** libwebp's own defaults beside what the attempt says. */
function writeConfig(view: DataView, attempt: Attempt, lossless: boolean): void {
  const config: Record<keyof typeof CONFIG_OFFSETS, number> = {
    lossless: lossless ? 1 : 0,
    method: attempt.method,
    segments: 4,
    sns_strength: 50,
    filter_strength: 60,
    filter_type: 1,
    alpha_compression: attempt.compressAlpha ? 1 : 0,
    alpha_filtering: 1,
    alpha_quality: 100,
    pass: 1,
    near_lossless: 100,
    qmax: 100,
  };
  for (let offset = 0; offset < CONFIG_BYTES; offset += 4) view.setInt32(offset, 0);
  for (const [name, value] of Object.entries(config)) {
    view.setInt32(CONFIG_OFFSETS[name as keyof typeof CONFIG_OFFSETS], value, true);
  }
  view.setFloat32(QUALITY_OFFSET, attempt.quality, true);
}
