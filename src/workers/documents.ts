/** Consumer of the documents lane. Wiring only. */
import { documentsCodecs } from "../lanes/documents.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { fontLibrary } from "../stores/fonts.ts";
import { consumeJobs } from "./consume.ts";
import type { DocumentsEnv, JobMessage } from "./env.ts";

/** One an isolate. */
const gate = new MemoryGate();

export default {
  queue(batch, env) {
    const fonts = env.FONTS_PREFIX ? fontLibrary(env.FILES, env.FONTS_PREFIX) : null;
    return consumeJobs(batch, env, documentsCodecs(env.FORMATS, fonts), gate);
  },
} satisfies ExportedHandler<DocumentsEnv, JobMessage>;
