import type { Codec } from "../codec.ts";
import { encodeBmp, encodeMemory } from "./encode.ts";
import { openBmp } from "./source.ts";

export const BMP: Codec = {
  open: openBmp,
  encoder: { memory: encodeMemory, encode: encodeBmp },
};
