/** What the CMYK kernel must give, in plain TypeScript. */
import { CMYK_GRID_SCALE, CMYK_POINTS, type CmykGrid } from "../../src/kernels/cmyk-grid.ts";

const STRIDE_K = 3;
const STRIDE_Y = STRIDE_K * CMYK_POINTS;
const STRIDE_M = STRIDE_Y * CMYK_POINTS;
const STRIDE_C = STRIDE_M * CMYK_POINTS;
const WEIGHT_SUM = 256;

/** For each byte: its grid point (a byte of 255 is the last one's predecessor plus all of 256). */
const CELL = new Uint8Array(256);
/** And how far it lies beyond that point, of WEIGHT_SUM. */
const BEYOND = new Uint16Array(256);
for (let value = 0; value < 256; value++) {
  const position = (value * (CMYK_POINTS - 1)) / 255;
  const cell = Math.min(Math.floor(position), CMYK_POINTS - 2);
  CELL[value] = cell;
  BEYOND[value] = Math.round((position - cell) * WEIGHT_SUM);
}

/**
 * Interpolation in the simplex around the point: from the cell's lowest corner along the axes in
 * order of their fractions, 5 corners instead of 16.
 */
export function interpolateInks(
  grid: CmykGrid,
  cmyk: Uint8Array,
  rgb: Uint8Array,
  pixels: number,
): void {
  const half = (CMYK_GRID_SCALE * WEIGHT_SUM) / 2;
  for (let i = 0, o = 0; i < pixels * 4; i += 4, o += 3) {
    const c = cmyk[i] as number;
    const m = cmyk[i + 1] as number;
    const y = cmyk[i + 2] as number;
    const k = cmyk[i + 3] as number;
    let node =
      (CELL[c] as number) * STRIDE_C +
      (CELL[m] as number) * STRIDE_M +
      (CELL[y] as number) * STRIDE_Y +
      (CELL[k] as number) * STRIDE_K;
    // Fraction and stride in one number each, through a sorting network, largest fraction first.
    const axisC = ((BEYOND[c] as number) << 16) | STRIDE_C;
    const axisM = ((BEYOND[m] as number) << 16) | STRIDE_M;
    const axisY = ((BEYOND[y] as number) << 16) | STRIDE_Y;
    const axisK = ((BEYOND[k] as number) << 16) | STRIDE_K;
    const highA = Math.max(axisC, axisM);
    const lowA = Math.min(axisC, axisM);
    const highB = Math.max(axisY, axisK);
    const lowB = Math.min(axisY, axisK);
    const innerA = Math.min(highA, highB);
    const innerB = Math.max(lowA, lowB);
    const first = Math.max(highA, highB);
    const second = Math.max(innerA, innerB);
    const third = Math.min(innerA, innerB);
    const fourth = Math.min(lowA, lowB);
    const f1 = first >> 16;
    const f2 = second >> 16;
    const f3 = third >> 16;
    const f4 = fourth >> 16;
    let weight = WEIGHT_SUM - f1;
    let red = weight * (grid[node] as number) + half;
    let green = weight * (grid[node + 1] as number) + half;
    let blue = weight * (grid[node + 2] as number) + half;
    node += first & 0xffff;
    weight = f1 - f2;
    red += weight * (grid[node] as number);
    green += weight * (grid[node + 1] as number);
    blue += weight * (grid[node + 2] as number);
    node += second & 0xffff;
    weight = f2 - f3;
    red += weight * (grid[node] as number);
    green += weight * (grid[node + 1] as number);
    blue += weight * (grid[node + 2] as number);
    node += third & 0xffff;
    weight = f3 - f4;
    red += weight * (grid[node] as number);
    green += weight * (grid[node + 1] as number);
    blue += weight * (grid[node + 2] as number);
    node += fourth & 0xffff;
    red += f4 * (grid[node] as number);
    green += f4 * (grid[node + 1] as number);
    blue += f4 * (grid[node + 2] as number);
    rgb[o] = red >> 16;
    rgb[o + 1] = green >> 16;
    rgb[o + 2] = blue >> 16;
  }
}
