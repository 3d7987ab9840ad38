/** What becomes of a picture's profile, its channels and its transparency on the way out. */
import { createGrayToSrgb, describeProfile } from "../colour/profile.ts";
import { FORMATS } from "../formats.ts";
import type { Background, ResolvedOptions } from "./options.ts";
import type { Channels, PictureInfo, Warning } from "./picture.ts";

type Rgb = readonly [red: number, green: number, blue: number];

export interface ColourPlan {
  /** Profile the pixels keep; null for sRGB, or where it was none at all. */
  icc: Uint8Array | null;
  /** Whether the file does not need `icc` for its colours to be right. */
  isSrgb: boolean;
  /** For gray pixels that leave their profile behind. */
  grayTable: Uint8Array | null;
  /** What transparent pixels are put on; null where they stay. */
  flattenOn: Rgb | null;
  /** Channels of the picture in the file. */
  channels: Channels;
  /** One value a channel. */
  padColour: readonly number[];
  warnings: Warning[];
}

/** @param pads whether the canvas is larger than the picture */
export function planColour(
  { channels, icc }: PictureInfo,
  options: ResolvedOptions,
  pads: boolean,
): ColourPlan {
  const format = FORMATS[options.format];
  const { background } = options;
  const margin = pads ? marginColour(options.margin ?? background, format.alpha) : null;
  const flattens = channels === 4 && (!format.alpha || background?.alpha === 1);
  const output = outputChannels(flattens ? 3 : channels, format.gray, margin);
  const [red = 0, green = 0, blue = 0, alpha = 255] = margin ?? [];
  return {
    ...planProfile(channels, output, icc),
    flattenOn: flattens ? onWhite(background) : null,
    channels: output,
    padColour: output === 1 ? [red] : [red, green, blue, alpha].slice(0, output),
  };
}

type Margin = readonly [red: number, green: number, blue: number, alpha: number];

/** Transparent where that is possible and nothing else was asked for, else white. */
function marginColour(background: Background | null, canBeTransparent: boolean): Margin {
  if (!canBeTransparent) return [...onWhite(background), 255];
  if (!background) return [0, 0, 0, 0];
  const { r, g, b, alpha } = background;
  return [r, g, b, Math.round(alpha * 255)];
}

function outputChannels(channels: Channels, canBeGray: boolean, margin: Margin | null): Channels {
  if (margin && margin[3] < 255) return 4;
  const grayMargin = !margin || (margin[0] === margin[1] && margin[1] === margin[2]);
  return channels === 1 && !(canBeGray && grayMargin) ? 3 : channels;
}

/** The colour behind transparent pixels; a background that is transparent itself lies on white. */
function onWhite(background: Background | null): Rgb {
  if (!background) return [255, 255, 255];
  const { r, g, b, alpha } = background;
  const blend = (value: number) => Math.round(value * alpha + 255 * (1 - alpha));
  return [blend(r), blend(g), blend(b)];
}

const PROFILE_IGNORED: Warning = {
  code: "profile_ignored",
  message: "The embedded colour profile is damaged or of another kind than the pixels.",
};

type ProfilePlan = Pick<ColourPlan, "icc" | "isSrgb" | "grayTable" | "warnings">;

/** Carried along wherever possible; gray pixels that become RGB are converted to sRGB. */
function planProfile(input: Channels, output: Channels, icc: Uint8Array | null): ProfilePlan {
  const dropped = { icc: null, isSrgb: true, grayTable: null, warnings: [] };
  if (!icc) return dropped;
  const profile = describeProfile(icc);
  if (profile?.space === "GRAY") {
    if (output === 1) return { ...dropped, icc, isSrgb: profile.isSrgb };
    const grayTable = createGrayToSrgb(icc);
    if (grayTable) return { ...dropped, grayTable: profile.isSrgb ? null : grayTable };
  }
  if (profile?.space === "RGB") {
    if (input !== 1) return { ...dropped, icc, isSrgb: profile.isSrgb };
    // Gray with sRGB's curve is what gray without a profile is anyway.
    if (profile.isSrgb) return dropped;
  }
  return { ...dropped, warnings: [PROFILE_IGNORED] };
}
