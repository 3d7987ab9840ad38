/**
 * The isolate's memory: an admission gate in front of every job, and the pool of WASM instances
 * that jobs take from and give back. WASM memory never shrinks and dropped instances are collected
 * late, so instances are kept, wiped after each job, and dropped only after an error or when their
 * room is needed.
 */
import { AppError } from "../errors.ts";
import { MEMORY_BUDGET_BYTES } from "../limits.ts";
import {
  mib,
  Workspace,
  type Idle,
  type InstanceKind,
  type Pool,
  type PooledInstance,
} from "./workspace.ts";

export type { InstanceKind, PooledInstance, Workspace };

interface Waiter {
  bytes: number;
  admit(): void;
}

/**
 * One per isolate. Running jobs keep others out by what they are admitted for. Idle instances keep
 * nobody out: they make room, yet only when a job is about to grow into it, since the next job is
 * likely to take the very instances that its admission would drop.
 */
export class MemoryGate implements Pool {
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

  /** Drops idle instances until every running job could grow to its limit. */
  makeRoom(): void {
    while (this.#idle.length > 0 && this.reservedBytes + this.#idleBytes() > this.budgetBytes) {
      this.#idle.shift();
    }
  }

  /**
   * The idle instance that fits `plannedBytes` best: the largest of those
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

  release(workspace: Workspace, instances: Iterable<Idle>): void {
    this.#running.delete(workspace);
    try {
      this.putBack(instances);
    } finally {
      this.#admitWaiting();
    }
  }

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
