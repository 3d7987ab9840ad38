/** Where a picture lies on a page, in points (72 an inch), from the lower left corner. Pure. */
import type { Size } from "../../pipeline/geometry.ts";
import type { Orientation } from "../../pipeline/picture.ts";
import type { PageLayout } from "../codec.ts";

const POINTS_PER_INCH = 72;
const POINTS_PER_MM = POINTS_PER_INCH / 25.4;

/** As browsers and most programs take a pixel. */
const DEFAULT_DPI = 96;

/** ISO 32000-1, annex C: longest side that readers take. */
const MAX_SIDE = 14_400;

/** Upright, in points. */
export const PAPER = {
  a3: { width: 841.89, height: 1190.55 },
  a4: { width: 595.28, height: 841.89 },
  a5: { width: 419.53, height: 595.28 },
  letter: { width: 612, height: 792 },
  legal: { width: 612, height: 1008 },
} as const satisfies Record<string, Size>;

export const DEFAULT_LAYOUT: PageLayout = {
  size: "fit",
  orientation: "auto",
  marginMm: 0,
  dpi: null,
};

export interface PlacedPicture {
  page: Size;
  /** The matrix that puts the unit square, which an image fills, in its place. */
  matrix: readonly number[];
}

/**
 * @param upright the picture's size as it is shown
 * @param orientation how it is stored
 */
export function placePicture(
  upright: Size,
  orientation: Orientation,
  { size, orientation: way, marginMm, dpi }: PageLayout,
): PlacedPicture {
  const margin = marginMm * POINTS_PER_MM;
  const unit = POINTS_PER_INCH / (dpi ?? DEFAULT_DPI);
  const natural = { width: upright.width * unit, height: upright.height * unit };
  if (size === "fit") {
    const most = MAX_SIDE - 2 * margin;
    const ratio = Math.min(1, most / natural.width, most / natural.height);
    const picture = { width: natural.width * ratio, height: natural.height * ratio };
    const page = { width: picture.width + 2 * margin, height: picture.height + 2 * margin };
    return { page, matrix: matrixOf(orientation, picture, { x: margin, y: margin }) };
  }
  const paper = PAPER[size];
  const isWide = way === "auto" ? upright.width > upright.height : way === "landscape";
  const page = isWide ? { width: paper.height, height: paper.width } : paper;
  const room = {
    width: Math.max(1, page.width - 2 * margin),
    height: Math.max(1, page.height - 2 * margin),
  };
  // On paper as large as it can be, unless it was said how large it is.
  const most = Math.min(room.width / natural.width, room.height / natural.height);
  const ratio = dpi === null ? most : Math.min(1, most);
  const picture = { width: natural.width * ratio, height: natural.height * ratio };
  const at = { x: (page.width - picture.width) / 2, y: (page.height - picture.height) / 2 };
  return { page, matrix: matrixOf(orientation, picture, at) };
}

/** For each EXIF orientation, where the stored picture's right and up point to, and its origin lies. */
const TURNS: Record<
  Orientation,
  readonly [a: number, b: number, c: number, d: number, e: number, f: number]
> = {
  1: [1, 0, 0, 1, 0, 0],
  2: [-1, 0, 0, 1, 1, 0],
  3: [-1, 0, 0, -1, 1, 1],
  4: [1, 0, 0, -1, 0, 1],
  5: [0, -1, -1, 0, 1, 1],
  6: [0, -1, 1, 0, 0, 1],
  7: [0, 1, 1, 0, 0, 0],
  8: [0, 1, -1, 0, 1, 0],
};

function matrixOf(
  orientation: Orientation,
  { width, height }: Size,
  { x, y }: { x: number; y: number },
): readonly number[] {
  const [a, b, c, d, e, f] = TURNS[orientation];
  return [a * width, b * height, c * width, d * height, e * width + x, f * height + y];
}
