import type { Codec } from "../codec.ts";
import { embedJpeg } from "./embed.ts";
import { encodeMemory, encodePdf } from "./encode.ts";
import { openPdf } from "./source.ts";

export const PDF: Codec = {
  open: openPdf,
  encoder: { memory: encodeMemory, encode: encodePdf, embed: embedJpeg },
};
