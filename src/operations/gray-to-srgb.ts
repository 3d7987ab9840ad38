/** Gray values of a profile to those of sRGB, for pictures that cannot carry the profile on. */
import type { PictureInfo } from "../pipeline/picture.ts";
import { rewriteBytes, rewriteRows, type Operation } from "./operation.ts";

/**
 * @param table the sRGB value of each gray value; applied to every channel but alpha, as they are
 *   all the same gray
 */
export function grayToSrgb(input: PictureInfo, table: Uint8Array | null): Operation | null {
  if (!table) return null;
  const rowBytes = input.width * input.channels;
  const shape = { inputRowBytes: rowBytes, outputRowBytes: rowBytes };
  const hasAlpha = input.channels === 4;
  return {
    name: "gray-to-srgb",
    output: { ...input, icc: null },
    memoryBytes: rewriteBytes(shape),
    run: (strips, workspace) =>
      rewriteRows(strips, shape, workspace, (source, target) => {
        for (let i = 0; i < target.length; i++) {
          const value = source[i] as number;
          target[i] = hasAlpha && (i & 3) === 3 ? value : (table[value] as number);
        }
      }),
  };
}
