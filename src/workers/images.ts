/** Consumer of the images lane. Wiring only. */
import { runJob } from "../jobs/run.ts";
import { IMAGES_CODECS } from "../lanes/images.ts";
import { trackersOf } from "../objects/trackers.ts";
import { deliver } from "../pipeline/deliver.ts";
import { MemoryGate } from "../pipeline/memory.ts";
import { fileStore } from "../stores/files.ts";
import type { ImagesEnv, JobMessage } from "./env.ts";

/** One an isolate: its memory is what all jobs in it share. */
const gate = new MemoryGate();

/** Grows with each try, so that a tracker that cannot be reached has time to come back. */
const RETRY_SECONDS = 10;

export default {
  async queue(batch, env) {
    const trackerOf = trackersOf(env.JOBS);
    const files = fileStore(env.FILES);
    await Promise.all(
      batch.messages.map(async (message) => {
        try {
          await runJob({
            tracker: trackerOf(message.body.jobId),
            files,
            convert: (bytes, options, context, write) =>
              deliver(bytes, options, { codecs: IMAGES_CODECS, gate, ...context }, write),
          });
          message.ack();
        } catch (error) {
          console.error(`job ${message.body.jobId}: its tracker cannot be reached`, error);
          message.retry({ delaySeconds: RETRY_SECONDS * message.attempts });
        }
      }),
    );
  },
} satisfies ExportedHandler<ImagesEnv, JobMessage>;
