/** Storing what a conversion makes. */
import type { FormatName } from "../formats.ts";
import type { Conversion } from "./convert.ts";
import type { SourceInfo, Warning } from "./picture.ts";

/**
 * Stores a file whole or, where `chunks` throws, not at all; what is written again replaces it. A
 * chunk is valid until the next is pulled.
 */
export type Write = (
  chunks: AsyncIterable<Uint8Array>,
  mimeType: string,
) => Promise<{ sizeBytes: number }>;

/** The file that was written last. */
export interface Written {
  format: FormatName;
  mimeType: string;
  width: number;
  height: number;
  /** The picture it was made from. */
  source: SourceInfo;
  warnings: readonly Warning[];
  sizeBytes: number;
  effort: Effort;
}

/** What it took. */
export interface Effort {
  /** Whole pictures and samples. */
  encodes: number;
  /** The most that was planned, and used, at a time. */
  plannedBytes: number;
  usedBytes: number;
}

export const NO_EFFORT: Effort = { encodes: 0, plannedBytes: 0, usedBytes: 0 };

/** One after the other. */
export function addEfforts(a: Effort, b: Effort): Effort {
  return {
    encodes: a.encodes + b.encodes,
    plannedBytes: Math.max(a.plannedBytes, b.plannedBytes),
    usedBytes: Math.max(a.usedBytes, b.usedBytes),
  };
}

export function effortOf({ plannedBytes, usedBytes }: Conversion): Effort {
  return { encodes: 1, plannedBytes, usedBytes: usedBytes() };
}

/** @param conversion one whose chunks have all been written */
export function describeWritten(conversion: Conversion, sizeBytes: number): Written {
  const { format, mimeType, width, height, source, warnings } = conversion;
  const effort = effortOf(conversion);
  return { format, mimeType, width, height, source, warnings, sizeBytes, effort };
}

/**
 * Writes the file unless it is longer than `maxBytes`; then nothing is stored.
 * @returns its length in either case
 */
export async function writeUpTo(
  maxBytes: number,
  { chunks, mimeType }: Pick<Conversion, "chunks" | "mimeType">,
  write: Write,
): Promise<number> {
  let total = 0;
  async function* limited(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      total += chunk.length;
      // Counted to its end: by how much it is too long says what to try next.
      if (total <= maxBytes) yield chunk;
    }
    if (total > maxBytes) throw new Error("The file is too long.");
  }
  try {
    await write(limited(), mimeType);
  } catch (thrown) {
    if (total <= maxBytes) throw thrown;
  }
  return total;
}
