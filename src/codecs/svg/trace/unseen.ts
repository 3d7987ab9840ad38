/** Colours of pixels that are not seen: those beside them, so that edges are the transparency's alone. */
import type { Bitmap } from "./regions.ts";

/** Alpha below which a colour means nothing. */
const SEEN_FROM = 16;

/** @param known a byte for each pixel, all 0 */
export function fillUnseen({ width, values, channels, weights }: Bitmap, known: Uint8Array): void {
  if (!weights) return;
  const count = weights.length;
  for (let p = 0; p < count; p++) known[p] = (weights[p] as number) >= SEEN_FROM ? 1 : 0;
  const fill = (p: number, beside: number): void => {
    if (known[p] || !known[beside]) return;
    known[p] = 1;
    values.copyWithin(p * channels, beside * channels, (beside + 1) * channels);
  };
  for (let p = 0; p < count; p++) {
    if (p % width !== 0) fill(p, p - 1);
    if (p >= width) fill(p, p - width);
  }
  for (let p = count - 1; p >= 0; p--) {
    if ((p + 1) % width !== 0) fill(p, p + 1);
    if (p + width < count) fill(p, p + width);
  }
}
