/** What crop, turn and mirror properties make of a picture, together. */
import type { Orientation } from "../../pipeline/picture.ts";
import { damaged, unsupported } from "./failures.ts";
import type { Property } from "./properties.ts";

/** A part of the coded picture, in pixels. */
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How x and y, to the right and down, come from the stored x and y. */
export type Matrix = readonly [xx: number, xy: number, yx: number, yy: number];

const QUARTER: Matrix = [0, 1, -1, 0];
const MIRRORS = { rows: [1, 0, 0, -1], columns: [-1, 0, 0, 1] } as const;

/** By EXIF's number, less one. */
const ORIENTATIONS: readonly Matrix[] = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [-1, 0, 0, -1],
  [1, 0, 0, -1],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, -1, -1, 0],
  [0, 1, -1, 0],
];

const after = (b: Matrix, a: Matrix): Matrix => [
  b[0] * a[0] + b[1] * a[2],
  b[0] * a[1] + b[1] * a[3],
  b[2] * a[0] + b[3] * a[2],
  b[2] * a[1] + b[3] * a[3],
];

/** The properties apply in their order; what EXIF says of the orientation does not count beside them. */
export function readOrientation(properties: readonly Property[]): Orientation {
  let matrix: Matrix = [1, 0, 0, 1];
  for (const property of properties) {
    if (property.kind === "mirror") matrix = after(MIRRORS[property.across], matrix);
    if (property.kind === "turn") {
      for (let i = 0; i < property.quarters; i++) matrix = after(QUARTER, matrix);
    }
  }
  return orientationOf(matrix) ?? 1;
}

/** Null for matrices that do more, or less, than turn and mirror. */
export function orientationOf(matrix: Matrix): Orientation | null {
  const text = matrix.join();
  const index = ORIENTATIONS.findIndex((candidate) => candidate.join() === text);
  return index < 0 ? null : ((1 + index) as Orientation);
}

/**
 * The part that is shown. ISO/IEC 14496-12, section 12.1.4.
 * @throws AppError unsupported_feature where it is cut after the picture has been turned
 */
export function readWindow(
  properties: readonly Property[],
  { width, height }: { width: number; height: number },
): Window {
  const at = properties.findIndex(({ kind }) => kind === "crop");
  const crop = properties[at];
  if (crop?.kind !== "crop") return { x: 0, y: 0, width, height };
  if (properties.slice(0, at).some(({ kind }) => kind === "turn" || kind === "mirror")) {
    throw unsupported("clap", "Pictures that are turned before they are cropped cannot be read.");
  }
  const value = ({ numerator, denominator }: typeof crop.x) => numerator / denominator;
  const across = place(width, value(crop.width), value(crop.x));
  const down = place(height, value(crop.height), value(crop.y));
  return { x: across.start, y: down.start, width: across.length, height: down.length };
}

function place(side: number, part: number, shift: number): { start: number; length: number } {
  const length = Math.min(side, Math.round(part));
  const start = Math.round((side - part) / 2 + shift);
  // Comparisons with NaN are false.
  if (!(length > 0 && start >= 0 && start + length <= side)) {
    throw damaged("The picture is cropped to what lies outside of it.");
  }
  return { start, length };
}
