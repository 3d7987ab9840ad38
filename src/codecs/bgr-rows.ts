/** Rows of sRGB with blue first, as BMP and TGA store colours. */
import { openRgbToSrgb } from "../colour/rgb.ts";
import type { Workspace } from "../pipeline/memory.ts";

/** Packs a row of pixels into a place that has as many bytes. */
export type PackRow = (source: Uint8Array, target: Uint8Array) => void;

/** Takes of the workspace what `rgbToSrgbBytes` says. */
export async function createBgrPacker(
  { width, channels, icc }: { width: number; channels: 3 | 4; icc: Uint8Array | null },
  workspace: Workspace,
): Promise<PackRow> {
  const toSrgb = await openRgbToSrgb(icc, workspace);
  return (source, target) => {
    target.set(source);
    toSrgb?.(target, width, channels);
    for (let i = 0; i < target.length; i += channels) {
      const red = target[i] as number;
      target[i] = target[i + 2] as number;
      target[i + 2] = red;
    }
  };
}
