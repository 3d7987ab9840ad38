/** The text of paths. */
import { fitCurves, tangentAt, type Curve, type Point } from "./curves.ts";
import type { Vertex } from "./edge-points.ts";

/** Decimal places are tenths of a pixel. */
const PRECISION = 10;

/** @returns nothing where there is no area */
export function writeCurved(vertices: readonly Vertex[], tolerance: number): string {
  const count = vertices.length;
  if (count < 3) return "";
  const from = Math.max(
    0,
    vertices.findIndex(({ isCorner }) => isCorner),
  );
  const loop = Array.from({ length: count + 1 }, (_, i) => vertices[(from + i) % count] as Vertex);
  const curves: Curve[] = [];
  if (loop[0]?.isCorner) {
    let start = 0;
    for (let i = 1; i <= count; i++) {
      if (!loop[i]?.isCorner) continue;
      curves.push(...fitCurves(loop.slice(start, i + 1), tolerance, { start: null, end: null }));
      start = i;
    }
  } else {
    const around = [loop[count - 1] as Vertex, ...loop, loop[1] as Vertex];
    const tangent = tangentAt(around, 1, 0, 2);
    curves.push(
      ...fitCurves(loop, tolerance, { start: tangent, end: { x: -tangent.x, y: -tangent.y } }),
    );
  }
  return writeCurves(loop[0] as Vertex, curves);
}

function writeCurves(start: Point, curves: readonly Curve[]): string {
  const whole = ({ x, y }: Point): Point => ({
    x: Math.round(x * PRECISION),
    y: Math.round(y * PRECISION),
  });
  let last = whole(start);
  let letter = "M";
  let text = `M${number(last.x)}${separated(last.y)}`;
  for (const { controls, end } of curves) {
    const points = [...(controls ?? []), end].map(whole);
    const next = controls ? "c" : "l";
    const numbers = points.flatMap(({ x, y }) => [x - last.x, y - last.y]);
    text += numbers
      .map((value, i) => (i === 0 && next !== letter ? next + number(value) : separated(value)))
      .join("");
    letter = next;
    last = points.at(-1) as Point;
  }
  return `${text}z`;
}

const number = (value: number): string => {
  const text = String(value / PRECISION);
  return text.startsWith("0.")
    ? text.slice(1)
    : text.startsWith("-0.")
      ? `-${text.slice(2)}`
      : text;
};

const separated = (value: number): string => (value < 0 ? number(value) : ` ${number(value)}`);

/** A colour of 24 bits, as CSS has it. */
export function hex(colour: number): string {
  const digits = colour.toString(16).padStart(6, "0");
  const isShort = digits[0] === digits[1] && digits[2] === digits[3] && digits[4] === digits[5];
  return isShort ? `#${digits[0]}${digits[2]}${digits[4]}` : `#${digits}`;
}
