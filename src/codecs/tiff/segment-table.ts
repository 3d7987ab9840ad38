/** Where strips and tiles are, and how much they hold. */
import type { ByteSource } from "../../pipeline/bytes.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import { readIntegers } from "./directory.ts";
import { damaged, truncated } from "./failures.ts";
import type { SegmentLayout } from "./header.ts";
import { packedRowBytes, type Packing } from "./samples.ts";
import { COMPRESSION } from "./tags.ts";

/** How much larger than the file its strips may be together: some writers share equal tiles. */
const MAX_OVERLAP = 4;

export function describePacking(layout: SegmentLayout): Packing {
  const { bits, samples, planar, directory, lossless } = layout;
  // What is decoded is as the machine has it.
  const littleEndian = lossless !== undefined || directory.littleEndian;
  return { bits, samples: planar ? 1 : samples, littleEndian };
}

export const countPlanes = ({ planar, samples }: SegmentLayout): number => (planar ? samples : 1);

/** Where strips or tiles are, and how long. */
export interface SegmentTable {
  offsets: Uint32Array;
  byteCounts: Uint32Array;
}

/** @throws AppError invalid_image, truncated_image, before anything is decoded */
export async function readTable(
  source: ByteSource,
  header: SegmentLayout,
  workspace: Workspace,
): Promise<SegmentTable> {
  const { directory, segments, compression } = header;
  const { count } = segments;
  const allocate = () => new Uint32Array(workspace.allocate(count * 4).buffer);
  const [offsets, byteCounts] = [allocate(), allocate()];
  await readIntegers(source, directory, segments.offsets, offsets);
  if (segments.byteCounts) {
    await readIntegers(source, directory, segments.byteCounts, byteCounts);
  } else if (compression === COMPRESSION.none) {
    byteCounts.forEach((_, index) => (byteCounts[index] = rawBytes(header, index)));
  } else if (count === 1) {
    byteCounts[0] = source.size - (offsets[0] ?? 0);
  } else {
    throw damaged();
  }
  let total = 0;
  for (let index = 0; index < count; index++) {
    const bytes = byteCounts[index] ?? 0;
    if (bytes === 0) throw damaged();
    if ((offsets[index] ?? 0) + bytes > source.size) throw truncated();
    total += bytes;
  }
  if (total > source.size * MAX_OVERLAP) throw damaged("The TIFF's strips overlap.");
  return { offsets, byteCounts };
}

/** Rows that a strip or tile has in the picture. */
export function rowsOf({ segments, height }: SegmentLayout, index: number): number {
  const row = Math.floor(index / segments.columns) % segments.rows;
  return Math.min(segments.height, height - row * segments.height);
}

function rawBytes(header: SegmentLayout, index: number): number {
  const { segments } = header;
  // A tile is stored whole, also where the picture ends before it does.
  const rows = segments.isTiled ? segments.height : rowsOf(header, index);
  return rows * packedRowBytes(segments.width, describePacking(header));
}
