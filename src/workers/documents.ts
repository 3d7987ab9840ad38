/** Consumer of the documents lane. Wiring only. */
import { DOCUMENTS_CODECS } from "../lanes/documents.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { consumeJobs } from "./consume.ts";
import type { ConsumerEnv, JobMessage } from "./env.ts";

/** One an isolate. */
const gate = new MemoryGate();

export default {
  queue: (batch, env) => consumeJobs(batch, env, DOCUMENTS_CODECS, gate),
} satisfies ExportedHandler<ConsumerEnv, JobMessage>;
