/** Room in the engine for data whose amount is known only when it is there: equal chunks, reused. */
import { align, type Engine } from "./engine.ts";

export interface Chunk {
  start: number;
  /** Where what it holds ends. */
  end: number;
}

/** What `count` chunks take of the engine. */
export const chunkPoolBytes = (count: number, chunkBytes: number): number =>
  count * align(chunkBytes);

export function createChunkPool(engine: Engine, maxCount: number, chunkBytes: number) {
  const free: number[] = [];
  let allocated = 0;
  return {
    /** How many could still be taken. */
    get available(): number {
      return free.length + maxCount - allocated;
    },
    /** An empty chunk, or null when none is left. */
    take(): Chunk | null {
      let start = free.pop();
      if (start === undefined) {
        if (allocated === maxCount) return null;
        allocated++;
        start = engine.allocate(chunkBytes);
      }
      return { start, end: start };
    },
    /** The last of `chunks` while it holds less than `fillBytes`, else a new one of this pool. */
    withRoom(chunks: Chunk[], fillBytes: number): Chunk | null {
      const last = chunks.at(-1);
      if (last && last.end < last.start + fillBytes) return last;
      const next = this.take();
      if (next) chunks.push(next);
      return next;
    },
    release(chunk: Chunk): void {
      free.push(chunk.start);
    },
    /**
     * Turns all that waits in `from` into more of `to`, giving back its chunks.
     * @param code appends what lies from `start` to `end` to the target, until that has `fillBytes`,
     *   and returns where what is left begins
     * @returns false where no chunk is left
     */
    recode(
      from: Chunk[],
      to: Chunk[],
      fillBytes: number,
      code: (start: number, end: number, target: Chunk) => number,
    ): boolean {
      for (const chunk of from.splice(0)) {
        let at = chunk.start;
        while (at < chunk.end) {
          const target = this.withRoom(to, fillBytes);
          if (!target) return false;
          at = code(at, chunk.end, target);
        }
        this.release(chunk);
      }
      return true;
    },
  };
}
