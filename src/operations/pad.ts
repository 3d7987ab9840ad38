/** A larger canvas of one colour with the picture somewhere on it. */
import type { Workspace } from "../pipeline/memory.ts";
import type { Rect, Size } from "../pipeline/geometry.ts";
import { STRIP_ROWS, type PictureInfo, type Strip } from "../pipeline/picture.ts";
import { sliceStrips, type Operation } from "./operation.ts";

/**
 * @param at where the picture goes; its size is the picture's
 * @param colour one value a channel of the picture. Given in sRGB and used as it is where the
 *   picture carries a wider profile: the difference is within that of two screens
 */
export function pad(
  input: PictureInfo,
  canvas: Size,
  at: Rect,
  colour: readonly number[],
): Operation | null {
  if (canvas.width === input.width && canvas.height === input.height) return null;
  const inputRowBytes = input.width * input.channels;
  const rowBytes = canvas.width * input.channels;
  const left = at.x * input.channels;

  async function* run(
    strips: AsyncIterable<Strip>,
    workspace: Workspace,
  ): AsyncGenerator<Strip, void, undefined> {
    const margin = paint(workspace.allocate(STRIP_ROWS * rowBytes), colour);
    const middle = paint(workspace.allocate(STRIP_ROWS * rowBytes), colour);

    function* paintRows(from: number, to: number): Generator<Strip> {
      for (let y = from; y < to; y += STRIP_ROWS) {
        const rows = Math.min(STRIP_ROWS, to - y);
        yield { y, rows, data: margin.subarray(0, rows * rowBytes) };
      }
    }

    yield* paintRows(0, at.y);
    for await (const { y, rows, data } of sliceStrips(strips, inputRowBytes, workspace)) {
      for (let from = 0, to = left; from < data.length; from += inputRowBytes, to += rowBytes) {
        middle.set(data.subarray(from, from + inputRowBytes), to);
      }
      yield { y: at.y + y, rows, data: middle.subarray(0, rows * rowBytes) };
    }
    yield* paintRows(at.y + at.height, canvas.height);
  }

  return {
    name: "pad",
    output: { ...input, width: canvas.width, height: canvas.height },
    memoryBytes: 2 * STRIP_ROWS * rowBytes,
    run,
  };
}

function paint(pixels: Uint8Array, colour: readonly number[]): Uint8Array {
  pixels.set(colour);
  // Doubles what is painted until all is.
  for (let done = colour.length; done < pixels.length; done *= 2) {
    pixels.copyWithin(done, 0, Math.min(done, pixels.length - done));
  }
  return pixels;
}
