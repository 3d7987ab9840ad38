/**
 * Shapes that look like a bitmap, to within an error: with smooth edges where there are few, which
 * are drawn and compared; else, or where that is not like it, along the sides of pixels, which is
 * as near as their colours are.
 */
import type { Size } from "../../../pipeline/geometry.ts";
import type { Workspace } from "../../../pipeline/memory.ts";
import { drawingBytes, measureError } from "./draw.ts";
import { sharpen, sharpenBytes } from "./edges.ts";
import { exactBytes, writeExactly } from "./exact.ts";
import { segment, segmentBytes, type Bitmap, type Bounds, type Regions } from "./regions.ts";
import { writeSmoothly } from "./smooth.ts";

/** Sides of pixels between areas at most: of noise, they make about 2 MB. */
const MAX_OUTLINE = 200_000;
/** What is seen of few areas, in squared differences a side, for each of the error that is allowed. */
const FAINT_SHARE = 6;

/** Of what has smooth edges: sides, what the vertices of one shape take for each, and characters. */
const SMOOTH_OUTLINE = 40_000;
const SIDE_BYTES = 150;
const SMOOTH_CHARACTERS = 200_000;
/** Where smooth edges need more than this a side, there is not much that is smooth. */
const SIDE_CHARACTERS = 4;
const FEW_CHARACTERS = 4096;
/** How much of the allowed error is for colours; the rest is for edges. */
const SMOOTH_SHARE = 0.5;
/** How far smooth edges may be beside, in pixels. */
const TOLERANCE = 0.3;

/** The most that smooth paths of so many pixels have. */
const smoothCharacters = ({ width, height }: Size): number =>
  Math.min(SMOOTH_CHARACTERS, 16 * width * height);

/** Upper bound, in bytes. */
export function tracingBytes(size: Size): number {
  const pixels = size.width * size.height;
  const outline = Math.min(SMOOTH_OUTLINE, 2 * pixels);
  const characters = smoothCharacters(size);
  const smooth =
    sharpenBytes(size, outline) +
    outline * SIDE_BYTES +
    2 * characters +
    drawingBytes(size, characters);
  const exact = exactBytes(size, Math.min(MAX_OUTLINE, 2 * pixels));
  const colours = 3 * pixels;
  return 4 * pixels + colours + Math.max(segmentBytes(size), smooth, exact);
}

/**
 * @param meanError squared, of a value; at 0 the shapes are the very pixels, if there are not too many
 * @returns parts of the paths' text
 */
export async function* traceBitmap(
  bitmap: Bitmap,
  meanError: number,
  workspace: Workspace,
): AsyncGenerator<string, void, undefined> {
  const { width, height, values } = bitmap;
  const labels = new Int32Array(workspace.allocate(width * height * 4).buffer);
  const error = meanError * values.length;
  const bounds: Bounds = {
    errors: [error * SMOOTH_SHARE, error],
    shortOutline: SMOOTH_OUTLINE,
    faintCost: FAINT_SHARE * meanError,
    maxOutline: MAX_OUTLINE,
  };
  let regions = segment(bitmap, bounds, labels, workspace);
  if (error > 0 && regions.outline <= SMOOTH_OUTLINE && regions.error <= error * SMOOTH_SHARE) {
    const mark = workspace.mark();
    const paths = await traceSmoothly(bitmap, regions, error, workspace);
    workspace.rewind(mark);
    if (paths !== null) return yield paths;
    regions = segment(bitmap, { ...bounds, errors: [error] }, labels, workspace);
  }
  yield* writeExactly(regions, bitmap, workspace);
}

/** Null where that is too much, or not like the bitmap. Changes the labels. */
async function traceSmoothly(
  bitmap: Bitmap,
  regions: Regions,
  error: number,
  workspace: Workspace,
): Promise<string | null> {
  const sharp = sharpen(bitmap, regions, workspace);
  const worth = SIDE_CHARACTERS * regions.outline + FEW_CHARACTERS;
  const most = Math.min(worth, smoothCharacters(bitmap));
  let paths = "";
  for (const path of writeSmoothly(bitmap, sharp, TOLERANCE)) {
    paths += path;
    if (paths.length > most) return null;
  }
  return (await measureError(paths, bitmap, most, workspace)) <= error ? paths : null;
}
