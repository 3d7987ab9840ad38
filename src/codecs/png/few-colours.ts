import type { Channels } from "../../pipeline/picture.ts";

const SAMPLES = 4096;
const PALETTE_COLOURS = 256;

/**
 * Whether pixels seem to come from a palette: dithered ones repeat patterns, not neighbours. Photos
 * show more colours within a few hundred samples. Gray counts for nothing, it has 256 at most.
 */
export function hasFewColours(pixels: Uint8Array, channels: Channels): boolean {
  if (channels === 1) return false;
  const step = channels * Math.max(1, Math.floor(pixels.length / channels / SAMPLES));
  const seen = new Set<number>();
  let isColoured = false;
  for (let i = 0; i + channels <= pixels.length; i += step) {
    const [r = 0, g = 0, b = 0] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    isColoured ||= r !== g || g !== b;
    seen.add((r << 16) | (g << 8) | b);
    if (seen.size > PALETTE_COLOURS) return false;
  }
  return isColoured;
}
