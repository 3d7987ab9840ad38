import type { Codec } from "../codec.ts";
import { encodeJxl, encodeMemory } from "./encode.ts";
import { openJxl } from "./source.ts";

export const JXL: Codec = {
  open: openJxl,
  encoder: { memory: encodeMemory, encode: encodeJxl },
};
