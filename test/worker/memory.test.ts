/** The admission gate and the instance pool, with real WASM memories. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../src/errors.ts";
import { ENGINE, ENGINE_BASE_BYTES, type Engine } from "../../src/kernels/engine.ts";
import { MIB } from "../../src/limits.ts";
import {
  MemoryGate,
  type InstanceKind,
  type PooledInstance,
  type Workspace,
} from "../../src/pipeline/memory.ts";

/** An instance that grows when told to, as codecs compiled to WASM do. */
class Growing implements PooledInstance {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  wipes = 0;
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }
  growTo(bytes: number): void {
    const missing = bytes - this.bytes;
    if (missing > 0) this.memory.grow(Math.ceil(missing / 65_536));
  }
  wipe(): void {
    this.wipes++;
    new Uint8Array(this.memory.buffer).fill(0);
  }
}

const kind = (name: string): InstanceKind<Growing> => ({ name, create: () => new Growing() });

const code = async (promise: Promise<unknown>): Promise<string | undefined> => {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};

afterEach(() => {
  vi.useRealTimers();
});

describe("admission", () => {
  it("refuses what could never fit and names the limit", async () => {
    const gate = new MemoryGate(10 * MIB);
    await expect(gate.admit(11 * MIB)).rejects.toMatchObject({
      code: "memory_limit",
      details: { limit: "memory_budget", limit_bytes: 10 * MIB, needed_bytes: 11 * MIB },
    });
    expect(gate.reservedBytes).toBe(0);
  });

  it("admits in order of arrival: a small job does not overtake a large one", async () => {
    const gate = new MemoryGate(10 * MIB);
    const first = await gate.admit(8 * MIB);
    const order: string[] = [];
    const large = gate.admit(6 * MIB).then((workspace) => (order.push("large"), workspace));
    const small = gate.admit(1 * MIB).then((workspace) => (order.push("small"), workspace));
    first.close("succeeded");
    (await large).close("succeeded");
    (await small).close("succeeded");
    expect(order).toEqual(["large", "small"]);
    expect(gate.reservedBytes).toBe(0);
  });

  it("answers busy, to be retried, when waiting took too long, and lets the next one in", async () => {
    vi.useFakeTimers();
    const gate = new MemoryGate(10 * MIB);
    const running = await gate.admit(8 * MIB);
    const large = code(gate.admit(6 * MIB, 1000));
    const small = gate.admit(1 * MIB, 5000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await large).toBe("busy");
    expect(new AppError("busy", "").traits.retryable).toBe(true);
    (await small).close("succeeded");
    running.close("succeeded");
    expect(gate.reservedBytes).toBe(0);
  });

  it("returns a reservation once, however often and however a job ends", async () => {
    const gate = new MemoryGate(10 * MIB);
    const workspace = await gate.admit(4 * MIB);
    const other = await gate.admit(4 * MIB);
    workspace.close("failed");
    workspace.close("succeeded");
    expect(gate.reservedBytes).toBe(4 * MIB);
    other.close("succeeded");
    expect(gate.reservedBytes).toBe(0);
  });

  it("refuses a buffer that the plan did not foresee", async () => {
    const workspace = await new MemoryGate(10 * MIB).admit(2 * MIB);
    const buffer = workspace.allocate(2 * MIB);
    expect(() => workspace.allocate(1)).toThrow(AppError);
    workspace.free(buffer);
    workspace.allocate(MIB);
    expect(workspace.usedBytes).toBe(MIB);
    expect(workspace.peakBytes).toBe(2 * MIB);
  });
});

describe("the pool", () => {
  it("gives the same instance to the next job, wiped", async () => {
    const gate = new MemoryGate(10 * MIB);
    const codec = kind("codec");
    const first = await gate.admit(2 * MIB);
    const instance = await first.take(codec, 2 * MIB);
    expect(await first.take(codec)).toBe(instance);
    first.close("succeeded");
    expect(instance.wipes).toBe(1);
    const second = await gate.admit(2 * MIB);
    expect(await second.take(codec, 2 * MIB)).toBe(instance);
  });

  it("drops the instances of a failed job", async () => {
    const gate = new MemoryGate(10 * MIB);
    const codec = kind("codec");
    const first = await gate.admit(2 * MIB);
    const instance = await first.take(codec);
    first.close("failed");
    expect(gate.heldBytes).toBe(0);
    const second = await gate.admit(2 * MIB);
    expect(await second.take(codec)).not.toBe(instance);
  });

  it("never gives one instance to two jobs at once", async () => {
    const gate = new MemoryGate(10 * MIB);
    const codec = kind("codec");
    const [a, b] = [await gate.admit(2 * MIB), await gate.admit(2 * MIB)];
    expect(await a.take(codec)).not.toBe(await b.take(codec));
  });

  it("drops idle instances when a job needs their room, the oldest first", async () => {
    const gate = new MemoryGate(10 * MIB);
    const kinds = [kind("a"), kind("b"), kind("c")];
    for (const each of kinds.slice(0, 2)) {
      const workspace = await gate.admit(4 * MIB);
      (await workspace.take(each, 4 * MIB)).growTo(4 * MIB);
      workspace.close("succeeded");
    }
    expect(gate.heldBytes).toBe(8 * MIB);
    const workspace = await gate.admit(5 * MIB);
    (await workspace.take(kinds[2]!, 5 * MIB)).growTo(5 * MIB);
    expect(gate.heldBytes).toBe(9 * MIB);
    workspace.close("succeeded");
    const again = await gate.admit(5 * MIB);
    expect((await again.take(kinds[1]!, 4 * MIB)).wipes).toBe(1);
    expect((await again.take(kinds[0]!, MIB)).wipes).toBe(0);
  });

  it("keeps the instances that the next job of the kind takes, although both would not fit", async () => {
    const gate = new MemoryGate(10 * MIB);
    const codec = kind("codec");
    let previous: Growing | undefined;
    for (let i = 0; i < 3; i++) {
      const workspace = await gate.admit(8 * MIB);
      const instance = await workspace.take(codec, 8 * MIB);
      instance.growTo(7 * MIB);
      if (previous) expect(instance).toBe(previous);
      previous = instance;
      workspace.close("succeeded");
      expect(gate.heldBytes).toBe(7 * MIB);
    }
  });

  it("reserves what a pooled instance has more than the job planned", async () => {
    const gate = new MemoryGate(10 * MIB);
    const codec = kind("codec");
    const large = await gate.admit(6 * MIB);
    (await large.take(codec, 6 * MIB)).growTo(6 * MIB);
    large.close("succeeded");
    const small = await gate.admit(2 * MIB);
    await small.take(codec, 1 * MIB);
    expect(small.usedBytes).toBe(1 * MIB);
    expect(gate.reservedBytes).toBe(7 * MIB);
    expect(await code(gate.admit(4 * MIB, 0))).toBe("busy");
    small.close("succeeded");
    expect(gate.reservedBytes).toBe(0);
  });
});

describe("a job in several passes", () => {
  it("keeps what is reserved and one buffer; the rest goes back, wiped", async () => {
    const gate = new MemoryGate(10 * MIB);
    const growing = kind("growing");
    const workspace = await gate.admit(6 * MIB);
    const first = await workspace.take(growing, 3 * MIB);
    first.growTo(3 * MIB);
    const kept = workspace.allocate(1 * MIB);
    workspace.allocate(2 * MIB);
    workspace.endPass(kept);
    expect([first.wipes, gate.reservedBytes]).toEqual([1, 6 * MIB]);
    expect([workspace.usedBytes, workspace.peakBytes]).toEqual([1 * MIB, 6 * MIB]);

    expect(await workspace.take(growing, 5 * MIB)).toBe(first);
    expect(await code(gate.admit(5 * MIB, 0))).toBe("busy");
    workspace.close("succeeded");
    expect(gate.reservedBytes).toBe(0);
    expect(workspace.peakBytes).toBe(6 * MIB);
  });

  it("makes room: what a pass gave back is no reason to hold more than the budget", async () => {
    const gate = new MemoryGate(8 * MIB);
    const workspace = await gate.admit(7 * MIB);
    (await workspace.take(kind("first"), 6 * MIB)).growTo(6 * MIB);
    workspace.endPass(workspace.allocate(1 * MIB));
    (await workspace.take(kind("second"), 6 * MIB)).growTo(6 * MIB);
    expect(gate.heldBytes).toBeLessThanOrEqual(8 * MIB);
    workspace.close("succeeded");
  });
});

describe("a job in parts", () => {
  it("gives back what a part took, zeroed, but for what lasts", async () => {
    const gate = new MemoryGate(20 * MIB);
    const workspace = await gate.admit(20 * MIB);
    const engine = await workspace.take(ENGINE);
    const before = engine.allocate(1000);
    engine.view(before, 1000).fill(3);
    workspace.allocate(1 * MIB);
    const mark = workspace.mark();
    for (let part = 0; part < 50; part++) {
      const at = engine.allocate(2 * MIB);
      expect(engine.view(at, 2 * MIB).every((byte) => byte === 0)).toBe(true);
      engine.view(at, 2 * MIB + 64).fill(9);
      workspace.allocate(3 * MIB);
      if (part === 7) workspace.allocateLasting(2 * MIB);
      workspace.rewind(mark);
    }
    expect(engine.view(before, 1000).every((byte) => byte === 3)).toBe(true);
    expect(workspace.usedBytes - engine.usedBytes).toBe(3 * MIB);
    expect(workspace.peakBytes).toBeGreaterThan(8 * MIB);
    expect(engine.bytes).toBeLessThan(3 * MIB);
    workspace.close("succeeded");
  });

  it("wipes instances that cannot tell what the part took", async () => {
    const gate = new MemoryGate(10 * MIB);
    const workspace = await gate.admit(8 * MIB);
    const mark = workspace.mark();
    const growing = await workspace.take(kind("growing"), 1 * MIB);
    workspace.rewind(mark);
    expect(growing.wipes).toBe(1);
    workspace.close("succeeded");
  });
});

describe("the engine", () => {
  it("is no larger at first than every plan says", async () => {
    const engine = await ENGINE.create();
    expect(engine.bytes).toBeLessThanOrEqual(ENGINE_BASE_BYTES);
  });

  const PATTERN = 0xa7;
  async function scribble(workspace: Workspace): Promise<Engine> {
    const engine = await workspace.take(ENGINE);
    const at = engine.allocate(3 * MIB);
    engine.view(at, 3 * MIB).fill(PATTERN);
    // Kernels work in blocks and may write past the arena's end.
    engine.view(0, engine.bytes).fill(PATTERN, engine.bytes - 1000);
    return engine;
  }

  for (const outcome of ["succeeded", "failed"] as const) {
    it(`holds no byte of a job that ${outcome}, and works again`, async () => {
      const gate = new MemoryGate(10 * MIB);
      const workspace = await gate.admit(4 * MIB);
      const engine = await scribble(workspace);
      workspace.close(outcome);
      const memory = engine.view(0, engine.bytes);
      const pair = memory.findIndex((byte, i) => byte === PATTERN && memory[i + 1] === PATTERN);
      expect(pair).toBe(-1);
      const next = await gate.admit(4 * MIB);
      expect(await next.take(ENGINE)).toBe(engine);
      const at = engine.allocate(3 * MIB);
      expect(engine.view(at, 3 * MIB).every((byte) => byte === 0)).toBe(true);
    });
  }

  it("counts for a job what the job allocated, not what an earlier one made it grow to", async () => {
    const gate = new MemoryGate(10 * MIB);
    const first = await gate.admit(6 * MIB);
    (await first.take(ENGINE)).allocate(5 * MIB);
    first.close("succeeded");
    const second = await gate.admit(2 * MIB);
    (await second.take(ENGINE)).allocate(1 * MIB);
    expect(second.usedBytes).toBeLessThanOrEqual(2 * MIB);
    expect(gate.reservedBytes).toBeGreaterThan(5 * MIB);
    expect(gate.heldBytes).toBeLessThanOrEqual(gate.budgetBytes);
  });

  it("keeps a view's place when the memory grows", async () => {
    const engine = await ENGINE.create();
    const at = engine.allocate(16);
    engine.view(at, 16).fill(5);
    const pinned = engine.pin(engine.view(at, 16));
    engine.allocate(MIB);
    expect(pinned()).toEqual(new Uint8Array(16).fill(5));
    const own = new Uint8Array(3);
    expect(engine.pin(own)()).toBe(own);
  });
});
