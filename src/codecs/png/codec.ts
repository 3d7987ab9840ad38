import type { Codec } from "../codec.ts";
import { encodeMemory, encodePng } from "./encode.ts";
import { openPng } from "./source.ts";

export const PNG: Codec = {
  open: openPng,
  encoder: { memory: encodeMemory, encode: encodePng },
};
