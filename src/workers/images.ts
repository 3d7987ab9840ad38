/** Consumer of the images lane. Wiring only. */
import { IMAGES_CODECS } from "../lanes/images.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { consumeJobs } from "./consume.ts";
import type { ConsumerEnv, JobMessage } from "./env.ts";

/** One an isolate. */
const gate = new MemoryGate();

export default {
  queue: (batch, env) => consumeJobs(batch, env, IMAGES_CODECS, gate),
} satisfies ExportedHandler<ConsumerEnv, JobMessage>;
