/** What every lane's Worker does with the messages of its queue. */
import { runJob } from "../jobs/run.ts";
import { trackersOf } from "../objects/trackers.ts";
import type { ConvertContext } from "../pipeline/convert.ts";
import { deliver } from "../pipeline/deliver.ts";
import { merge } from "../pipeline/merge.ts";
import type { MemoryGate } from "../pipeline/memory.ts";
import { fileStore } from "../stores/files.ts";
import type { ConsumerEnv, JobMessage } from "./env.ts";

/** Grows with each try, so that a tracker that cannot be reached has time to come back. */
const RETRY_SECONDS = 10;

/** @param gate the isolate's: its memory is what all jobs in it share */
export async function consumeJobs(
  batch: MessageBatch<JobMessage>,
  env: ConsumerEnv,
  codecs: ConvertContext["codecs"],
  gate: MemoryGate,
): Promise<void> {
  const trackerOf = trackersOf(env.JOBS);
  const files = fileStore(env.FILES);
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        await runJob({
          tracker: trackerOf(message.body.jobId),
          files,
          convert: (bytes, options, context, write) =>
            deliver(bytes, options, { codecs, gate, ...context }, write),
          merge: (opens, options, context, write) =>
            merge(opens, options, { codecs, gate, ...context }, write),
        });
        message.ack();
      } catch (error) {
        console.error(`job ${message.body.jobId}: its tracker cannot be reached`, error);
        message.retry({ delaySeconds: RETRY_SECONDS * message.attempts });
      }
    }),
  );
}
