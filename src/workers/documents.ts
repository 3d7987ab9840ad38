/** Consumer of the documents lane. Wiring only. */
import { documentsCodecs } from "../lanes/documents.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { consumeJobs } from "./consume.ts";
import type { DocumentsEnv, JobMessage } from "./env.ts";

/** One an isolate. */
const gate = new MemoryGate();

export default {
  queue: (batch, env) => consumeJobs(batch, env, documentsCodecs(env.FORMATS), gate),
} satisfies ExportedHandler<DocumentsEnv, JobMessage>;
