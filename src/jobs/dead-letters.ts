/** Messages that a lane could not deal with: their jobs fail, unless they got along otherwise. */
import type { JobTracker } from "./ports.ts";

/** The part of a queue's message that is needed here. */
export interface DeadLetter {
  readonly body: { jobId: string };
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

/** Ends the job of each message; one whose tracker cannot be reached comes again. */
export async function giveUpJobs(
  messages: readonly DeadLetter[],
  trackerOf: (jobId: string) => JobTracker,
): Promise<void> {
  await Promise.all(
    messages.map(async (message) => {
      try {
        await trackerOf(message.body.jobId).giveUp();
        message.ack();
      } catch (error) {
        console.error(`dead letter of job ${message.body.jobId}: will be tried again`, error);
        message.retry({ delaySeconds: 30 });
      }
    }),
  );
}
