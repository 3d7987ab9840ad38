/** Sizes and places: how a request's width, height, fit and gravity are met. Pure arithmetic. */
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

/** @param source upright size */
export function layOut(source: Size, options: OutputOptions): Geometry {
  const { fit, gravity } = options;
  const full = resizedSize(source, options);
  const target = { width: options.width ?? full.width, height: options.height ?? full.height };
  const canvas = fit === "contain" || fit === "cover" ? target : full;
  const kept = {
    width: Math.min(full.width, canvas.width),
    height: Math.min(full.height, canvas.height),
  };
  return {
    full,
    window: { ...kept, ...placeInside(full, kept, gravity, Math.ceil) },
    canvas,
    at: { ...kept, ...placeInside(canvas, kept, gravity, Math.floor) },
  };
}

function resizedSize(source: Size, { width, height, fit }: OutputOptions): Size {
  if (width === null && height === null) return { width: source.width, height: source.height };
  const byWidth = (width ?? 0) / source.width;
  const byHeight = (height ?? 0) / source.height;
  if (width !== null && height !== null) {
    if (fit === "fill") return { width, height };
    const larger = fit === "cover" || fit === "outside";
    return byWidth < byHeight === larger
      ? { width: scaleSide(source.width, byHeight), height }
      : { width, height: scaleSide(source.height, byWidth) };
  }
  return width !== null
    ? { width, height: scaleSide(source.height, byWidth) }
    : { width: scaleSide(source.width, byHeight), height: height ?? 1 };
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
