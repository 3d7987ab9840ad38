import type { Codec } from "../codec.ts";
import { encodeGif, encodeMemory } from "./encode.ts";
import { openGif } from "./source.ts";

export const GIF: Codec = {
  open: openGif,
  encoder: { memory: encodeMemory, encode: encodeGif },
};
