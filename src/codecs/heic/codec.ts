import type { Codec } from "../codec.ts";
import { AV1 } from "../avif/av1.ts";
import { openHeif } from "../isobmff/source.ts";
import { heicEncoder } from "./encode.ts";
import { HEVC } from "./hevc.ts";

export const HEIC: Codec = {
  open: (bytes) => openHeif(bytes, "heic", { hvc1: HEVC, av01: AV1 }),
  encoder: heicEncoder,
};
