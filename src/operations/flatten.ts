/** Transparent pixels onto a colour. */
import type { PictureInfo } from "../pipeline/picture.ts";
import { rewriteBytes, rewriteRows, type Operation } from "./operation.ts";

/** @param background red, green, blue; in sRGB, see pad */
export function flatten(
  input: PictureInfo,
  background: readonly [number, number, number],
): Operation | null {
  if (input.channels !== 4) return null;
  const shape = { inputRowBytes: input.width * 4, outputRowBytes: input.width * 3 };
  return {
    name: "flatten",
    output: { ...input, channels: 3 },
    memoryBytes: rewriteBytes(shape),
    run: (strips, workspace) =>
      rewriteRows(strips, shape, workspace, (source, target) => blend(source, target, background)),
  };
}

function blend(
  rgba: Uint8Array,
  rgb: Uint8Array,
  [red, green, blue]: readonly [number, number, number],
): void {
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    const alpha = rgba[from + 3] as number;
    const rest = 255 - alpha;
    rgb[to] = divideBy255((rgba[from] as number) * alpha + red * rest);
    rgb[to + 1] = divideBy255((rgba[from + 1] as number) * alpha + green * rest);
    rgb[to + 2] = divideBy255((rgba[from + 2] as number) * alpha + blue * rest);
  }
}

/** Rounded, exact for products of two bytes. */
function divideBy255(product: number): number {
  const rounded = product + 128;
  return (rounded + (rounded >> 8)) >> 8;
}
