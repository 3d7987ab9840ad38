import type { Codec } from "../codec.ts";
import { openQoi } from "./decode.ts";
import { encodeMemory, encodeQoi } from "./encode.ts";

export const QOI: Codec = {
  open: openQoi,
  encoder: { memory: encodeMemory, encode: encodeQoi },
};
