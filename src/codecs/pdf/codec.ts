import type { Codec } from "../codec.ts";
import { embedJpeg } from "./embed.ts";
import { encodeMemory, encodePages, encodePdf } from "./encode.ts";
import { openPdf } from "./source.ts";
import { PAGE_RECORD_BYTES } from "./write.ts";

export const PDF: Codec = {
  open: openPdf,
  encoder: {
    memory: encodeMemory,
    encode: encodePdf,
    embed: embedJpeg,
    pages: { recordBytes: PAGE_RECORD_BYTES, encode: encodePages },
  },
};
