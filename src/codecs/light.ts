/** Light of any brightness as sRGB: 1 is white and what is brighter is cut off, as other converters do. */
import { clamp, fromLinear } from "../colour/curves.ts";
import type { Warning } from "../pipeline/picture.ts";

export const LIGHT_CUT_OFF: Warning = {
  code: "reduced_to_8_bit",
  message: "The picture has light of any brightness; what is brighter than white was cut off.",
};

/** The nearest of 256 values. */
export const encodeLight = (light: number): number => Math.round(255 * fromLinear(clamp(light)));
