import type { FontLibrary } from "../../pipeline/fonts.ts";
import type { Codec } from "../codec.ts";
import { encodeMemory, encodeSvg } from "./encode.ts";
import { svgOpener } from "./source.ts";

/** @param library fonts beside those that are embedded; null where there are none */
export const svgCodec = (library: FontLibrary | null): Codec => ({
  open: svgOpener(library),
  encoder: { memory: encodeMemory, encode: encodeSvg, measuresWhole: true },
});
