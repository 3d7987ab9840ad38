import type { Codec } from "../codec.ts";
import { encodeEps, encodeMemory } from "./encode.ts";
import { openEps } from "./source.ts";

export const EPS: Codec = {
  open: openEps,
  encoder: { memory: encodeMemory, encode: encodeEps },
};
