import type { Codec } from "../codec.ts";
import { encodeMemory, encodePages, encodeTiff } from "./encode.ts";
import { openTiff } from "./source.ts";

export const TIFF: Codec = {
  open: openTiff,
  encoder: {
    memory: encodeMemory,
    encode: encodeTiff,
    pages: { recordBytes: 0, encode: encodePages },
  },
};
