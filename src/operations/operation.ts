/** What the plan knows of an operation, and how its rows are made. */
import { ENGINE } from "../kernels/engine.ts";
import type { Workspace } from "../pipeline/memory.ts";
import { STRIP_ROWS, type PictureInfo, type Strip } from "../pipeline/picture.ts";

/**
 * One step between decoder and encoder. The function that makes one takes the description of its
 * input and answers null where there is nothing to do.
 */
export interface Operation {
  readonly name: string;
  readonly output: PictureInfo;
  /** Peak bytes it holds in the engine and in buffers. An upper bound. */
  readonly memoryBytes: number;
  /** @param strips each iteration makes them anew */
  run(strips: AsyncIterable<Strip>, workspace: Workspace): AsyncIterable<Strip>;
}

export interface RowShape {
  inputRowBytes: number;
  outputRowBytes: number;
}

/** Memory that `rewriteRows` takes. */
export function rewriteBytes({ outputRowBytes }: RowShape): number {
  return STRIP_ROWS * outputRowBytes;
}

/** Strips whose rows are each made from the row of the same place; at most STRIP_ROWS high. */
export async function* rewriteRows(
  strips: AsyncIterable<Strip>,
  { inputRowBytes, outputRowBytes }: RowShape,
  workspace: Workspace,
  /** Fills `target` from `source`; both hold the same number of rows. */
  rewrite: (source: Uint8Array, target: Uint8Array) => void,
): AsyncGenerator<Strip, void, undefined> {
  const buffer = workspace.allocate(STRIP_ROWS * outputRowBytes);
  for await (const slice of sliceStrips(strips, inputRowBytes, workspace)) {
    const data = buffer.subarray(0, slice.rows * outputRowBytes);
    rewrite(slice.data, data);
    yield { y: slice.y, rows: slice.rows, data };
  }
  workspace.free(buffer);
}

/** The same rows in strips of at most STRIP_ROWS. */
export async function* sliceStrips(
  strips: AsyncIterable<Strip>,
  rowBytes: number,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const engine = await workspace.take(ENGINE);
  for await (const { y, rows, data } of strips) {
    const current = engine.pin(data);
    for (let row = 0; row < rows; row += STRIP_ROWS) {
      const count = Math.min(STRIP_ROWS, rows - row);
      const slice = current().subarray(row * rowBytes, (row + count) * rowBytes);
      yield { y: y + row, rows: count, data: slice };
    }
  }
}
