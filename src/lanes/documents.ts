/** The codecs of the documents lane: what draws pages, and vectors. */
import type { Codecs } from "../codecs/codec.ts";
import type { FormatsOf } from "../formats.ts";
import { PDF } from "../codecs/pdf/codec.ts";
import { IMAGES_CODECS } from "./images.ts";

/** Those that live nowhere else. */
export const VECTOR_CODECS = {
  pdf: PDF,
} as const satisfies Codecs<FormatsOf<"documents">>;

export const DOCUMENTS_CODECS = {
  ...IMAGES_CODECS,
  ...VECTOR_CODECS,
} as const satisfies Codecs<FormatsOf<"images" | "documents">>;
