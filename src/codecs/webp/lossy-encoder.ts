/** Lossy WebP out of strips, with our own kernels: the picture is never whole, the file is. */
import { AppError } from "../../errors.ts";
import {
  alphaEncoderBytes,
  startAlphaEncoder,
  type AlphaPlan,
} from "../../kernels/alpha-encoder.ts";
import { ENGINE } from "../../kernels/engine.ts";
import { startVp8Encoder, vp8EncoderBytes, type Vp8Plan } from "../../kernels/vp8-encoder.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { Effort, EncodeOptions } from "../codec.ts";
import { gatherRows } from "../mcu-rows.ts";
import { chunkHead, surround } from "./container.ts";

/** Modes of a 4 × 4 block that are measured; more than 3 gain a thousandth or two. */
const CANDIDATES: Record<Effort, number> = { fast: 1, default: 3, max: 10 };

/**
 * Bytes a pixel that a file of the quality has at most, which is when the picture is noise. Tokens
 * take four times as much as what they are coded to; those of photos find room in this.
 */
const NOISE_BYTES = [
  { quality: 50, bytes: 0.6 },
  { quality: 80, bytes: 0.8 },
  { quality: 90, bytes: 1 },
  { quality: 100, bytes: 1.4 },
] as const;

/** Pictures whose noise would take more may fail; photos of any size do not. */
const MAX_DATA_BYTES = 64 * MIB;

/** The same for transparency; masks take next to nothing, soft ones some hundredths of a byte. */
const NOISE_ALPHA_BYTES = 1.1;
const MAX_ALPHA_BYTES = 16 * MIB;

function planKernel(
  { width, height, channels }: PictureInfo,
  { quality, effort }: EncodeOptions,
): Vp8Plan {
  const noise = NOISE_BYTES.find((entry) => quality <= entry.quality)?.bytes ?? 1.4;
  return {
    width,
    height,
    channels: channels === 4 ? 4 : 3,
    quantiser: quantiserOf(quality),
    candidates: CANDIDATES[effort],
    dataBytes: Math.min(MAX_DATA_BYTES, Math.ceil(width * height * noise)),
  };
}

/**
 * libwebp's curve, so that a quality means what users expect of it: about what the same quality of
 * JPEG looks like, with 75 in the middle of the scale.
 */
function quantiserOf(quality: number): number {
  const share = quality / 100;
  const linear = share < 0.75 ? (share * 2) / 3 : 2 * share - 1;
  return Math.floor(127 * (1 - Math.cbrt(linear)));
}

/** Null where there is no transparency. */
function planAlpha({ width, height, channels }: PictureInfo): AlphaPlan | null {
  if (channels !== 4) return null;
  const dataBytes = Math.ceil(width * height * NOISE_ALPHA_BYTES);
  return { width, dataBytes: Math.min(MAX_ALPHA_BYTES, dataBytes) };
}

export function planLossy(picture: PictureInfo, options: EncodeOptions): number {
  const alpha = planAlpha(picture);
  return vp8EncoderBytes(planKernel(picture, options)) + (alpha ? alphaEncoderBytes(alpha) : 0);
}

/**
 * Yields the file in chunks of up to 512 KiB once the picture has ended: its first bytes tell its size.
 * @throws AppError memory_limit
 */
export async function* encodeLossy(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  const image = await encodeImage(picture, options, workspace);
  const imageBytes = image.reduce((sum, part) => sum + part.length, 0);
  const alpha = picture.channels === 4;
  const surroundings = { ...picture, alpha, metadata: options.metadata };
  const { before, after } = surround(imageBytes, surroundings, alpha);
  yield before;
  for (const part of image) yield part.slice();
  if (after.length > 0) yield after;
}

/**
 * The picture's chunks in parts, one behind the other, in the engine's memory.
 * @throws AppError memory_limit
 */
export async function encodeImage(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): Promise<Uint8Array[]> {
  const plan = planKernel(picture, options);
  const alphaPlan = planAlpha(picture);
  const engine = await workspace.take(ENGINE, planLossy(picture, options));
  const encoder = startVp8Encoder(engine, plan);
  const transparency = alphaPlan && startAlphaEncoder(engine, alphaPlan);
  for await (const strip of picture.strips) {
    for (const { pixels, rows } of gatherRows(strip, picture.height, encoder, engine)) {
      if (!encoder.encode(pixels, rows)) throw outgrown(plan.dataBytes);
      if (transparency && !transparency.encode(pixels, rows)) throw outgrown(MAX_ALPHA_BYTES);
    }
  }
  const alpha = transparency?.finish();
  if (alpha === null) throw outgrown(MAX_ALPHA_BYTES);
  const frame = encoder.finish();
  if (!frame) throw outgrown(plan.dataBytes);
  return [...(alpha ? makeChunk("ALPH", alpha()) : []), ...makeChunk("VP8 ", frame())];
}

/** Bytes that the picture's chunks have at most, unless it is noise with transparency of noise. */
export function mostImageBytes(picture: PictureInfo, options: EncodeOptions): number {
  return planKernel(picture, options).dataBytes + (planAlpha(picture)?.dataBytes ?? 0);
}

/** A chunk of these parts, with its head and its padding. */
function makeChunk(name: string, parts: readonly Uint8Array[]): Uint8Array[] {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const padding = new Uint8Array(bytes & 1);
  return [chunkHead(name, bytes), ...parts, ...(bytes & 1 ? [padding] : [])];
}

function outgrown(limitBytes: number): AppError {
  return new AppError(
    "memory_limit",
    `This picture has so much noise that its WebP file would be larger than ${Math.ceil(limitBytes / MIB)} MiB.`,
    { limit: "webp_file", limit_bytes: limitBytes },
  );
}
