/**
 * The isolate's memory: an admission gate in front of every job, and the pool of WASM instances
 * that jobs take from and give back. WASM memory never shrinks and dropped instances are collected
 * late, so instances are kept, wiped after each job, and dropped only after an error or when their
 * room is needed.
 */
import { AppError } from "../errors.ts";
import { MEMORY_BUDGET_BYTES } from "../limits.ts";

export interface PooledInstance {
  /** Size of its WASM memory now. */
  readonly bytes: number;
  /** How much of that the running job has asked for, where the instance can tell. */
  readonly usedBytes?: number;
  /** Makes the memory what it was after instantiation: nothing of a picture may remain. */
  wipe(): void;
  /** Whether it works after a failed job, too: it keeps no state that `wipe` does not restore. */
  readonly survivesFailure?: boolean;
  /** Set by the pool, for instances that can tell: to be called before the memory grows. */
  beforeGrowth?: (() => void) | undefined;
}

/** A kind of instance, e.g. "the WebP encoder". One object a kind, made when its module loads. */
export interface InstanceKind<T extends PooledInstance> {
  name: string;
  create(): T | Promise<T>;
}

interface Waiter {
  bytes: number;
  admit(): void;
}

interface Idle {
  kind: InstanceKind<PooledInstance>;
  instance: PooledInstance;
}

interface Taken extends Idle {
  plannedBytes: number;
  /** What it had more than planned when it was taken. */
  excessBytes: number;
}

const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;

/**
 * One per isolate. Running jobs keep others out by what they are admitted for. Idle instances keep
 * nobody out: they make room, yet only when a job is about to grow into it, since the next job is
 * likely to take the very instances that its admission would drop.
 */
export class MemoryGate {
  readonly #running = new Set<Workspace>();
  /** Oldest first. */
  readonly #idle: Idle[] = [];
  readonly #waiting: Waiter[] = [];

  constructor(readonly budgetBytes: number = MEMORY_BUDGET_BYTES) {}

  /** Bytes that really exist: of jobs' instances and buffers, and of idle instances. */
  get heldBytes(): number {
    let bytes = this.#idleBytes();
    for (const workspace of this.#running) bytes += workspace.heldBytes;
    return bytes;
  }

  /** Bytes that running jobs may come to hold. */
  get reservedBytes(): number {
    let bytes = 0;
    for (const workspace of this.#running) bytes += workspace.committedBytes;
    return bytes;
  }

  /** @throws AppError memory_limit when a job of `bytes` could never be admitted */
  check(bytes: number): void {
    if (bytes <= this.budgetBytes) return;
    throw new AppError(
      "memory_limit",
      `This conversion needs ${mib(bytes)} of memory; the limit is ${mib(this.budgetBytes)}.`,
      { limit: "memory_budget", limit_bytes: this.budgetBytes, needed_bytes: bytes },
    );
  }

  /**
   * Admits a job that needs up to `bytes`, in order of arrival.
   * @throws AppError memory_limit when it could never fit, busy (retryable) when it does not fit
   *   within `waitMs`
   */
  async admit(bytes: number, waitMs = 30_000): Promise<Workspace> {
    this.check(bytes);
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return await this.#wait(bytes, waitMs);
    return this.#start(bytes);
  }

  #start(bytes: number): Workspace {
    const workspace = new Workspace(this, bytes);
    this.#running.add(workspace);
    return workspace;
  }

  #wait(bytes: number, waitMs: number): Promise<Workspace> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        admit: () => {
          clearTimeout(timer);
          resolve(this.#start(bytes));
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(new AppError("busy", "The converter is busy; try again shortly."));
        this.#admitWaiting(); // a smaller one behind may fit
      }, waitMs);
      this.#waiting.push(waiter);
    });
  }

  #fits(bytes: number): boolean {
    return this.reservedBytes + bytes <= this.budgetBytes;
  }

  #idleBytes(): number {
    return this.#idle.reduce((sum, { instance }) => sum + instance.bytes, 0);
  }

  #admitWaiting(): void {
    while (this.#waiting[0] && this.#fits(this.#waiting[0].bytes)) this.#waiting.shift()?.admit();
  }

  /** @internal For Workspace. Drops idle instances until every running job could grow to its limit. */
  makeRoom(): void {
    while (this.#idle.length > 0 && this.reservedBytes + this.#idleBytes() > this.budgetBytes) {
      this.#idle.shift();
    }
  }

  /**
   * @internal For Workspace. The idle instance that fits `plannedBytes` best: the largest of those
   * that are not larger, else the smallest.
   */
  takeIdle<T extends PooledInstance>(kind: InstanceKind<T>, plannedBytes: number): T | undefined {
    const excess = ({ instance }: Idle) => instance.bytes - plannedBytes;
    const [best] = this.#idle
      .filter((entry) => entry.kind === kind)
      .toSorted((a, b) => {
        const fit = excess(a) <= 0 && excess(b) <= 0;
        return fit ? excess(b) - excess(a) : excess(a) - excess(b);
      });
    if (!best) return undefined;
    this.#idle.splice(this.#idle.indexOf(best), 1);
    return best.instance as T;
  }

  /** @internal For Workspace. */
  release(workspace: Workspace, instances: Iterable<Idle>): void {
    this.#running.delete(workspace);
    try {
      this.putBack(instances);
    } finally {
      this.#admitWaiting();
    }
  }

  /** @internal For Workspace. */
  putBack(instances: Iterable<Idle>): void {
    try {
      for (const { kind, instance } of instances) {
        instance.beforeGrowth = undefined;
        instance.wipe();
        this.#idle.push({ kind, instance });
      }
    } finally {
      this.makeRoom();
    }
  }
}

/**
 * One job's share of the memory. Everything a job allocates by the size of its picture comes from
 * here, and all of it is gone after `close`.
 */
export class Workspace {
  readonly #instances: Taken[] = [];
  #buffers = 0;
  #peakBuffers = 0;
  /** Of the passes that have ended. */
  #pastPeak = 0;
  /** Set when the job has ended: its instances belong to others then. */
  #finalPeak: number | undefined;

  constructor(
    readonly gate: MemoryGate,
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
    this.#peakBuffers = kept.byteLength;
    this.gate.putBack(this.#instances.splice(0));
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
