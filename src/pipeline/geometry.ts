/** Sizes and places: how a request's aspect, width, height, fit and gravity are met. Pure arithmetic. */
import type { Gravity, OutputOptions } from "./options.ts";

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  x: number;
  y: number;
}

export interface Geometry {
  /** What the whole picture is resized to. */
  full: Size;
  /** The part of `full` that is kept. */
  window: Rect;
  canvas: Size;
  /** Where the window lies on the canvas. */
  at: Rect;
}

type GeometryOptions = Pick<
  OutputOptions,
  "keepHeight" | "aspect" | "width" | "height" | "fit" | "gravity"
>;

/**
 * One gravity places everything, so that a place in a place is the place in the outermost: the
 * picture never needs to know of the frame that gave it its ratio.
 * @param source upright size
 * @param reduction what is left of each side in the end, up to 1
 */
export function layOut(source: Size, options: GeometryOptions, reduction = 1): Geometry {
  const { fit, gravity } = options;
  const part = { width: source.width, height: Math.max(1, source.height * options.keepHeight) };
  const frame = frameOf(part, options);
  const asked = resizeRatio(frame, options);
  const ratio = { x: asked.x * reduction, y: asked.y * reduction };
  const full = scaleSize(source, ratio);
  const scaledPart = scaleSize(part, ratio);
  const resized = scaleSize(frame, ratio);
  const target = {
    width: options.width === null ? resized.width : scaleSide(options.width, reduction),
    height: options.height === null ? resized.height : scaleSide(options.height, reduction),
  };
  const canvas = fit === "contain" || fit === "cover" ? target : resized;
  const kept = {
    width: Math.min(scaledPart.width, resized.width, canvas.width),
    height: Math.min(scaledPart.height, resized.height, canvas.height),
  };
  return {
    full,
    window: { ...kept, ...placeInside(full, kept, gravity, Math.ceil) },
    canvas,
    at: { ...kept, ...placeInside(canvas, kept, gravity, Math.floor) },
  };
}

/**
 * What is resized, in the source's pixels and parts of them: the picture, or the frame of another
 * ratio in it (`crop`) or around it (`pad`).
 */
function frameOf(source: Size, { aspect }: GeometryOptions): Size {
  if (!aspect) return source;
  const ratio = aspect.width / aspect.height;
  const isWider = source.width > source.height * ratio;
  return isWider === (aspect.mode === "crop")
    ? { width: Math.max(1, source.height * ratio), height: source.height }
    : { width: source.width, height: Math.max(1, source.width / ratio) };
}

interface Ratio {
  x: number;
  y: number;
}

function resizeRatio(frame: Size, { width, height, fit }: GeometryOptions): Ratio {
  const x = width === null ? null : width / frame.width;
  const y = height === null ? null : height / frame.height;
  if (x === null || y === null) {
    const only = x ?? y ?? 1;
    return { x: only, y: only };
  }
  if (fit === "fill") return { x, y };
  const larger = fit === "cover" || fit === "outside";
  const both = larger ? Math.max(x, y) : Math.min(x, y);
  return { x: both, y: both };
}

function scaleSize({ width, height }: Size, { x, y }: Ratio): Size {
  return { width: scaleSide(width, x), height: scaleSide(height, y) };
}

function scaleSide(side: number, ratio: number): number {
  return Math.max(1, Math.round(side * ratio));
}

const EDGES: Record<Gravity, readonly [x: number, y: number]> = {
  northwest: [0, 0],
  north: [0.5, 0],
  northeast: [1, 0],
  west: [0, 0.5],
  center: [0.5, 0.5],
  east: [1, 0.5],
  southwest: [0, 1],
  south: [0.5, 1],
  southeast: [1, 1],
};

/** Where `inner` goes in `outer`. @param round what becomes of half pixels */
function placeInside(
  outer: Size,
  inner: Size,
  gravity: Gravity,
  round: (value: number) => number,
): { x: number; y: number } {
  const [x, y] = EDGES[gravity];
  return {
    x: round((outer.width - inner.width) * x),
    y: round((outer.height - inner.height) * y),
  };
}

/** How stored pixels become upright ones: axes swapped, then columns, then rows reversed. */
export interface Turn {
  transpose: boolean;
  flipColumns: boolean;
  flipRows: boolean;
}

export function transposeSize({ width, height }: Size, { transpose }: Turn): Size {
  return transpose ? { width: height, height: width } : { width, height };
}

/** The rectangle of the stored picture that becomes `rect` of the upright one of size `full`. */
export function toStored(rect: Rect, full: Size, turn: Turn): Rect {
  const { width, height } = rect;
  const x = turn.flipColumns ? full.width - rect.x - width : rect.x;
  const y = turn.flipRows ? full.height - rect.y - height : rect.y;
  return turn.transpose ? { x: y, y: x, width: height, height: width } : { x, y, width, height };
}

export const sizeOf = ({ width, height }: Size): Size => ({ width, height });

export const isSameSize = (a: Size, b: Size): boolean =>
  a.width === b.width && a.height === b.height;
