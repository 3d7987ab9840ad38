/** Linear light of a picture's values: by its profile's tone curves, else by sRGB's. */
import { LIGHT_ENTRIES, LIGHT_ONE, type LightTables } from "../kernels/light.ts";
import type { PictureInfo } from "../pipeline/picture.ts";
import { clamp, readCurve, toLinear, type Curve } from "./curves.ts";
import { parseIcc } from "./icc.ts";
import { readGrayLight, RGB_CURVES } from "./profile.ts";

/** Profiles whose curves are missing, or fall anywhere, are taken for sRGB. */
export function createLightTables({ channels, icc }: PictureInfo): LightTables {
  const curves = readCurves(channels === 1 ? "GRAY" : "RGB ", icc);
  const toLight = new Uint16Array(curves.length * 256);
  const fromLight = new Uint8Array(curves.length * LIGHT_ENTRIES);
  curves.forEach((curve, channel) => {
    const light = (value: number) => Math.round(clamp(curve(value / 255)) * LIGHT_ONE);
    for (let value = 0; value < 256; value++) toLight[channel * 256 + value] = light(value);
    // A light has the value whose own range, half a step to both sides, it lies in.
    const start = channel * LIGHT_ENTRIES;
    let value = 0;
    for (let i = 0; i <= LIGHT_ONE; i++) {
      while (value < 255 && light(value + 0.5) <= i) value++;
      fromLight[start + i] = value;
    }
  });
  return { toLight, fromLight };
}

function readCurves(space: "GRAY" | "RGB ", icc: Uint8Array | null): Curve[] {
  const standard = space === "GRAY" ? [toLinear] : [toLinear, toLinear, toLinear];
  const profile = icc && parseIcc(icc);
  if (profile?.space !== space) return standard;
  const curves =
    space === "GRAY"
      ? [readGrayLight(profile)]
      : RGB_CURVES.map((name) => readCurve(profile.tag(name))?.curve);
  const usable = curves.filter((curve) => !!curve).filter(rises);
  return usable.length === standard.length ? usable : standard;
}

/** Also false of curves that are not numbers somewhere. */
function rises(curve: Curve): boolean {
  for (let value = 0; value < 255; value++) {
    if (!(curve((value + 1) / 255) >= curve(value / 255))) return false;
  }
  return curve(1) > curve(0);
}
