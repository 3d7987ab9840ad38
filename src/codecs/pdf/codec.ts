import type { Codec } from "../codec.ts";
import { openPdf } from "./source.ts";

export const PDF: Pick<Codec, "open"> = { open: openPdf };
