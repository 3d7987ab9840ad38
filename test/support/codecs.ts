/** Every codec in one table, as no lane has them: for Workers that test and measure. */
import type { Codecs } from "../../src/codecs/codec.ts";
import { VECTOR_CODECS } from "../../src/lanes/documents.ts";
import { FORMATS_CODECS } from "../../src/lanes/formats.ts";

export const ALL_CODECS = { ...FORMATS_CODECS, ...VECTOR_CODECS } as const satisfies Codecs;
