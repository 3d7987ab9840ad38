import type { PictureInfo } from "../../pipeline/picture.ts";
import type { Codec, EncodeOptions } from "../codec.ts";
import { encodeLossless, losslessMemory } from "./encode-lossless.ts";
import { encodeLossy, lossyMemory } from "./encode-lossy.ts";
import { openJxl } from "./source.ts";

const BEST_QUALITY = 100;

/** Asked for, as the best quality is; gray with a profile of its own would have to become sRGB. */
const isExact = ({ channels, icc }: PictureInfo, { lossless, quality }: EncodeOptions): boolean =>
  lossless || quality === BEST_QUALITY || (channels === 1 && icc !== null);

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
