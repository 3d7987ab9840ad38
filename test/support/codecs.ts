/** Every codec in one table, as no lane has them: for Workers that test and measure. */
import type { Codecs, OpenContext } from "../../src/codecs/codec.ts";
import { VECTOR_CODECS } from "../../src/lanes/documents.ts";
import { FORMATS_CODECS } from "../../src/lanes/formats.ts";
import { MAX_PIXELS, MAX_SIDE } from "../../src/limits.ts";
import type { MemoryGate } from "../../src/pipeline/memory.ts";

export const ALL_CODECS = { ...FORMATS_CODECS, ...VECTOR_CODECS } as const satisfies Codecs;

/** What codecs open files with where nothing else is asked for. */
export const openContext = (gate: MemoryGate, asked: Partial<OpenContext> = {}): OpenContext => ({
  gate,
  ...{ maxSide: MAX_SIDE, maxPixels: MAX_PIXELS },
  ...{ dpi: null, password: null, transparent: false },
  ...asked,
});
