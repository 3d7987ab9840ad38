/** How a PNG's samples lie in its rows, and as what they are delivered. */
import { createGrayToSrgb } from "../../colour/profile.ts";
import type { Channels } from "../../pipeline/picture.ts";
import { readType } from "./chunks.ts";
import { COLOUR_TYPES, type ColourType, type PngHeader } from "./header.ts";

export interface Layout {
  /** Samples a pixel in the file. */
  samples: 1 | 2 | 3 | 4;
  /** Bytes of a row without its filter byte. */
  rowBytes: number;
  /** Bytes of a whole pixel, at least 1: how far left filters look. */
  step: number;
  /** What is delivered. */
  channels: Channels;
  icc: Uint8Array | null;
  /** tRNS where it is a colour key: the pixel's bytes as in the file. */
  key: Uint8Array | null;
  /** 256 RGBA pixels, where samples (or the gray of gray and alpha) are looked up; else null. */
  table: Uint8Array | null;
}

const SAMPLES: Readonly<Record<ColourType, Layout["samples"]>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Gray without transparency is delivered in one channel with its gray profile. Gray with
 * transparency becomes RGBA, for which a gray profile has no meaning: it is applied, giving sRGB.
 */
export function describeLayout(header: PngHeader): Layout {
  const { colourType, depth, width } = header;
  const samples = SAMPLES[colourType];
  const bits = samples * depth;
  const key = findColourKey(header, samples);
  const channels = deliveredChannels(header, key !== null);
  const isGray = colourType === COLOUR_TYPES.gray || colourType === COLOUR_TYPES.grayAlpha;
  const icc = usableProfile(header.metadata.icc, isGray);
  const layout: Layout = {
    ...{ samples, channels, key },
    rowBytes: Math.ceil((width * bits) / 8),
    step: Math.max(1, bits >> 3),
    icc: isGray && channels === 4 ? null : icc,
    table: null,
  };
  if (colourType === COLOUR_TYPES.palette) layout.table = paletteTable(header);
  else if (isGray && (depth < 8 || channels === 4)) {
    layout.table = grayTable(depth, channels === 4 ? icc : null, key);
  }
  return layout;
}

function findColourKey(header: PngHeader, samples: number): Uint8Array | null {
  const { colourType, depth, transparency } = header;
  const hasKey = colourType === COLOUR_TYPES.gray || colourType === COLOUR_TYPES.rgb;
  if (!transparency || !hasKey || transparency.length < samples * 2) return null;
  if (depth === 16) return transparency.subarray(0, samples * 2);
  return Uint8Array.from({ length: samples }, (_, i) => transparency[i * 2 + 1] ?? 0);
}

function deliveredChannels(header: PngHeader, hasKey: boolean): Channels {
  switch (header.colourType) {
    case COLOUR_TYPES.gray:
      return hasKey ? 4 : 1;
    case COLOUR_TYPES.rgb:
      return hasKey ? 4 : 3;
    case COLOUR_TYPES.palette:
      return header.transparency ? 4 : 3;
    default:
      return 4;
  }
}

/** A profile of another colour space than the picture's is an error, and as good as none. */
function usableProfile(icc: Uint8Array | null, isGray: boolean): Uint8Array | null {
  if (!icc || icc.length < 128) return null;
  return readType(icc, 16) === (isGray ? "GRAY" : "RGB ") ? icc : null;
}

function paletteTable(header: PngHeader): Uint8Array {
  const table = new Uint8Array(1024);
  for (let i = 0; i < 256; i++) {
    // Indices behind the palette's end are opaque black, as in most decoders.
    table.set(header.palette.subarray(i * 3, i * 3 + 3), i * 4);
    table[i * 4 + 3] = header.transparency?.[i] ?? 255;
  }
  return table;
}

function grayTable(depth: number, icc: Uint8Array | null, key: Uint8Array | null): Uint8Array {
  const table = new Uint8Array(1024);
  const toSrgb = icc ? createGrayToSrgb(icc) : null;
  const max = depth < 8 ? (1 << depth) - 1 : 255;
  for (let i = 0; i <= max; i++) {
    const gray = Math.round((i * 255) / max);
    table.fill(toSrgb?.[gray] ?? gray, i * 4, i * 4 + 3);
    table[i * 4 + 3] = depth <= 8 && key?.[0] === i ? 0 : 255;
  }
  return table;
}
