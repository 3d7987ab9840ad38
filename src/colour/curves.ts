/** Tone curves of ICC profiles, and sRGB's own. Values are 0 to 1 on both sides. */
import { readFixed, readSignature } from "./icc.ts";

export type Curve = (x: number) => number;

export interface ReadCurve {
  curve: Curve;
  /** Length of its data without padding, for curves that lie one behind the other. */
  bytes: number;
}

/** sRGB's curve, IEC 61966-2-1. */
export function toLinear(encoded: number): number {
  return encoded <= 0.040_45 ? encoded / 12.92 : ((encoded + 0.055) / 1.055) ** 2.4;
}

export function fromLinear(linear: number): number {
  return linear <= 0.003_130_8 ? linear * 12.92 : 1.055 * linear ** (1 / 2.4) - 0.055;
}

export function clamp(x: number): number {
  return x > 0 ? Math.min(x, 1) : 0; // also what NaN becomes
}

/** A curve of type curv or para at `offset`; null where there is none that can be evaluated. */
export function readCurve(view: DataView | undefined, offset = 0): ReadCurve | null {
  if (!view || offset + 12 > view.byteLength) return null;
  const type = readSignature(view, offset);
  if (type === "curv") return readSampled(view, offset);
  if (type === "para") return readParametric(view, offset);
  return null;
}

/** ICC.1:2022, 10.6: no entries mean identity, one a gamma, more a table. */
function readSampled(view: DataView, offset: number): ReadCurve | null {
  const count = view.getUint32(offset + 8);
  const bytes = 12 + 2 * count;
  if (offset + bytes > view.byteLength) return null;
  if (count === 0) return { curve: (x) => x, bytes };
  if (count === 1) {
    const gamma = view.getUint16(offset + 12) / 256;
    return { curve: (x) => x ** gamma, bytes };
  }
  return { curve: tableCurve(count, (i) => view.getUint16(offset + 12 + 2 * i) / 65_535), bytes };
}

/** Linear interpolation in a table of `count` entries. */
export function tableCurve(count: number, entry: (index: number) => number): Curve {
  return (x) => {
    const position = clamp(x) * (count - 1);
    const index = Math.min(Math.floor(position), count - 2);
    const low = entry(index);
    return low + (entry(index + 1) - low) * (position - index);
  };
}

/** Parameters of each function type of ICC.1:2022, table 68. */
const PARAMETER_COUNTS = [1, 3, 4, 5, 7];

function readParametric(view: DataView, offset: number): ReadCurve | null {
  const type = view.getUint16(offset + 8);
  const count = PARAMETER_COUNTS[type];
  if (count === undefined || offset + 12 + 4 * count > view.byteLength) return null;
  const p = Array.from({ length: count }, (_, i) => readFixed(view, offset + 12 + 4 * i));
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = p;
  const power = (x: number): number => Math.max(a * x + b, 0) ** g;
  const curves: Curve[] = [
    (x) => x ** g,
    (x) => (a * x + b >= 0 ? power(x) : 0),
    (x) => (a * x + b >= 0 ? power(x) + c : c),
    (x) => (x >= d ? power(x) : c * x),
    (x) => (x >= d ? power(x) + e : c * x + f),
  ];
  const curve = curves[type];
  return curve ? { curve, bytes: 12 + 4 * count } : null;
}
