/** Strips to WebP: opaque or large lossy pictures by our own kernels, all others by libwebp. */
import { AppError } from "../../errors.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Size } from "../../pipeline/geometry.ts";
import type { Picture, PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions, Encoder } from "../codec.ts";
import { planWhole } from "./effort.ts";
import { encodeLossy, planLossy } from "./lossy-encoder.ts";
import { encodeWhole } from "./whole.ts";

/** The format keeps sides in 14 bits. */
const MAX_WEBP_SIDE = 16_383;

export const webpEncoder: Encoder = {
  memory: (picture, options) =>
    streams(picture, options)
      ? planLossy(picture, options)
      : planWhole(picture, options).memoryBytes,
  encode,
};

/** Up to here libwebp has room to do its best with transparency. */
const MAX_WHOLE_PIXELS = 2_000_000;

/** Whether our own kernels are to do it. They code transparency less thoroughly than libwebp can. */
function streams({ width, height, channels }: PictureInfo, { lossless }: EncodeOptions): boolean {
  return !lossless && (channels !== 4 || width * height > MAX_WHOLE_PIXELS);
}

/** @throws AppError too_many_pixels, memory_limit */
async function* encode(
  picture: Picture,
  options: EncodeOptions,
  workspace: Workspace,
): AsyncGenerator<Uint8Array> {
  checkSize(picture);
  const chosen = streams(picture, options) ? encodeLossy : encodeWhole;
  yield* chosen(picture, options, workspace);
}

/** @throws AppError too_many_pixels */
export function checkSize({ width, height }: Size): void {
  if (width <= MAX_WEBP_SIDE && height <= MAX_WEBP_SIDE) return;
  throw new AppError(
    "too_many_pixels",
    `A WebP picture has at most ${MAX_WEBP_SIDE} pixels a side; this one would be ${width} × ${height}.`,
    { limit: "webp_side", limit_pixels: MAX_WEBP_SIDE, width, height },
  );
}
