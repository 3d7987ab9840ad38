import type { Codec } from "../codec.ts";
import { encodeMemory, encodePng } from "./encode.ts";
import { encodeFrames, framesMemory } from "./encode-frames.ts";
import { openPng } from "./source.ts";

export const PNG: Codec = {
  open: openPng,
  encoder: { memory: encodeMemory, encode: encodePng },
};

/** PNGs that move; of still pictures they are PNGs like others. They are read as those. */
export const APNG: Pick<Codec, "encoder"> = {
  encoder: { ...PNG.encoder, animation: { memory: framesMemory, encode: encodeFrames } },
};
