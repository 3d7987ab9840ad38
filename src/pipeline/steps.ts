/**
 * Which part of the file is decoded, how far reduced, and which operations follow it in which order.
 */
import type { FilterName } from "../kernels/filters.ts";
import { crop } from "../operations/crop.ts";
import { expand } from "../operations/expand.ts";
import { flatten } from "../operations/flatten.ts";
import { grayToSrgb } from "../operations/gray-to-srgb.ts";
import { enlargePixelArt } from "../operations/hqx.ts";
import type { Operation } from "../operations/operation.ts";
import { orient, TURNS } from "../operations/orient.ts";
import { pad } from "../operations/pad.ts";
import { findSource, resize } from "../operations/resize.ts";
import type { ColourPlan } from "./colour.ts";
import {
  isSameSize,
  sizeOf,
  toStored,
  transposeSize,
  type Geometry,
  type Rect,
  type Size,
} from "./geometry.ts";
import type { ResolvedOptions } from "./options.ts";
import type { DecodePlan, PictureInfo, Source } from "./picture.ts";

/** The furthest reduction that still leaves at least the target's size to resample from. */
export function chooseScale(
  source: Source,
  target: Size,
  { kernel, linearLight }: ResolvedOptions,
): number {
  // Reducing averages, which "nearest" must not.
  if (kernel === "nearest") return 1;
  // Decoders average values, not light.
  if (linearLight) return 1;
  // A side of one pixel stays one when it is reduced.
  if (target.width >= source.width && target.height >= source.height) return 1;
  return source.scales.reduce(
    (best, scale) =>
      scale > best &&
      Math.ceil(source.width / scale) >= target.width &&
      Math.ceil(source.height / scale) >= target.height
        ? scale
        : best,
    1,
  );
}

/** The part of the reduced picture that is needed, where the source can deliver that alone. */
export function chooseRegion(
  source: Source,
  reduced: PictureInfo,
  scale: number,
  geometry: Geometry,
  options: ResolvedOptions,
): Rect | null {
  // Nothing is cut off: all of the file is read, so that one that breaks off is refused.
  if (isSameSize(geometry.window, geometry.full)) return null;
  if (source.isDrawing) return isSameSize(reduced, geometry.full) ? geometry.window : null;
  if (!source.regions || !isShrinking(geometry, reduced)) return null;
  const { full, window, extent } = toStoredGeometry(source, scale, geometry);
  const region = findSource(reduced, full, window, filterOf(options), extent);
  return isSameSize(region, reduced) ? null : region;
}

/**
 * Turning buffers the picture and the steps on every pixel take time, so they come where the
 * picture is smaller: after shrinking, before enlarging.
 */
export function chainSteps(
  reduced: PictureInfo,
  source: Source,
  { scale, region, drawn, passes }: DecodePlan & { passes: number },
  options: ResolvedOptions,
  geometry: Geometry,
  colour: ColourPlan,
): Operation[] {
  const { full, window, canvas, at } = geometry;
  const steps: Operation[] = [];
  let current: PictureInfo = { ...reduced, ...(region && sizeOf(region)) };
  const add = (make: (input: PictureInfo) => Operation | null): void => {
    const step = make(current);
    if (!step) return;
    steps.push(step);
    current = step.output;
  };
  const addWholePictureSteps = (): void => {
    add((input) => orient(input, source.orientation, passes));
    add((input) => grayToSrgb(input, colour.grayTable));
    add((input) => (colour.flattenOn ? flatten(input, colour.flattenOn) : null));
  };
  const how = { filter: filterOf(options), linearLight: options.linearLight };

  if (drawn && isSameSize(drawn, full)) addWholePictureSteps();
  else if (isShrinking(geometry, reduced)) {
    const stored = toStoredGeometry(source, scale, geometry);
    const part = region && { x: region.x, y: region.y, of: sizeOf(reduced) };
    const extent = drawn ?? stored.extent;
    add((input) => resize(input, stored.full, stored.window, how, extent, part));
    // Not resized: nothing of the window has been cut yet, unless by the decoder.
    if (steps.length === 0 && !region) add((input) => crop(input, stored.window));
    addWholePictureSteps();
  } else {
    addWholePictureSteps();
    if (options.kernel === "hqx") add((input) => enlargePixelArt(input, ratioTo(full, input)));
    add((input) => resize(input, full, window, how) ?? crop(input, window));
  }
  add((input) => expand(input, colour.channels));
  add((input) => pad(input, canvas, at, colour.padColour));
  return steps;
}

/** Whether the result, before margins, is smaller than what is decoded. */
const isShrinking = ({ window }: Geometry, reduced: Size): boolean =>
  window.width * window.height <= reduced.width * reduced.height;

/** Where the stored picture, reduced, is resized to and cut, before it is turned. */
function toStoredGeometry(
  { orientation, width, height }: Source,
  scale: number,
  geometry: Geometry,
) {
  const turn = TURNS[orientation];
  return {
    full: transposeSize(geometry.full, turn),
    window: toStored(geometry.window, geometry.full, turn),
    extent: { width: width / scale, height: height / scale },
  };
}

const filterOf = ({ kernel }: ResolvedOptions): FilterName =>
  kernel === "hqx" ? "catmull-rom" : kernel;

function ratioTo(target: Size, { width, height }: Size): number {
  return Math.max(target.width / width, target.height / height);
}
