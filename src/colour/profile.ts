/** What the pipeline asks of an ICC profile. None of these throws, whatever the bytes. */
import { clamp, fromLinear, readCurve, type Curve } from "./curves.ts";
import { parseIcc, readXyz, type IccProfile } from "./icc.ts";
import { cube, SRGB_COLORANTS } from "./pcs.ts";

export interface ProfileDescription {
  /** The colour space of the pixels. */
  space: "RGB" | "GRAY" | "CMYK" | "other";
  /** Whether it says no more than sRGB (for gray: than sRGB's curve), so that it can be dropped. */
  isSrgb: boolean;
}

const SPACES: Record<string, ProfileDescription["space"]> = {
  "RGB ": "RGB",
  GRAY: "GRAY",
  CMYK: "CMYK",
};

export const RGB_CURVES = ["rTRC", "gTRC", "bTRC"] as const;
export const COLORANTS = ["rXYZ", "gXYZ", "bXYZ"] as const;

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
