import type { Codec } from "../codec.ts";
import { webpAnimationEncoder } from "./encode-frames.ts";
import { webpEncoder } from "./encoder.ts";
import { openWebp } from "./source.ts";

export const WEBP: Codec = {
  open: openWebp,
  encoder: { ...webpEncoder, animation: webpAnimationEncoder },
};
