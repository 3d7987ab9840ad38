import type { Codec } from "../codec.ts";
import { openPsd } from "./decode.ts";
import { encodeMemory, encodePsd } from "./encode.ts";

export const PSD: Codec = {
  open: openPsd,
  encoder: { memory: encodeMemory, encode: encodePsd },
};
