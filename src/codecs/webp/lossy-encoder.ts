/** Opaque lossy WebP out of strips, with our own VP8 kernel: the picture is never whole, the file is. */
import { AppError } from "../../errors.ts";
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

export function planLossy(picture: PictureInfo, options: EncodeOptions): number {
  return vp8EncoderBytes(planKernel(picture, options));
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
  const plan = planKernel(picture, options);
  const engine = await workspace.take(ENGINE, vp8EncoderBytes(plan));
  const encoder = startVp8Encoder(engine, plan);
  for await (const strip of picture.strips) {
    for (const { pixels, rows } of gatherRows(strip, picture.height, encoder, engine)) {
      if (!encoder.encode(pixels, rows)) throw outgrown(plan);
    }
  }
  const frame = encoder.finish();
  if (!frame) throw outgrown(plan);

  const bytes = frame.reduce((sum, part) => sum + part.length, 0);
  const head = chunkHead("VP8 ", bytes);
  const padding = new Uint8Array(bytes & 1);
  const { metadata } = options;
  const imageBytes = head.length + bytes + padding.length;
  const { before, after } = surround(imageBytes, { ...picture, alpha: false, metadata }, false);
  yield before;
  yield head;
  for (const part of frame) yield part.slice();
  if (padding.length + after.length > 0) yield Uint8Array.of(...padding, ...after);
}

function outgrown({ dataBytes }: Vp8Plan): AppError {
  return new AppError(
    "memory_limit",
    `This picture has so much noise that its WebP file would be larger than ${Math.ceil(dataBytes / MIB)} MiB.`,
    { limit: "webp_file", limit_bytes: dataBytes },
  );
}
