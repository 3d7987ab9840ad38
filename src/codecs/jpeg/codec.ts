import type { Codec, Encoder } from "../codec.ts";
import { openJpeg } from "./decode.ts";
import { encodeBaseline, planBaseline } from "./encode.ts";
import { encodeMozjpeg, fitsMozjpeg, planMozjpeg } from "./mozjpeg.ts";

/** mozjpeg where the smallest file is wanted and the picture fits, else our own streaming encoder. */
const encoder: Encoder = {
  memory: (picture, options) =>
    options.effort === "max" && fitsMozjpeg(picture, options)
      ? planMozjpeg(picture, options)
      : planBaseline(picture, options),
  encode: (picture, options, workspace) =>
    options.effort === "max" && fitsMozjpeg(picture, options)
      ? encodeMozjpeg(picture, options, workspace)
      : encodeBaseline(picture, options, workspace),
};

export const JPEG: Codec = { open: openJpeg, encoder };
