/** Bytes of the file into the engine's memory. */
import { AppError } from "../../errors.ts";
import type { Engine } from "../../kernels/engine.ts";
import { chunks, type ByteSource } from "../../pipeline/bytes.ts";

/** A part of a file. */
export interface Place {
  offset: number;
  end: number;
}

const COPY_BYTES = 1024 * 1024;

export const unreadable = (): AppError =>
  new AppError("storage_unavailable", "The stored file could not be read to its end.");

/** @throws AppError storage_unavailable */
export async function copyInto(
  engine: Engine,
  pointer: number,
  bytes: ByteSource,
  { offset, end }: Place,
): Promise<void> {
  for (let position = offset; position < end;) {
    const chunk = await bytes.read(position, Math.min(COPY_BYTES, end - position));
    if (chunk.length === 0) throw unreadable();
    engine.view(pointer + position - offset, chunk.length).set(chunk);
    position += chunk.length;
  }
}

/** A part of the file that passes by; chunks are valid until the next one. */
export interface PartReader {
  /** @throws AppError storage_unavailable */
  next(): Promise<{ chunk: Uint8Array; final: boolean }>;
  close(): Promise<unknown>;
}

/** By one stream. */
export function streamPart(
  bytes: ByteSource,
  { offset, end }: Place,
  chunkBytes: number,
): PartReader {
  let position = offset;
  const open = async () => chunks(await bytes.stream(offset), chunkBytes);
  let source: ReturnType<typeof open> | undefined;
  return {
    async next() {
      const { value } = await (await (source ??= open())).next();
      if (!value) throw unreadable();
      const chunk = value.subarray(0, end - position);
      position += chunk.length;
      return { chunk, final: position === end };
    },
    close: async () => source && (await source).return(),
  };
}

/** By ranges: for parts that take turns, whose streams would wait for each other. */
export function rangePart(
  bytes: ByteSource,
  { offset, end }: Place,
  chunkBytes: number,
): PartReader {
  let position = offset;
  return {
    async next() {
      const size = Math.min(chunkBytes, end - position);
      const chunk = size > 0 ? await bytes.read(position, size) : new Uint8Array(0);
      if (chunk.length < size) throw unreadable();
      position += size;
      return { chunk, final: position === end };
    },
    close: () => Promise.resolve(),
  };
}
