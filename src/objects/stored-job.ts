/** What an object keeps of its job, in memory and in storage, and the alarm that follows from it. */
import type { JobSpec } from "../jobs/job.ts";
import type { Run } from "../jobs/lifecycle.ts";
import { nextAlarm } from "../jobs/schedule.ts";

/** Keys in the object's storage: the members of Tracked. */
const SPEC = "spec";
const RUN = "run";

/** A job as it is now: the same object as long as the job is known. */
export interface Tracked {
  spec: JobSpec;
  run: Run;
}

export class StoredJob {
  readonly #storage: DurableObjectStorage;
  #tracked: Tracked | null;
  #storedRun: Run | null;
  #alarmAt: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    const spec = storage.kv.get<JobSpec>(SPEC);
    const run = storage.kv.get<Run>(RUN);
    this.#tracked = spec && run ? { spec, run } : null;
    this.#storedRun = run ?? null;
  }

  /** Null where none has been accepted, or it has been forgotten. */
  get tracked(): Readonly<Tracked> | null {
    return this.#tracked;
  }

  /** Until when the attempt has the job to itself, as far as storage knows; 0 without an attempt. */
  get storedLeaseUntil(): number {
    return this.#storedRun?.leaseUntil ?? 0;
  }

  create(spec: JobSpec, run: Run): void {
    this.#tracked = { spec, run };
    this.#storage.kv.put(SPEC, spec);
    this.storeRun(run);
  }

  storeSpec(spec: JobSpec): void {
    if (!this.#tracked || spec === this.#tracked.spec) return;
    this.#tracked.spec = spec;
    this.#storage.kv.put(SPEC, spec);
  }

  storeRun(run: Run): void {
    if (!this.#tracked) return;
    this.#tracked.run = run;
    this.#storedRun = run;
    this.#storage.kv.put(RUN, run);
    this.arm();
  }

  /** In memory alone: what storage has is good enough to go on from. */
  rememberRun(run: Run): void {
    if (this.#tracked) this.#tracked.run = run;
  }

  /** Sets the alarm to when something is next due, unless it is set to that. */
  arm(): void {
    if (!this.#tracked) return;
    const at = nextAlarm(this.#tracked.spec, this.#tracked.run);
    if (at === this.#alarmAt) return;
    this.#alarmAt = at;
    void this.#storage.setAlarm(at);
  }

  /** The alarm has gone off. */
  disarm(): void {
    this.#alarmAt = null;
  }

  async forget(): Promise<void> {
    this.#tracked = null;
    this.#alarmAt = null;
    await this.#storage.deleteAll(); // the alarm included
  }
}
