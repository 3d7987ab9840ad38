/** The codecs of the documents lane: what draws pages, and vectors. */
import type { Codecs } from "../codecs/codec.ts";
import type { FormatsOf } from "../formats.ts";
import { AI } from "../codecs/ai/codec.ts";
import { EPS } from "../codecs/eps/codec.ts";
import { PDF } from "../codecs/pdf/codec.ts";
import { svgCodec } from "../codecs/svg/codec.ts";
import type { FontLibrary } from "../pipeline/fonts.ts";
import { IMAGES_CODECS } from "./images.ts";
import { remoteCodecs } from "./remote.ts";
import type { CodecService } from "./wire.ts";

/** Those that live nowhere else. */
export const VECTOR_CODECS = {
  svg: svgCodec(null),
  ai: AI,
  eps: EPS,
  pdf: PDF,
} as const satisfies Codecs<FormatsOf<"documents">>;

/**
 * @param formats the formats lane, which has all others
 * @param fonts what text may be set in beside the fonts that are embedded
 */
export function documentsCodecs(formats: CodecService, fonts: FontLibrary | null): Codecs {
  return {
    ...IMAGES_CODECS,
    ...remoteCodecs(formats, "formats"),
    ...VECTOR_CODECS,
    svg: svgCodec(fonts),
  };
}
