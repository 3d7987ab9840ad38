/** What a running job holds of the isolate's memory, and gives back. */
import { AppError } from "../errors.ts";

export interface PooledInstance {
  /** Size of its WASM memory now. */
  readonly bytes: number;
  /** How much of that the running job has asked for, where the instance can tell. */
  readonly usedBytes?: number;
  /** Makes the memory what it was after instantiation: nothing of a picture may remain. */
  wipe(): void;
  /** Whether it works after a failed job, too: it keeps no state that `wipe` does not restore. */
  readonly survivesFailure?: boolean;
  /** Where its memory's use ends now, for instances that can go back to that. */
  mark?(): number;
  /** Forgets and wipes what was allocated since `mark`. */
  rewind?(mark: number): void;
  /** Set by the pool, for instances that can tell: to be called before the memory grows. */
  beforeGrowth?: (() => void) | undefined;
}

/** A kind of instance, e.g. "the WebP encoder". One object a kind, made when its module loads. */
export interface InstanceKind<T extends PooledInstance> {
  name: string;
  create(): T | Promise<T>;
}

/** An instance that no job has. */
export interface Idle {
  kind: InstanceKind<PooledInstance>;
  instance: PooledInstance;
}

/** Where a job's instances are from, and its room. */
export interface Pool {
  readonly budgetBytes: number;
  /** Bytes that really exist. */
  readonly heldBytes: number;
  /** Drops idle instances until every running job could grow to its limit. */
  makeRoom(): void;
  takeIdle<T extends PooledInstance>(kind: InstanceKind<T>, plannedBytes: number): T | undefined;
  /** Takes instances back, wiped, while their job goes on. */
  putBack(instances: Iterable<Idle>): void;
  /** Ends a job. */
  release(workspace: Workspace, instances: Iterable<Idle>): void;
}

export const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;

interface Taken extends Idle {
  plannedBytes: number;
  /** What it had more than planned when it was taken. */
  excessBytes: number;
}

/** A point in a job. */
export interface Mark {
  /** Bytes of those that do not last. */
  readonly buffers: number;
  readonly instances: readonly { instance: PooledInstance; at: number | undefined }[];
}

/**
 * One job's share of the memory. Everything a job allocates by the size of its picture comes from
 * here, and all of it is gone after `close`.
 */
export class Workspace {
  readonly #instances: Taken[] = [];
  #buffers = 0;
  #peakBuffers = 0;
  /** Of the buffers those that `rewind` leaves alone. */
  #lasting = 0;
  /** Of the passes that have ended. */
  #pastPeak = 0;
  /** Set when the job has ended: its instances belong to others then. */
  #finalPeak: number | undefined;

  constructor(
    readonly gate: Pool,
    /** What was admitted. */
    readonly reservedBytes: number,
  ) {}

  /** Bytes the job uses of what was reserved; WASM memory never shrinks. */
  get usedBytes(): number {
    return this.#instanceBytes() + this.#buffers;
  }

  /** The most that was used at any time, after the job's end, too. */
  get peakBytes(): number {
    return this.#finalPeak ?? Math.max(this.#pastPeak, this.#instanceBytes() + this.#peakBuffers);
  }

  /** @internal For the gate: what exists, with what pooled instances have beyond the job's need. */
  get heldBytes(): number {
    return this.#instances.reduce((sum, { instance }) => sum + instance.bytes, this.#buffers);
  }

  /** @internal For the gate: what the job may come to hold. */
  get committedBytes(): number {
    return this.#instances.reduce((sum, entry) => sum + surplus(entry), this.reservedBytes);
  }

  #instanceBytes(): number {
    return this.#instances.reduce(
      (sum, { instance, excessBytes }) =>
        sum + (instance.usedBytes ?? instance.bytes - excessBytes),
      0,
    );
  }

  /**
   * An instance of the kind, the same one each time, until the job ends.
   * @param plannedBytes what the plan foresees for it. An idle instance may be larger: what it has
   *   more is reserved on top, so that a figure that is too low costs room and nothing else
   */
  async take<T extends PooledInstance>(kind: InstanceKind<T>, plannedBytes = 0): Promise<T> {
    const own = this.#instances.find((entry) => entry.kind === kind);
    if (own) return own.instance as T;
    const idle = this.gate.takeIdle(kind, plannedBytes);
    const instance = idle ?? (await create(kind));
    instance.beforeGrowth = () => this.gate.makeRoom();
    const excessBytes = idle ? Math.max(0, idle.bytes - plannedBytes) : 0;
    this.#instances.push({ kind, instance, plannedBytes, excessBytes });
    // One that can tell does so when it grows.
    const mayGrow = instance.usedBytes === undefined && instance.bytes < plannedBytes;
    if (!idle || mayGrow) this.gate.makeRoom();
    return instance;
  }

  /** A zeroed buffer that counts. @throws AppError memory_limit when the plan did not foresee it */
  allocate(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.usedBytes + bytes > this.reservedBytes) {
      throw new AppError(
        "memory_limit",
        `This conversion needs more than the ${mib(this.reservedBytes)} of memory planned for it.`,
        {
          limit: "memory_plan",
          limit_bytes: this.reservedBytes,
          needed_bytes: this.usedBytes + bytes,
        },
      );
    }
    this.#buffers += bytes;
    this.#peakBuffers = Math.max(this.#peakBuffers, this.#buffers);
    if (this.gate.heldBytes > this.gate.budgetBytes) this.gate.makeRoom();
    return new Uint8Array(bytes);
  }

  /** As `allocate`, of a buffer that outlasts every mark. */
  allocateLasting(bytes: number): Uint8Array<ArrayBuffer> {
    const buffer = this.allocate(bytes);
    this.#lasting += bytes;
    return buffer;
  }

  /** Takes a buffer of `allocate` off the count, for code that drops it before the job ends. */
  free(buffer: Uint8Array): void {
    this.#buffers -= buffer.byteLength;
  }

  /**
   * Ends one of several passes: its instances go back, wiped, and what it allocated is gone but for
   * `kept`. What was reserved stays.
   */
  endPass(kept: Uint8Array): void {
    this.#pastPeak = this.peakBytes;
    this.#buffers = kept.byteLength;
    this.#lasting = 0;
    this.#peakBuffers = kept.byteLength;
    this.gate.putBack(this.#instances.splice(0));
  }

  /** Where the job is now, for `rewind`. */
  mark(): Mark {
    return {
      buffers: this.#buffers - this.#lasting,
      instances: this.#instances.map(({ instance }) => ({ instance, at: instance.mark?.() })),
    };
  }

  /**
   * Ends a pass within a job: whatever was allocated since `mark` is gone, unless it lasts. Instances taken since go
   * back, wiped; those taken before forget and wipe what they can.
   */
  rewind({ buffers, instances }: Mark): void {
    this.#pastPeak = this.peakBytes;
    this.#buffers = buffers + this.#lasting;
    this.#peakBuffers = this.#buffers;
    this.gate.putBack(this.#instances.splice(instances.length));
    for (const { instance, at } of instances) if (at !== undefined) instance.rewind?.(at);
  }

  /** Ends the job. After a failure its instances are not trusted again, unless made for that. */
  close(outcome: "succeeded" | "failed"): void {
    if (this.#finalPeak !== undefined) return;
    this.#finalPeak = this.peakBytes;
    const trusted = this.#instances.filter(
      ({ instance }) => outcome === "succeeded" || instance.survivesFailure,
    );
    this.gate.release(this, trusted);
  }
}

/** What a pooled instance has beyond what its job has planned, or uses of it. */
function surplus({ instance, plannedBytes, excessBytes }: Taken): number {
  if (instance.usedBytes === undefined) return excessBytes;
  return Math.max(0, instance.bytes - Math.max(instance.usedBytes, plannedBytes));
}

async function create<T extends PooledInstance>(kind: InstanceKind<T>): Promise<T> {
  try {
    return await kind.create();
  } catch (cause) {
    throw new AppError(
      "internal",
      "A codec could not be started.",
      { codec: kind.name },
      { cause },
    );
  }
}
