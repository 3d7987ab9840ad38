/** What the pipeline asks of an ICC profile. None of these throws, whatever the bytes. */
import { clamp, fromLinear, readCurve, type Curve } from "./curves.ts";
import { parseIcc, readXyz, type IccProfile } from "./icc.ts";
import { readLut } from "./lut.ts";
import { cube, pcsToSrgb, SRGB_COLORANTS, XYZ_TO_LINEAR } from "./pcs.ts";

export interface ProfileDescription {
  /** The colour space of the pixels. */
  space: "RGB" | "GRAY" | "CMYK" | "other";
  /** Whether it says no more than sRGB (for gray: than sRGB's curve), so that it can be dropped. */
  isSrgb: boolean;
}

/** Converts pixels to sRGB in place, leaving alpha as it is. */
export type RgbToSrgb = (rgb: Uint8Array, pixels: number, channels: 3 | 4) => void;

const SPACES: Record<string, ProfileDescription["space"]> = {
  "RGB ": "RGB",
  GRAY: "GRAY",
  CMYK: "CMYK",
};

export const RGB_CURVES = ["rTRC", "gTRC", "bTRC"] as const;
const COLORANTS = ["rXYZ", "gXYZ", "bXYZ"] as const;

/** Largest differences that still count as sRGB: of a colorant, and of an encoded value. */
const COLORANT_TOLERANCE = 0.003;
const CURVE_TOLERANCE = 1.5 / 255;

/** Null where the bytes are no usable profile. */
export function describeProfile(icc: Uint8Array): ProfileDescription | null {
  const profile = parseIcc(icc);
  if (!profile) return null;
  const space = SPACES[profile.space] ?? "other";
  const isSrgb =
    (space === "RGB" && isRgbSrgb(profile)) || (space === "GRAY" && isGraySrgb(profile));
  return { space, isSrgb };
}

/** The 256 sRGB values of a gray profile's values; null where it cannot be evaluated. */
export function createGrayToSrgb(icc: Uint8Array): Uint8Array | null {
  const profile = parseIcc(icc);
  const toLight = profile && readGrayLight(profile);
  if (!toLight) return null;
  return Uint8Array.from({ length: 256 }, (_, i) =>
    Math.round(fromLinear(clamp(toLight(i / 255))) * 255),
  );
}

/**
 * By the profile's curves and matrix, else by its table. Colours outside sRGB are clipped.
 * @returns null where the profile cannot be evaluated
 */
export function createRgbToSrgb(icc: Uint8Array): RgbToSrgb | null {
  const profile = parseIcc(icc);
  if (profile?.space !== "RGB ") return null;
  return matrixConverter(profile) ?? tableConverter(profile);
}

function isRgbSrgb(profile: IccProfile): boolean {
  // With a table, the curves are only a fallback.
  if (profile.tag("A2B0") || profile.tag("A2B1")) return false;
  const colorantsMatch = COLORANTS.every((name) => {
    const found = readXyz(profile.tag(name));
    return found?.every(
      (value, i) => Math.abs(value - (SRGB_COLORANTS[name][i] ?? 0)) <= COLORANT_TOLERANCE,
    );
  });
  return (
    colorantsMatch && RGB_CURVES.every((name) => isSrgbCurve(readCurve(profile.tag(name))?.curve))
  );
}

function isGraySrgb(profile: IccProfile): boolean {
  return isSrgbCurve(readGrayLight(profile) ?? undefined);
}

function isSrgbCurve(curve: Curve | undefined): boolean {
  if (!curve) return false;
  for (let i = 0; i < 256; i++) {
    const difference = fromLinear(clamp(curve(i / 255))) - i / 255;
    if (Math.abs(difference) > CURVE_TOLERANCE) return false;
  }
  return true;
}

/** Gray to relative luminance. */
export function readGrayLight(profile: IccProfile): Curve | null {
  if (profile.space !== "GRAY") return null;
  const read = readCurve(profile.tag("kTRC"));
  if (!read) return null;
  if (profile.pcs === "XYZ ") return read.curve;
  return (x) => cube((read.curve(x) * 100 + 16) / 116);
}

/** Steps of linear light in the table back to encoded bytes; dark ones are 0.4 of a byte apart. */
const LINEAR_STEPS = 8191;

function matrixConverter(profile: IccProfile): RgbToSrgb | null {
  const curves = RGB_CURVES.map((name) => readCurve(profile.tag(name))?.curve);
  const columns = COLORANTS.map((name) => readXyz(profile.tag(name)));
  const tables = curves.map(
    (curve) => curve && Float64Array.from({ length: 256 }, (_, i) => clamp(curve(i / 255))),
  );
  const [red, green, blue] = tables;
  if (!red || !green || !blue || columns.some((column) => !column)) return null;
  const m = Float64Array.from({ length: 9 }, (_, i) => {
    const column = columns[i % 3] ?? [0, 0, 0];
    const row = Math.floor(i / 3) * 3;
    const sum = column.reduce(
      (total, value, k) => total + value * (XYZ_TO_LINEAR[row + k] ?? 0),
      0,
    );
    return sum * LINEAR_STEPS;
  });
  const encoded = Uint8Array.from({ length: LINEAR_STEPS + 1 }, (_, i) =>
    Math.round(fromLinear(i / LINEAR_STEPS) * 255),
  );
  const [m0 = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0, m5 = 0, m6 = 0, m7 = 0, m8 = 0] = m;
  const encode = (linear: number): number =>
    encoded[linear <= 0 ? 0 : linear >= LINEAR_STEPS ? LINEAR_STEPS : (linear + 0.5) | 0] as number;
  return (rgb, pixels, channels) => {
    for (let i = 0, end = pixels * channels; i < end; i += channels) {
      const r = red[rgb[i] as number] as number;
      const g = green[rgb[i + 1] as number] as number;
      const b = blue[rgb[i + 2] as number] as number;
      rgb[i] = encode(m0 * r + m1 * g + m2 * b);
      rgb[i + 1] = encode(m3 * r + m4 * g + m5 * b);
      rgb[i + 2] = encode(m6 * r + m7 * g + m8 * b);
    }
  };
}

/** Rare, so each colour is evaluated as it comes; runs of one colour are evaluated once. */
function tableConverter(profile: IccProfile): RgbToSrgb | null {
  const lut = readLut(profile, "A2B0", 3) ?? readLut(profile, "A2B1", 3);
  if (!lut) return null;
  const device = new Float64Array(3);
  const colour = new Float64Array(3);
  return (rgb, pixels, channels) => {
    let last = -1;
    for (let i = 0, end = pixels * channels; i < end; i += channels) {
      const key =
        ((rgb[i] as number) << 16) | ((rgb[i + 1] as number) << 8) | (rgb[i + 2] as number);
      if (key !== last) {
        for (let c = 0; c < 3; c++) device[c] = (rgb[i + c] as number) / 255;
        lut(device, colour);
        pcsToSrgb(profile.pcs, colour);
        last = key;
      }
      for (let c = 0; c < 3; c++) rgb[i + c] = Math.round((colour[c] as number) * 255);
    }
  };
}
