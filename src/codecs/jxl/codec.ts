import type { PictureInfo } from "../../pipeline/picture.ts";
import type { Codec, EncodeOptions } from "../codec.ts";
import { encodeLossless, losslessMemory } from "./encode-lossless.ts";
import { encodeLossy, lossyMemory } from "./encode-lossy.ts";
import { openJxl } from "./source.ts";

const BEST_QUALITY = 100;
/** From here on icons and the like, whose every pixel is seen, lose none. */
const FINE_QUALITY = 90;
const SMALL_PIXELS = 160 * 160;

/** Whether it is written without loss; gray with a profile of its own would have to become sRGB. */
function isExact(picture: PictureInfo, { lossless, quality }: EncodeOptions): boolean {
  const { width, height, channels, icc } = picture;
  const isFine = quality >= FINE_QUALITY && width * height <= SMALL_PIXELS;
  return lossless || quality === BEST_QUALITY || isFine || (channels === 1 && icc !== null);
}

export const JXL: Codec = {
  open: openJxl,
  encoder: {
    memory: (picture, options) =>
      isExact(picture, options) ? losslessMemory(picture) : lossyMemory(picture),
    encode: (picture, options, workspace) =>
      isExact(picture, options)
        ? encodeLossless(picture, options, workspace)
        : encodeLossy(picture, options, workspace),
  },
};
