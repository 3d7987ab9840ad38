import type { Codec } from "../codec.ts";
import { openHeif } from "../isobmff/source.ts";
import { AV1 } from "./av1.ts";
import { avifEncoder } from "./encode.ts";

export const AVIF: Codec = {
  open: (bytes) => openHeif(bytes, "avif", { av01: AV1 }),
  encoder: avifEncoder,
};
