/** A rectangle of the picture. Rows below it are not even decoded. */
import type { Rect } from "../pipeline/geometry.ts";
import type { PictureInfo, Strip } from "../pipeline/picture.ts";
import { rewriteBytes, rewriteRows, type Operation } from "./operation.ts";

export function crop(input: PictureInfo, { x, y, width, height }: Rect): Operation | null {
  if (width === input.width && height === input.height) return null;
  const inputRowBytes = input.width * input.channels;
  const outputRowBytes = width * input.channels;
  const shape = { inputRowBytes, outputRowBytes };
  const offset = x * input.channels;

  async function* rowsOf(strips: AsyncIterable<Strip>): AsyncGenerator<Strip, void, undefined> {
    for await (const strip of strips) {
      const first = Math.max(strip.y, y);
      const end = Math.min(strip.y + strip.rows, y + height);
      if (end > first) {
        const from = (first - strip.y) * inputRowBytes;
        const to = (end - strip.y) * inputRowBytes;
        yield { y: first - y, rows: end - first, data: strip.data.subarray(from, to) };
      }
      if (end === y + height) return;
    }
  }

  return {
    name: "crop",
    output: { ...input, width, height },
    memoryBytes: width === input.width ? 0 : rewriteBytes(shape),
    run: (strips, workspace) =>
      width === input.width
        ? rowsOf(strips)
        : rewriteRows(rowsOf(strips), shape, workspace, (source, target) => {
            for (let from = offset, to = 0; to < target.length; to += outputRowBytes) {
              target.set(source.subarray(from, from + outputRowBytes), to);
              from += inputRowBytes;
            }
          }),
  };
}
