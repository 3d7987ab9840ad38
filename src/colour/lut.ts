/** Device colours to the connection space by a profile's tables: lut8, lut16 and lutAToB. */
import { clamp, readCurve, tableCurve, type Curve } from "./curves.ts";
import { readFixed, readSignature, type IccProfile } from "./icc.ts";

/** Device values, 0 to 1, to a colour of the profile's connection space in its own units. */
export type Evaluate = (device: Float64Array, pcs: Float64Array) => void;

/** The grid in the middle of a table, with its input channels. */
interface Grid {
  /** Points along each input. */
  points: readonly number[];
  values: Uint8Array | Uint16Array;
  /** The value that means 1. */
  full: 255 | 65_535;
}

const OUTPUTS = 3;

/**
 * @param inputs channels of the device
 * @returns null where the tag is missing or cannot be evaluated
 */
export function readLut(profile: IccProfile, tag: string, inputs: 3 | 4): Evaluate | null {
  const view = profile.tag(tag);
  if (!view || view.byteLength < 32) return null;
  if (view.getUint8(8) !== inputs || view.getUint8(9) !== OUTPUTS) return null;
  const type = readSignature(view, 0);
  if (type === "mft1") return readFixedLut(view, profile.pcs, inputs, 1);
  if (type === "mft2") return readFixedLut(view, profile.pcs, inputs, 2);
  if (type === "mAB ") return readStagedLut(view, profile.pcs, inputs);
  return null;
}

/** lut8Type and lut16Type, ICC.1:2022, 10.10 and 10.11: input tables, grid, output tables. */
function readFixedLut(
  view: DataView,
  pcs: IccProfile["pcs"],
  inputs: number,
  width: 1 | 2,
): Evaluate | null {
  const start = width === 1 ? 48 : 52;
  if (view.byteLength < start) return null;
  const inputEntries = width === 1 ? 256 : view.getUint16(48);
  const outputEntries = width === 1 ? 256 : view.getUint16(50);
  const points = Array.from({ length: inputs }, () => view.getUint8(10));
  const gridValues = points.reduce((product, n) => product * n, OUTPUTS);
  const grid = start + width * inputs * inputEntries;
  const output = grid + width * gridValues;
  if (inputEntries < 2 || outputEntries < 2 || points.some((n) => n < 2)) return null;
  if (output + width * OUTPUTS * outputEntries > view.byteLength) return null;

  const sample = sampler(view, width);
  const curvesAt = (base: number, count: number, entries: number): Curve[] =>
    Array.from({ length: count }, (_, c) =>
      tableCurve(entries, (i) => sample(base + width * (c * entries + i))),
    );
  const before = curvesAt(start, inputs, inputEntries);
  const after = curvesAt(output, OUTPUTS, outputEntries);
  const interpolate = createInterpolation({ points, ...readValues(view, grid, gridValues, width) });
  // lut16 keeps the encoding of Lab that ICC version 2 had: 0xff00 is 100.
  const scale = pcs === "Lab " && width === 2 ? 65_535 / 65_280 : 1;
  return (device, colour) => {
    applyCurves(before, device);
    interpolate(device, colour);
    applyCurves(after, colour);
    decodePcs(pcs, colour, scale);
  };
}

/** lutAToBType, ICC.1:2022, 10.12: A curves, grid, M curves, matrix, B curves; some left out. */
function readStagedLut(view: DataView, pcs: IccProfile["pcs"], inputs: number): Evaluate | null {
  const [b, matrixAt, m, gridAt, a] = [12, 16, 20, 24, 28].map((at) => view.getUint32(at));
  const before = a ? readCurves(view, a, inputs) : [];
  const middle = m ? readCurves(view, m, OUTPUTS) : [];
  const after = b ? readCurves(view, b, OUTPUTS) : [];
  const grid = gridAt ? readGrid(view, gridAt, inputs) : null;
  const matrix = matrixAt ? readMatrix(view, matrixAt) : [];
  if (!before || !middle || !after || !matrix) return null;
  // Without a grid there are as many inputs as outputs, and nothing else is allowed.
  if (gridAt ? !grid : inputs !== OUTPUTS) return null;
  const interpolate = grid
    ? createInterpolation(grid)
    : (from: Float64Array, to: Float64Array) => to.set(from);
  return (device, colour) => {
    applyCurves(before, device);
    interpolate(device, colour);
    applyCurves(middle, colour);
    if (matrix.length > 0) applyMatrix(matrix, colour);
    applyCurves(after, colour);
    decodePcs(pcs, colour, 1);
  };
}

function readCurves(view: DataView, offset: number, count: number): Curve[] | null {
  const curves: Curve[] = [];
  let at = offset;
  for (let i = 0; i < count; i++) {
    const read = readCurve(view, at);
    if (!read) return null;
    curves.push(read.curve);
    at += (read.bytes + 3) & ~3;
  }
  return curves;
}

function readGrid(view: DataView, offset: number, inputs: number): Grid | null {
  if (offset + 20 > view.byteLength) return null;
  const points = Array.from({ length: inputs }, (_, i) => view.getUint8(offset + i));
  const width = view.getUint8(offset + 16);
  if ((width !== 1 && width !== 2) || points.some((n) => n < 2)) return null;
  const values = points.reduce((product, n) => product * n, OUTPUTS);
  if (offset + 20 + width * values > view.byteLength) return null;
  return { points, ...readValues(view, offset + 20, values, width) };
}

/** In the machine's byte order: a grid is read far more often than it has values. */
function readValues(
  view: DataView,
  offset: number,
  count: number,
  width: 1 | 2,
): Pick<Grid, "values" | "full"> {
  if (width === 1) {
    return { values: new Uint8Array(view.buffer, view.byteOffset + offset, count), full: 255 };
  }
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getUint16(offset + 2 * i);
  return { values, full: 65_535 };
}

/** 3 by 3, row by row, then 3 offsets. */
function readMatrix(view: DataView, offset: number): number[] | null {
  if (offset + 48 > view.byteLength) return null;
  return Array.from({ length: 12 }, (_, i) => readFixed(view, offset + 4 * i));
}

function applyMatrix(matrix: readonly number[], colour: Float64Array): void {
  const [x = 0, y = 0, z = 0] = colour;
  for (let row = 0; row < 3; row++) {
    const [a = 0, b = 0, c = 0] = matrix.slice(row * 3, row * 3 + 3);
    colour[row] = a * x + b * y + c * z + (matrix[9 + row] ?? 0);
  }
}

function applyCurves(curves: readonly Curve[], values: Float64Array): void {
  for (let i = 0; i < curves.length; i++) values[i] = clamp(curves[i]?.(values[i] ?? 0) ?? 0);
}

/** Encoded 0 to 1 to Lab or XYZ, ICC.1:2022, 6.3.4. */
function decodePcs(pcs: IccProfile["pcs"], colour: Float64Array, scale: number): void {
  const [x = 0, y = 0, z = 0] = colour;
  if (pcs === "Lab ") {
    colour[0] = x * scale * 100;
    colour[1] = y * scale * 255 - 128;
    colour[2] = z * scale * 255 - 128;
  } else {
    for (let i = 0; i < OUTPUTS; i++) colour[i] = (colour[i] ?? 0) * (65_535 / 32_768);
  }
}

const sampler = (view: DataView, width: 1 | 2): ((offset: number) => number) =>
  width === 1
    ? (offset) => view.getUint8(offset) / 255
    : (offset) => view.getUint16(offset) / 65_535;

/**
 * Multilinear interpolation; the last input varies fastest. Allocates nothing per colour. An input
 * that lies on a point has no second corner.
 */
function createInterpolation(grid: Grid): (from: Float64Array, to: Float64Array) => void {
  const { points, values, full } = grid;
  const inputs = points.length;
  const strides = points.map((_, i) => points.slice(i + 1).reduce((p, n) => p * n, OUTPUTS));
  const corners = new Uint32Array(1 << inputs);
  const weights = new Float64Array(1 << inputs);
  return (from, to) => {
    let count = 1;
    corners[0] = 0;
    weights[0] = 1 / full;
    for (let i = 0; i < inputs; i++) {
      const last = (points[i] as number) - 1;
      const stride = strides[i] as number;
      const position = clamp(from[i] as number) * last;
      const index = Math.min(Math.floor(position), last - 1);
      const upper = position - index;
      const known = count;
      for (let corner = 0; corner < known; corner++) {
        const at = (corners[corner] as number) + index * stride;
        const weight = weights[corner] as number;
        corners[corner] = upper === 1 ? at + stride : at;
        if (upper === 0 || upper === 1) continue;
        weights[corner] = weight * (1 - upper);
        corners[count] = at + stride;
        weights[count++] = weight * upper;
      }
    }
    let [x, y, z] = [0, 0, 0];
    for (let corner = 0; corner < count; corner++) {
      const at = corners[corner] as number;
      const weight = weights[corner] as number;
      x += weight * (values[at] as number);
      y += weight * (values[at + 1] as number);
      z += weight * (values[at + 2] as number);
    }
    to[0] = x;
    to[1] = y;
    to[2] = z;
  };
}
