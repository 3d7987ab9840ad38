/** The codecs of the formats lane: those too heavy for the images lane, which need no document. */
import { AVIF } from "../codecs/avif/codec.ts";
import type { Codecs } from "../codecs/codec.ts";
import { HEIC } from "../codecs/heic/codec.ts";
import { JXL } from "../codecs/jxl/codec.ts";
import type { FormatsOf } from "../formats.ts";
import { JP2 } from "../codecs/jp2/codec.ts";
import { IMAGES_CODECS } from "./images.ts";

export const FORMATS_CODECS = {
  ...IMAGES_CODECS,
  avif: AVIF,
  heic: HEIC,
  jp2: JP2,
  jxl: JXL,
} as const satisfies Codecs<FormatsOf<"images" | "formats">>;
