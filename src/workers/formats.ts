/** Consumer of the formats lane. Wiring only. */
import { FORMATS_CODECS } from "../lanes/formats.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { consumeJobs } from "./consume.ts";
import type { ConsumerEnv, JobMessage } from "./env.ts";

/** One an isolate. */
const gate = new MemoryGate();

export default {
  queue: (batch, env) => consumeJobs(batch, env, FORMATS_CODECS, gate),
} satisfies ExportedHandler<ConsumerEnv, JobMessage>;
