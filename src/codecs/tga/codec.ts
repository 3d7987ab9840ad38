import type { Codec } from "../codec.ts";
import { openTga } from "./decode.ts";
import { encodeMemory, encodeTga } from "./encode.ts";

export const TGA: Codec = {
  open: openTga,
  encoder: { memory: encodeMemory, encode: encodeTga },
};
