/** How long a module may work that counts its steps (metering.ts, at build time). */
import { AppError } from "../errors.ts";

/** What `meter` adds to a module's exports. */
export interface MeteredExports {
  stepsLeft: WebAssembly.Global;
}

/** For what no file has an influence on, such as a module's start. */
const PLENTY = 1e12;

export class StepLimit {
  readonly #counter: WebAssembly.Global;
  readonly #what: string;

  /** @param what "The drawing", for messages */
  constructor({ stepsLeft }: MeteredExports, what: string) {
    this.#counter = stepsLeft;
    this.#what = what;
    this.lift();
  }

  /** For what the module's keeper does with it between files. */
  lift(): void {
    this.allow(PLENTY);
  }

  /** From now on; a step is an instruction, about. */
  allow(steps: number): void {
    this.#counter.value = BigInt(Math.ceil(steps));
  }

  /** @returns what a trap of the module was: the end of its steps, or itself */
  explain(thrown: unknown): unknown {
    if (!(thrown instanceof WebAssembly.RuntimeError) || this.#counter.value >= 0n) return thrown;
    return new AppError("too_complex", `${this.#what} takes too long to draw.`, {
      limit: "drawing_steps",
    });
  }
}
