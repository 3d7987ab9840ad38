/**
 * One Durable Object a job. What may happen to a job is decided in jobs/lifecycle.ts; here it is
 * stored first, told to those who wait, and then carried out: input, message, database, files.
 * Whatever is cut short stays on the run's list of chores, which the alarm works off.
 */
import { DurableObject } from "cloudflare:workers";
import { toAppError } from "../errors.ts";
import {
  isFinal,
  type Charge,
  type InputFile,
  type JobError,
  type JobSpec,
  type JobState,
} from "../jobs/job.ts";
import {
  begin,
  cancel,
  CHORES,
  claim,
  complete,
  confirm,
  expire,
  fail,
  fetched,
  finishChore,
  giveUp,
  isForgettable,
  lapse,
  postponeChore,
  remove,
  report,
  type Chore,
  type Run,
} from "../jobs/lifecycle.ts";
import {
  jobPrefix,
  type Claim,
  type Completion,
  type IdempotencyClaim,
  type JobTracker,
} from "../jobs/ports.ts";
import { mayTryAgain, RENEW_BELOW_MS } from "../jobs/schedule.ts";
import { withInputs, withoutSecrets, withTtl } from "../jobs/spec.ts";
import { fileStore } from "../stores/files.ts";
import { jobRecords } from "../stores/jobs.ts";
import type { ApiEnv } from "../workers/env.ts";
import { Audience } from "./audience.ts";
import { CHORE_WORK } from "./chores.ts";
import { fetchInput } from "./fetch-input.ts";
import { StoredJob, type Tracked } from "./stored-job.ts";

/**
 * Pause between accepting a job and sending its message, unless the client waits for its end. Where
 * a consumer shares our thread, as all do locally, the client would otherwise get its answer only
 * after the conversion.
 */
const REPLY_FIRST_MS = 3;

export class JobProgress extends DurableObject<ApiEnv> implements JobTracker {
  readonly #job: StoredJob;
  readonly #audience = new Audience();
  /** Each chore runs once at a time, so that an older state never overtakes a newer one. */
  readonly #running = new Map<Chore, Promise<void>>();

  constructor(ctx: DurableObjectState, env: ApiEnv) {
    super(ctx, env);
    this.#job = new StoredJob(ctx.storage);
  }

  async accept(
    spec: JobSpec,
    idempotency: IdempotencyClaim | null,
    urgent = false,
  ): Promise<JobError | null> {
    if (this.#job.tracked) return null;
    const { state } = begin(spec, Date.now());
    const refusal = await this.#open(spec, state, idempotency, (charge) =>
      this.#job.create(spec, begin(spec, Date.now(), charge)),
    );
    if (!refusal) this.#startAfter(urgent ? 0 : REPLY_FIRST_MS);
    return refusal;
  }

  async confirm(inputs: readonly InputFile[], ttlHours: number): Promise<JobError | null> {
    const tracked = this.#current();
    if (!tracked || (tracked.spec.awaits && tracked.run.state.status === "expired")) {
      return { code: "job_expired", message: "This job has expired." };
    }
    const next = confirm(tracked.run, null, Date.now());
    if (!next) return null;
    const spec = withTtl(withInputs(tracked.spec, inputs), ttlHours);
    const refusal = await this.#open(spec, next.state, null, (charge) => {
      const run = confirm(tracked.run, charge, Date.now());
      // Somebody else has confirmed it meanwhile.
      if (!run) return;
      this.#job.storeSpec(spec);
      this.#change(tracked, run);
    });
    if (!refusal) this.#startAfter(REPLY_FIRST_MS);
    return refusal;
  }

  /** Writes the record, then what `store` stores. */
  async #open(
    spec: JobSpec,
    state: JobState,
    idempotency: IdempotencyClaim | null,
    store: (charge: Charge | null) => void,
  ): Promise<JobError | null> {
    try {
      store(await jobRecords(this.env.DB).open(spec, state, idempotency));
      return null;
    } catch (thrown) {
      return toJobError(thrown);
    }
  }

  /** Fetches the input or sends the message. */
  #startAfter(pauseMs: number): void {
    // Not stored that they are done: the claim comes next and stores it, too. Without one the
    // alarm does them again.
    const start = () => this.#do(["fetch", "dispatch"], "remember");
    this.ctx.waitUntil(pauseMs > 0 ? scheduler.wait(pauseMs).then(start) : start());
  }

  async claim(): Promise<Claim> {
    const tracked = this.#current();
    if (!tracked || isFinal(tracked.run.state.status)) return { kind: "done" };
    const now = Date.now();
    const claimed = claim(lapse(tracked.run, now), now);
    if (!claimed) return { kind: "busy" };
    this.#change(tracked, claimed);
    return { kind: "granted", attempt: claimed.attempt, job: tracked.spec };
  }

  async report(attempt: number, progress: number): Promise<{ stop: boolean }> {
    const tracked = this.#current();
    const now = Date.now();
    const reported = tracked && report(tracked.run, attempt, progress, now);
    if (!reported) return { stop: true };
    if (this.#job.storedLeaseUntil - now < RENEW_BELOW_MS) {
      this.#change(tracked, reported);
    } else {
      this.#job.rememberRun(reported);
      this.#audience.tell(reported.state);
    }
    return { stop: false };
  }

  async complete(attempt: number, completion: Completion): Promise<boolean> {
    return await this.#end((run, now) => complete(run, attempt, completion, now));
  }

  async fail(attempt: number, error: JobError, retryable: boolean): Promise<boolean> {
    return await this.#end((run, now) => fail(run, attempt, error, retryable, now));
  }

  async giveUp(): Promise<void> {
    const error: JobError = { code: "internal", message: "The conversion could not be started." };
    await this.#end((run, now) => giveUp(lapse(run, now), error, now));
  }

  async cancel(): Promise<boolean> {
    return await this.#end(cancel);
  }

  async remove(): Promise<void> {
    if (await this.#end(remove)) return;
    // Forgotten already, or never stored, all but its record.
    const { name } = this.ctx.id;
    if (name && !this.#job.tracked) await jobRecords(this.env.DB).remove(name);
  }

  async checkUp(): Promise<JobState | null> {
    await this.#catchUp();
    return this.state();
  }

  async state(): Promise<JobState | null> {
    return this.#current()?.run.state ?? null;
  }

  async wait(timeoutMs: number): Promise<JobState | null> {
    const state = await this.state();
    if (!state || isFinal(state.status)) return state;
    return (await this.#audience.waitForEnd(timeoutMs)) ?? (await this.state());
  }

  async events(): Promise<ReadableStream<Uint8Array>> {
    return this.#audience.listen(await this.state());
  }

  override async alarm(): Promise<void> {
    this.#job.disarm();
    await this.#catchUp();
  }

  /** The job, unless it is unknown or removed; past its time it is marked expired first. */
  #current(): Readonly<Tracked> | null {
    const { tracked } = this.#job;
    if (!tracked || tracked.run.removed) return null;
    const now = Date.now();
    if (now >= tracked.spec.expiresAt && tracked.run.state.status !== "expired") {
      this.#change(tracked, expire(tracked.run, now));
    }
    return tracked;
  }

  /** Applies what ends an attempt or the job, and carries out what follows from it. */
  async #end(transition: (run: Run, now: number) => Run | null): Promise<boolean> {
    const tracked = this.#current();
    const next = tracked && transition(tracked.run, Date.now());
    if (!next) return false;
    this.#change(tracked, next);
    if (isFinal(next.state.status)) await this.#do(["record", "files"]);
    return true;
  }

  /** Time has passed: expiry, a lapsed lease, chores that are due. */
  async #catchUp(): Promise<void> {
    const { tracked } = this.#job;
    if (!tracked) return;
    this.#current();
    const now = Date.now();
    const next = lapse(tracked.run, now);
    if (next !== tracked.run) this.#change(tracked, next);
    const ended = next.removed || next.state.status === "expired";
    const isDue = (chore: Chore) => ended || (next.chores[chore]?.at ?? Infinity) <= now;
    await this.#do(CHORES.filter(isDue));
    this.#job.arm();
  }

  /** Stores what the job has become and tells those who wait. */
  #change({ spec, run: before }: Readonly<Tracked>, run: Run): void {
    if (isFinal(run.state.status)) this.#job.storeSpec(withoutSecrets(spec));
    this.#job.storeRun(run);
    if (run.state !== before.state) this.#audience.tell(run.state);
  }

  /** Carries out those of the chores that the run lists; what fails stays listed for later. */
  async #do(chores: readonly Chore[], mode: "store" | "remember" = "store"): Promise<void> {
    await Promise.all(
      chores.map((chore) => {
        const previous = this.#running.get(chore) ?? Promise.resolve();
        const next = previous.then(() => this.#doOne(chore, mode));
        this.#running.set(chore, next);
        return next;
      }),
    );
    const { tracked } = this.#job;
    if (tracked && isForgettable(tracked.run)) await this.#job.forget();
  }

  /** Never throws. */
  async #doOne(chore: Chore, mode: "store" | "remember"): Promise<void> {
    const { tracked } = this.#job;
    const due = tracked?.run.chores[chore];
    if (!tracked || !due) return;
    try {
      if (chore === "fetch") await this.#fetch(tracked);
      else await CHORE_WORK[chore](this.env, tracked.spec, tracked.run);
      const finished = finishChore(tracked.run, chore, due, Date.now());
      if (mode === "remember") this.#job.rememberRun(finished);
      else if (finished !== tracked.run) this.#job.storeRun(finished);
    } catch (error) {
      console.error(`job ${tracked.spec.id}: ${chore} failed, will be tried again`, error);
      this.#job.storeRun(postponeChore(tracked.run, chore, due, Date.now()));
    }
  }

  /** Stores the input that a URL names; without one the job fails. */
  async #fetch(tracked: Readonly<Tracked>): Promise<void> {
    const files = fileStore(this.env.FILES);
    let spec: JobSpec;
    try {
      spec = withInputs(tracked.spec, [await fetchInput(tracked.spec, files, this.env)]);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.traits.retryable && mayTryAgain(tracked.run.chores.fetch)) throw error;
      await this.#end((run, now) => giveUp(run, toJobError(error), now));
      return;
    }
    const run = fetched(tracked.run, Date.now());
    // Canceled or removed meanwhile.
    if (!run) return await files.removeAll(jobPrefix(spec.id));
    this.#job.storeSpec(spec);
    this.#change(tracked, run);
    // In this order: whoever sees what the consumer does can also read what it works on.
    await this.#do(["record"]);
    await this.#do(["dispatch"]);
  }
}

function toJobError(thrown: unknown): JobError {
  const error = toAppError(thrown);
  const { code, publicMessage: message, traits } = error;
  if (traits.report) console.error(code, error.cause ?? error);
  return { code, message };
}
