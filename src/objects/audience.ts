/** Those who wait for a job: held calls and streams of server-sent events. */
import { isFinal, type JobState } from "../jobs/job.ts";
import { currentStage, stagesOf } from "../jobs/stages.ts";

export class Audience {
  readonly #waiting = new Set<(state: JobState) => void>();
  readonly #listening = new Set<ReadableByteStreamController>();

  /** The final state, or null if there is none within `timeoutMs`. */
  waitForEnd(timeoutMs: number): Promise<JobState | null> {
    return new Promise((resolve) => {
      const settle = (state: JobState | null) => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(state);
      };
      const timer = setTimeout(() => settle(null), timeoutMs);
      this.#waiting.add(settle);
    });
  }

  /** Server-sent events from the present state (null: none) to the final one. */
  listen(state: JobState | null): ReadableStream<Uint8Array> {
    let listener: ReadableByteStreamController;
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        listener = controller;
        if (!state) controller.close();
        else if (isFinal(state.status)) send(controller, state, true);
        else if (send(controller, state, false)) this.#listening.add(controller);
      },
      cancel: () => void this.#listening.delete(listener),
    });
  }

  tell(state: JobState): void {
    const ended = isFinal(state.status);
    for (const listener of this.#listening) {
      if (!send(listener, state, ended)) this.#listening.delete(listener);
    }
    if (!ended) return;
    this.#listening.clear();
    for (const settle of this.#waiting) settle(state);
  }
}

/** False where the listener has gone away without a word. */
function send(listener: ReadableByteStreamController, state: JobState, last: boolean): boolean {
  try {
    listener.enqueue(toEvent(state));
    if (last) {
      listener.close();
      // A read that is waiting for bytes would otherwise wait on.
      listener.byobRequest?.respond(0);
    }
    return true;
  } catch {
    return false;
  }
}

const encoder = new TextEncoder();

/** `progress` while it runs, then the final status; the data is one line of JSON. */
function toEvent(state: JobState): Uint8Array {
  const { status, progress, warnings, error } = state;
  const data = {
    status,
    progress,
    current_stage: currentStage(state),
    stages: stagesOf(state),
    warnings,
    error,
  };
  const event = isFinal(status) ? status : "progress";
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
