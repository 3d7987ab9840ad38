/** A file's bytes one after the other, for decoders that read a row at a time without waiting. */
import { chunks, type ByteSource } from "../pipeline/bytes.ts";
import type { Workspace } from "../pipeline/memory.ts";

const CHUNK_BYTES = 64 * 1024;

export interface ByteWindow {
  /** Zeros follow `end`; the buffer is the same at all times. */
  readonly bytes: Uint8Array;
  /** What is read next; moved by who reads. Past `end` the file is too short. */
  at: number;
  end: number;
  /** Whether `wantedBytes` are there, or all that the file has. */
  isReady(): boolean;
  /** Makes it so; what was read is given up. */
  fill(): Promise<void>;
  close(): Promise<void>;
}

/** Upper bound of what a window holds, in bytes. */
export const byteWindowBytes = (wantedBytes: number): number =>
  wantedBytes + CHUNK_BYTES + 4 * CHUNK_BYTES;

/** @param wantedBytes the most that is read between two fillings */
export async function openByteWindow(
  source: ByteSource,
  offset: number,
  wantedBytes: number,
  workspace: Workspace,
): Promise<ByteWindow> {
  const bytes = workspace.allocate(wantedBytes + CHUNK_BYTES);
  const stream = chunks(await source.stream(offset), CHUNK_BYTES);
  let hasEnded = false;
  const window: ByteWindow = {
    bytes,
    ...{ at: 0, end: 0 },
    isReady: () => hasEnded || window.end - window.at >= wantedBytes,
    async fill() {
      bytes.copyWithin(0, window.at, window.end);
      window.end = Math.max(0, window.end - window.at);
      window.at = 0;
      while (!window.isReady()) {
        const { value } = await stream.next();
        if (value) bytes.set(value, window.end);
        else hasEnded = true;
        window.end += value?.length ?? 0;
      }
      bytes.fill(0, window.end);
    },
    close: async () => void (await stream.return()),
  };
  return window;
}
