/** The part of a coded picture that is shown. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Strip } from "../../pipeline/picture.ts";
import type { Window } from "./transform.ts";

interface Size {
  width: number;
  height: number;
}

/** The most rows of a strip that are cut at a time. */
const ROWS = 64;

/** Bytes that `cropStrips` holds. */
export function cropMemory(coded: Size, shown: Size & { channels: number }): number {
  return shown.width === coded.width ? 0 : ROWS * shown.width * shown.channels;
}

/** Rows below the window are not decoded. */
export async function* cropStrips(
  strips: AsyncIterable<Strip>,
  coded: Size,
  window: Window,
  channels: number,
  workspace: Workspace,
): AsyncGenerator<Strip, void, undefined> {
  const inputBytes = coded.width * channels;
  const outputBytes = window.width * channels;
  const whole = inputBytes === outputBytes;
  const buffer = whole ? null : workspace.allocate(ROWS * outputBytes);
  const end = window.y + window.height;
  for await (const { y, rows, data } of strips) {
    for (let row = Math.max(y, window.y); row < Math.min(y + rows, end);) {
      const count = Math.min(whole ? rows : ROWS, y + rows - row, end - row);
      const from = (row - y) * inputBytes;
      let cut = data.subarray(from, from + count * inputBytes);
      if (buffer) {
        for (let i = 0; i < count; i++) {
          const start = i * inputBytes + window.x * channels;
          buffer.set(cut.subarray(start, start + outputBytes), i * outputBytes);
        }
        cut = buffer.subarray(0, count * outputBytes);
      }
      yield { y: row - window.y, rows: count, data: cut };
      row += count;
    }
    if (y + rows >= end) return;
  }
}
