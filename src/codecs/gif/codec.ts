import type { Codec } from "../codec.ts";
import { encodeFrames, framesMemory } from "./encode-frames.ts";
import { encodeGif, encodeMemory } from "./encode.ts";
import { openGif } from "./source.ts";

export const GIF: Codec = {
  open: openGif,
  encoder: {
    memory: encodeMemory,
    encode: encodeGif,
    animation: { memory: framesMemory, encode: encodeFrames },
  },
};
