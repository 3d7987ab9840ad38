/**
 * Inks to screen colours. A profile (or, without one, a model of printing) is evaluated once on a
 * grid; pixels are interpolated in it with integers.
 */
import { fromLinear, toLinear } from "./curves.ts";
import { parseIcc, type IccProfile } from "./icc.ts";
import { readLut, type Evaluate } from "./lut.ts";
import { pcsToSrgb, pcsToXyz } from "./pcs.ts";

/**
 * Converts `pixels` pixels of `cmyk` (4 bytes each; 0 is no ink, 255 full ink) into `rgb` (3 bytes
 * each, sRGB).
 */
export type CmykToSrgb = (cmyk: Uint8Array, rgb: Uint8Array, pixels: number) => void;

/** Points of the grid along each ink. */
const POINTS = 17;
const STRIDE_K = 3;
const STRIDE_Y = STRIDE_K * POINTS;
const STRIDE_M = STRIDE_Y * POINTS;
const STRIDE_C = STRIDE_M * POINTS;

/** What the grid holds of 255, so that a weight of 256 keeps the sum within 31 bits. */
const GRID_SCALE = 256;
const WEIGHT_SUM = 256;

/** @param icc null or unusable: coated offset printing is assumed */
export function createCmykToSrgb(icc: Uint8Array | null): CmykToSrgb {
  const evaluate = icc && evaluateProfile(icc);
  const grid = evaluate ? fillGrid(evaluate) : (defaultGrid ??= fillGrid(estimatePrint));
  return (cmyk, rgb, pixels) => interpolate(grid, cmyk, rgb, pixels);
}

let defaultGrid: Uint16Array | undefined;

/** The profile's table for the perceptual, else the colorimetric intent; null without either. */
function evaluateProfile(icc: Uint8Array): Evaluate | null {
  const profile = parseIcc(icc);
  if (profile?.space !== "CMYK") return null;
  const lut = readLut(profile, "A2B0", 4) ?? readLut(profile, "A2B1", 4);
  if (!lut) return null;
  const black = findBlack(profile, lut);
  return (inks, colour) => {
    lut(inks, colour);
    pcsToSrgb(profile.pcs, colour, black);
  };
}

/** The luminance of all inks over each other; no black is lighter than L 50. */
function findBlack(profile: IccProfile, lut: Evaluate): number {
  const colour = new Float64Array(3);
  lut(new Float64Array([1, 1, 1, 1]), colour);
  pcsToXyz(profile.pcs, colour);
  return Math.min(Math.max(colour[1] ?? 0, 0), 0.184);
}

/** `evaluate` takes inks of 0 to 1 and gives sRGB of 0 to 1. */
function fillGrid(evaluate: Evaluate): Uint16Array {
  const grid = new Uint16Array(POINTS ** 4 * 3);
  const inks = new Float64Array(4);
  const colour = new Float64Array(3);
  const last = POINTS - 1;
  for (let node = 0; node < POINTS ** 4; node++) {
    inks[0] = Math.floor(node / POINTS ** 3) / last;
    inks[1] = (Math.floor(node / POINTS ** 2) % POINTS) / last;
    inks[2] = (Math.floor(node / POINTS) % POINTS) / last;
    inks[3] = (node % POINTS) / last;
    evaluate(inks, colour);
    for (let c = 0; c < 3; c++) {
      grid[node * 3 + c] = Math.round((colour[c] ?? 0) * 255 * GRID_SCALE);
    }
  }
  return grid;
}

/** For each byte: its grid point (a byte of 255 is the last one's predecessor plus all of 256). */
const CELL = new Uint8Array(256);
/** And how far it lies beyond that point, of WEIGHT_SUM. */
const BEYOND = new Uint16Array(256);
for (let value = 0; value < 256; value++) {
  const position = (value * (POINTS - 1)) / 255;
  const cell = Math.min(Math.floor(position), POINTS - 2);
  CELL[value] = cell;
  BEYOND[value] = Math.round((position - cell) * WEIGHT_SUM);
}

/**
 * Interpolation in the simplex around the point: from the cell's lowest corner along the axes in
 * order of their fractions, 5 corners instead of 16.
 */
function interpolate(grid: Uint16Array, cmyk: Uint8Array, rgb: Uint8Array, pixels: number): void {
  const half = (GRID_SCALE * WEIGHT_SUM) / 2;
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

/**
 * sRGB of full inks over each other: bit 0 cyan, 1 magenta, 2 yellow. Fitted, with the two below,
 * to what the CMYK profile of libvips makes of 13,824 colours (29 dB; 38 dB on a photograph).
 */
const OVERPRINTS = [
  [255, 255, 255],
  [0, 148, 225],
  [235, 23, 126],
  [33, 29, 112],
  [255, 232, 2],
  [0, 130, 51],
  [231, 26, 17],
  [33, 5, 0],
] as const;

/** Black ink lets this much of the light through that the colours under it reflect. */
const BLACK = [41, 49, 62].map((value) => toLinear(value / 255));

/** How dots spread light in paper (Yule and Nielsen's n). */
const SPREAD = 2.5;

const PRIMARIES = OVERPRINTS.map((rgb) => rgb.map((v) => toLinear(v / 255) ** (1 / SPREAD)));

/**
 * Neugebauer's model: light is the mean of the overprints, weighted by the area each one covers
 * (Demichel), black being a filter over it.
 */
function estimatePrint(inks: Float64Array, colour: Float64Array): void {
  const [c = 0, m = 0, y = 0, k = 0] = inks;
  colour.fill(0);
  for (let i = 0; i < 8; i++) {
    const area = (i & 1 ? c : 1 - c) * (i & 2 ? m : 1 - m) * (i & 4 ? y : 1 - y);
    for (let channel = 0; channel < 3; channel++) {
      colour[channel] = (colour[channel] ?? 0) + area * (PRIMARIES[i]?.[channel] ?? 0);
    }
  }
  for (let channel = 0; channel < 3; channel++) {
    const black = (BLACK[channel] ?? 0) ** (1 / SPREAD);
    const light = ((colour[channel] ?? 0) * (1 - k + k * black)) ** SPREAD;
    colour[channel] = fromLinear(light);
  }
}
