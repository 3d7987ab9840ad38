import type { Codec } from "../codec.ts";
import { encodeIco, encodeMemory } from "./encode.ts";
import { openIco } from "./source.ts";

export const ICO: Codec = {
  open: openIco,
  encoder: { memory: encodeMemory, encode: encodeIco },
};
