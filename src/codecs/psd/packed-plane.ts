/** A channel's rows, packed (PackBits), as they are held until a picture is complete. */
import type { Workspace } from "../../pipeline/memory.ts";
import { damaged } from "./header.ts";

const BLOCK_BYTES = 256 * 1024;
const MAX_PACKET = 128;

/** Of noise, which does not repeat. */
export const maxPackedBytes = (rowBytes: number): number =>
  rowBytes + Math.ceil(rowBytes / MAX_PACKET);

const blockBytes = (width: number): number => Math.max(BLOCK_BYTES, maxPackedBytes(width));

/** Upper bound of what a plane holds, in bytes. */
export function planeBytes(width: number, height: number): number {
  const rows = Math.floor(blockBytes(width) / maxPackedBytes(width));
  return Math.ceil(height / rows) * blockBytes(width) + 2 * height;
}

export interface PackedPlane {
  add(row: Uint8Array): void;
  /** Of each row, as a PSD has them: 16 bits, the highest first. */
  readonly lengths: Uint8Array;
  /** Of all rows. */
  readonly bytes: number;
  /** All rows, packed; valid until it is released. */
  blocks(): Iterable<Uint8Array>;
  /** Each row, packed. */
  rows(): Generator<Uint8Array, void, undefined>;
}

export function createPlane(width: number, height: number, workspace: Workspace): PackedPlane {
  const blocks: { bytes: Uint8Array; filled: number }[] = [];
  const lengths = workspace.allocate(2 * height);
  const view = new DataView(lengths.buffer);
  let count = 0;
  let total = 0;
  return {
    add(row) {
      let block = blocks.at(-1);
      if (!block || block.filled + maxPackedBytes(width) > block.bytes.length) {
        block = { bytes: workspace.allocate(blockBytes(width)), filled: 0 };
        blocks.push(block);
      }
      const start = block.filled;
      block.filled = packRow(row, block.bytes, start);
      view.setUint16(2 * count++, block.filled - start);
      total += block.filled - start;
    },
    lengths,
    get bytes() {
      return total;
    },
    blocks: () => blocks.map(({ bytes, filled }) => bytes.subarray(0, filled)),
    *rows() {
      let row = 0;
      for (const { bytes, filled } of blocks) {
        for (let at = 0; at < filled; row++) {
          const end = at + view.getUint16(2 * row);
          yield bytes.subarray(at, end);
          at = end;
        }
      }
    },
  };
}

/** Three and more of a byte as runs, all else as it is. @returns where the row ends in `target` */
export function packRow(row: Uint8Array, target: Uint8Array, start: number): number {
  let to = start;
  for (let at = 0; at < row.length;) {
    const limit = Math.min(row.length, at + MAX_PACKET);
    let end = at + 1;
    while (end < limit && row[end] === row[at]) end++;
    if (end - at >= 3) {
      target[to++] = 257 - (end - at);
      target[to++] = row[at] as number;
      at = end;
      continue;
    }
    for (end = at + 1; end < limit; end++) {
      if (row[end] === row[end + 1] && row[end] === row[end + 2]) break;
    }
    target[to++] = end - at - 1;
    target.set(row.subarray(at, end), to);
    to += end - at;
    at = end;
  }
  return to;
}

/** @throws AppError invalid_image where a row is not as long as `target` */
export function unpackRow(packed: Uint8Array, target: Uint8Array): void {
  let to = 0;
  for (let at = 0; to < target.length;) {
    const head = packed[at++];
    if (head === undefined) throw damaged();
    if (head === 128) continue;
    const isRun = head > 128;
    const end = to + (isRun ? 257 - head : head + 1);
    const stored = isRun ? 1 : end - to;
    if (end > target.length || at + stored > packed.length) throw damaged();
    if (isRun) target.fill(packed[at] as number, to, end);
    else target.set(packed.subarray(at, at + stored), to);
    at += stored;
    to = end;
  }
}
