/** Samples of one byte each → what is delivered. */
import { CMYK_BYTES, startCmykToSrgb } from "../../colour/cmyk.ts";
import { createGrayToSrgb } from "../../colour/profile.ts";
import type { Workspace } from "../../pipeline/memory.ts";
import type { Channels } from "../../pipeline/picture.ts";
import { COLOUR_SAMPLES, type Photometric, type TiffHeader } from "./header.ts";
import { PHOTOMETRIC } from "./tags.ts";

/** Converts `pixels` pixels of `samples`, all of a pixel's side by side. */
type Convert = (samples: Uint8Array, target: Uint8Array, pixels: number) => void;

export interface Colour {
  channels: Channels;
  icc: Uint8Array | null;
  /** Made when decoding starts; null where samples of 8 bits are delivered as they are. */
  createConvert: ((maxPixels: number, workspace: Workspace) => Promise<Convert>) | null;
}

/** Bytes that a conversion of up to `maxPixels` at a time takes for itself. */
export function conversionBytes({ photometric }: TiffHeader, maxPixels: number): number {
  return photometric === PHOTOMETRIC.separated ? CMYK_BYTES + maxPixels * 7 : 0;
}

/**
 * Gray without transparency keeps its profile. Gray with transparency becomes RGBA, for which a
 * gray profile has no meaning: it is applied, giving sRGB. So are those of inks.
 */
export function describeColour(header: TiffHeader): Colour {
  const { photometric, samples, alpha, metadata } = header;
  const isGray = photometric === PHOTOMETRIC.blackIsZero || photometric === PHOTOMETRIC.whiteIsZero;
  const channels = alpha ? 4 : isGray ? 1 : 3;
  const isConverted = photometric === PHOTOMETRIC.separated || (isGray && alpha !== null);
  const isDirect =
    samples === channels &&
    alpha !== "associated" &&
    (photometric === PHOTOMETRIC.blackIsZero || photometric === PHOTOMETRIC.rgb);
  return {
    channels,
    icc: isConverted ? null : metadata.icc,
    createConvert: isDirect
      ? null
      : (maxPixels, workspace) => createConvert(header, channels, maxPixels, workspace),
  };
}

type CreateConvert = (
  header: TiffHeader,
  maxPixels: number,
  workspace: Workspace,
) => Convert | Promise<Convert>;

const COLOURS: Readonly<Record<Photometric, CreateConvert>> = {
  [PHOTOMETRIC.whiteIsZero]: (header) => createGray(header, 255),
  [PHOTOMETRIC.blackIsZero]: (header) => createGray(header, 0),
  [PHOTOMETRIC.rgb]: createRgb,
  [PHOTOMETRIC.palette]: createIndexed,
  [PHOTOMETRIC.separated]: createCmyk,
};

async function createConvert(
  header: TiffHeader,
  channels: Channels,
  maxPixels: number,
  workspace: Workspace,
): Promise<Convert> {
  const { samples: step, photometric, alpha } = header;
  const convert = await COLOURS[photometric](header, maxPixels, workspace);
  if (!alpha) return convert;
  const alphaAt = COLOUR_SAMPLES[photometric];
  return (samples, target, pixels) => {
    convert(samples, target, pixels);
    for (let i = 0, from = alphaAt, to = 0; i < pixels; i++, from += step, to += channels) {
      const opacity = samples[from] as number;
      target[to + 3] = opacity;
      if (alpha === "straight" || opacity === 255) continue;
      for (let c = 0; c < 3; c++) {
        const value = target[to + c] as number;
        target[to + c] = opacity === 0 ? 0 : Math.min(255, Math.round((value * 255) / opacity));
      }
    }
  };
}

/** @param flip 255 where 0 is white */
function createGray({ samples: step, alpha, metadata }: TiffHeader, flip: 0 | 255): Convert {
  const toSrgb = alpha && metadata.icc ? createGrayToSrgb(metadata.icc) : null;
  const table = Uint8Array.from({ length: 256 }, (_, i) => toSrgb?.[i ^ flip] ?? i ^ flip);
  return (samples, target, pixels) => {
    for (let i = 0, from = 0; i < pixels; i++, from += step) {
      const value = table[samples[from] as number] as number;
      if (alpha) target.fill(value, i * 4, i * 4 + 3);
      else target[i] = value;
    }
  };
}

function createRgb({ samples: step, alpha }: TiffHeader): Convert {
  const channels = alpha ? 4 : 3;
  return (samples, target, pixels) => {
    for (let i = 0, from = 0, to = 0; i < pixels; i++, from += step, to += channels) {
      target[to] = samples[from] as number;
      target[to + 1] = samples[from + 1] as number;
      target[to + 2] = samples[from + 2] as number;
    }
  };
}

function createIndexed({ samples: step, alpha, palette }: TiffHeader): Convert {
  const channels = alpha ? 4 : 3;
  const colours = palette ?? new Uint8Array(3 * 256);
  return (samples, target, pixels) => {
    for (let i = 0, from = 0, to = 0; i < pixels; i++, from += step, to += channels) {
      const colour = (samples[from] as number) * 3;
      target[to] = colours[colour] as number;
      target[to + 1] = colours[colour + 1] as number;
      target[to + 2] = colours[colour + 2] as number;
    }
  };
}

async function createCmyk(
  { samples: step, alpha, metadata }: TiffHeader,
  maxPixels: number,
  workspace: Workspace,
): Promise<Convert> {
  const toSrgb = await startCmykToSrgb(metadata.icc, workspace);
  if (step === 4) return toSrgb;
  const inks = new Uint8Array(maxPixels * 4);
  const rgb = new Uint8Array(maxPixels * 3);
  const channels = alpha ? 4 : 3;
  return (samples, target, pixels) => {
    for (let i = 0; i < pixels; i++) {
      inks.set(samples.subarray(i * step, i * step + 4), i * 4);
    }
    toSrgb(inks, rgb, pixels);
    for (let i = 0; i < pixels; i++) target.set(rgb.subarray(i * 3, i * 3 + 3), i * channels);
  };
}
