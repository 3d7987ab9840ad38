/** What drawings have in common: they are of no size in pixels until somebody chooses one. */
import type { Rect, Size } from "../pipeline/geometry.ts";
import type { DecodePlan, Warning } from "../pipeline/picture.ts";

/** A part of a drawing that is `full` pixels large. */
export interface View extends Rect {
  full: Size;
}

export function viewOf({ drawn, region }: DecodePlan, own: Size): View {
  const full = drawn ?? own;
  return { ...(region ?? { ...full, x: 0, y: 0 }), full };
}

/**
 * Steps for pixels: of resvg's, text and lines take 80, a picture 1,600, a shadow of a tenth of the
 * size 7,500. A file's own size is anybody's word, and earns less.
 */
const STEPS_A_PIXEL = { asked: 6000, own: 250 } as const;
const MOST_STEPS = 100e9;

/**
 * How long a drawing may take, in steps of the module that draws it (step-limit.ts).
 * @param least what any may take
 */
export function drawingSteps(least: number, full: Size, own: Size): number {
  const isOwn = full.width === own.width && full.height === own.height;
  const forPixels = STEPS_A_PIXEL[isOwn ? "own" : "asked"] * full.width * full.height;
  return Math.min(least + forPixels, MOST_STEPS);
}

/**
 * The size of a drawing where nobody asks for another, in whole pixels.
 * @param wanted may be fractions
 * @param mayShrink whether it is made to fit the limits, because the size is nobody's wish
 */
export function ownSize(
  wanted: Size,
  mayShrink: boolean,
  { maxSide, maxPixels }: { maxSide: number; maxPixels: number },
): { size: Size; warnings: Warning[] } {
  const { width, height } = wanted;
  const size = { width: wholeSide(width), height: wholeSide(height) };
  const isEmpty = !(width > 0 && height > 0);
  if (isEmpty) return { size: { width: 0, height: 0 }, warnings: [] };
  const ratio = Math.min(
    maxSide / Math.max(width, height),
    Math.sqrt(maxPixels / (width * height)),
  );
  if (ratio >= 1 || !mayShrink) return { size, warnings: [] };
  const shrunk = {
    width: Math.max(1, Math.floor(width * ratio)),
    height: Math.max(1, Math.floor(height * ratio)),
  };
  const message = `The drawing is made ${shrunk.width}×${shrunk.height} pixels instead of ${size.width}×${size.height}, which is the largest allowed.`;
  return { size: shrunk, warnings: [{ code: "drawn_smaller", message }] };
}

const wholeSide = (side: number): number => Math.max(1, Math.round(side));
