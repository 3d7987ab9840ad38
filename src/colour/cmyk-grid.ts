/**
 * Inks to screen colours, on a grid: a profile (or, without one, a model of printing) is evaluated
 * once a picture, and pixels are interpolated.
 */
import { CMYK_GRID_SCALE, CMYK_POINTS, type CmykGrid } from "../kernels/cmyk-grid.ts";
import { fromLinear, toLinear } from "./curves.ts";
import { parseIcc, type IccProfile } from "./icc.ts";
import { readLut, type Evaluate } from "./lut.ts";
import { pcsToSrgb, pcsToXyz } from "./pcs.ts";

/**
 * Made anew for each picture with a profile, in about 30 ms: nothing of a customer's file outlasts
 * its job, and the first picture of an isolate, which no cache would help, is the usual one.
 * @param icc null or unusable: coated offset printing is assumed
 */
export function createCmykGrid(icc: Uint8Array | null): CmykGrid {
  const evaluate = icc && evaluateProfile(icc);
  return evaluate ? fillGrid(evaluate) : (defaultGrid ??= fillGrid(estimatePrint));
}

let defaultGrid: CmykGrid | undefined;

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
function fillGrid(evaluate: Evaluate): CmykGrid {
  const grid = new Uint16Array(CMYK_POINTS ** 4 * 3);
  const inks = new Float64Array(4);
  const colour = new Float64Array(3);
  const last = CMYK_POINTS - 1;
  for (let node = 0; node < CMYK_POINTS ** 4; node++) {
    inks[0] = Math.floor(node / CMYK_POINTS ** 3) / last;
    inks[1] = (Math.floor(node / CMYK_POINTS ** 2) % CMYK_POINTS) / last;
    inks[2] = (Math.floor(node / CMYK_POINTS) % CMYK_POINTS) / last;
    inks[3] = (node % CMYK_POINTS) / last;
    evaluate(inks, colour);
    for (let c = 0; c < 3; c++) {
      grid[node * 3 + c] = Math.round((colour[c] ?? 0) * 255 * CMYK_GRID_SCALE);
    }
  }
  return grid;
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
