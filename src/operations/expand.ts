/** Gray to RGB, and opaque to RGBA: for formats and canvases that need it. */
import type { Channels, PictureInfo } from "../pipeline/picture.ts";
import { rewriteBytes, rewriteRows, type Operation } from "./operation.ts";

export function expand(input: PictureInfo, channels: Channels): Operation | null {
  if (channels <= input.channels) return null;
  const { width } = input;
  const shape = { inputRowBytes: width * input.channels, outputRowBytes: width * channels };
  // Gray is its own red, green and blue.
  const [green, blue] = input.channels === 1 ? [0, 0] : [1, 2];
  return {
    name: "expand",
    output: { ...input, channels },
    memoryBytes: rewriteBytes(shape),
    run: (strips, workspace) =>
      rewriteRows(strips, shape, workspace, (source, target) => {
        for (let from = 0, to = 0; to < target.length; from += input.channels, to += channels) {
          target[to] = source[from] as number;
          target[to + 1] = source[from + green] as number;
          target[to + 2] = source[from + blue] as number;
          if (channels === 4) target[to + 3] = 255;
        }
      }),
  };
}
