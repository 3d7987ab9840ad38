/** Collects what an encoder writes row by row into chunks worth sending. */
import type { Workspace } from "../pipeline/memory.ts";

const CHUNK_BYTES = 128 * 1024;

export interface ChunkWriter {
  readonly bytes: Uint8Array;
  /** Where to write on; moved by who writes. */
  at: number;
  /** What is there, once it is a chunk's worth, as the receiver's own; else null. */
  take(): Uint8Array | null;
  /** The rest. */
  rest(): Uint8Array;
}

/** Upper bound, in bytes: the buffer, and a chunk that was taken. */
export const chunkWriterBytes = (rowBytes: number): number => 2 * (CHUNK_BYTES + rowBytes);

/** @param rowBytes the most that is written between two `take`s */
export function createChunkWriter(rowBytes: number, workspace: Workspace): ChunkWriter {
  const bytes = workspace.allocate(CHUNK_BYTES + rowBytes);
  const writer: ChunkWriter = {
    bytes,
    at: 0,
    take: () => (writer.at < CHUNK_BYTES ? null : writer.rest()),
    rest() {
      const chunk = bytes.slice(0, writer.at);
      writer.at = 0;
      return chunk;
    },
  };
  return writer;
}
