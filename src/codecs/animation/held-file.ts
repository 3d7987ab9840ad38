/** What comes after a file's first bytes, where these tell how long it is. */
import { AppError } from "../../errors.ts";
import { MIB } from "../../limits.ts";
import type { Workspace } from "../../pipeline/memory.ts";

const CHUNK_BYTES = 128 * 1024;

/** Bytes that holding up to `limitBytes` takes. */
export const heldBytes = (limitBytes: number): number => limitBytes + CHUNK_BYTES;

export function createHeldFile(limitBytes: number, workspace: Workspace) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  return {
    get bytes(): number {
      return total;
    },

    /** Copies the part. @throws AppError memory_limit */
    add(part: Uint8Array): void {
      if (total + part.length > limitBytes) throw outgrown(limitBytes);
      for (let at = 0; at < part.length;) {
        const used = total % CHUNK_BYTES;
        if (used === 0) chunks.push(workspace.allocateLasting(CHUNK_BYTES));
        const piece = part.subarray(at, at + CHUNK_BYTES - used);
        chunks.at(-1)?.set(piece, used);
        at += piece.length;
        total += piece.length;
      }
    },

    /** All of it, in order. */
    *parts(): Generator<Uint8Array, void, undefined> {
      for (const [i, chunk] of chunks.entries()) {
        yield chunk.subarray(0, Math.min(CHUNK_BYTES, total - i * CHUNK_BYTES));
      }
    },
  };
}

const outgrown = (limitBytes: number): AppError =>
  new AppError(
    "memory_limit",
    `The animation's file would be larger than the ${Math.ceil(limitBytes / MIB)} MiB that can be held of it.`,
    { limit: "animation_file", limit_bytes: limitBytes },
  );
