/** How a BMP's pixels lie in its rows, and as what they are delivered. */
import type { Channels } from "../../pipeline/picture.ts";
import type { BmpHeader } from "./header.ts";
import { describeField, type Field } from "./masks.ts";

export interface Layout {
  /** Bytes of a row in the file, padding included. */
  strideBytes: number;
  /** Bytes of it that hold pixels; some writers leave out the last row's padding. */
  rowBytes: number;
  channels: Channels;
  /** Bits of the longest sample. */
  depth: number;
  /** One row: `source` starts at its first byte, `target` is as long as the row delivered. */
  expandRow(source: Uint8Array, target: Uint8Array): void;
}

/** @throws AppError invalid_image */
export function describeLayout(header: BmpHeader): Layout {
  const { width, bits } = header;
  const rowBits = width * bits;
  return {
    strideBytes: Math.ceil(rowBits / 32) * 4,
    rowBytes: Math.ceil(rowBits / 8),
    ...describePixels(header),
  };
}

type PixelLayout = Pick<Layout, "channels" | "depth" | "expandRow">;

function describePixels(header: BmpHeader): PixelLayout {
  const { bits } = header;
  if (bits === 24) return { channels: 3, depth: 8, expandRow: expandBgr };
  if (bits === 16 || bits === 32) return describeMasked(header, bits);
  const channels = isGray(header) ? 1 : 3;
  const lookUp = createLookUp(header.palette, channels);
  return {
    channels,
    depth: bits,
    expandRow: (source, target) => lookUp(source, bits, target),
  };
}

/** A gray palette without a profile; those for RGB are none for one channel. */
function isGray({ palette, icc }: BmpHeader): boolean {
  for (let i = 0; i < palette.length; i += 4) {
    if (palette[i] !== palette[i + 1] || palette[i] !== palette[i + 2]) return false;
  }
  return icc === null;
}

/**
 * Indices of 1 to 8 bits, the first in the highest ones, as their colours. Indices behind the
 * palette's end are black, as in most decoders.
 */
export function createLookUp(palette: Uint8Array, channels: 1 | 3) {
  const colours = new Uint8Array(256 * channels);
  for (let i = 0; i * 4 < palette.length; i++) {
    for (let c = 0; c < channels; c++) colours[i * channels + c] = palette[i * 4 + 2 - c] as number;
  }
  return (source: Uint8Array, bits: 1 | 2 | 4 | 8, target: Uint8Array): void => {
    const mask = (1 << bits) - 1;
    const pixels = target.length / channels;
    for (let x = 0, to = 0; x < pixels; x++) {
      const bit = x * bits;
      const index = ((source[bit >> 3] as number) >> (8 - bits - (bit & 7))) & mask;
      for (let c = 0; c < channels; c++) target[to++] = colours[index * channels + c] as number;
    }
  };
}

function expandBgr(source: Uint8Array, target: Uint8Array): void {
  for (let i = 0; i < target.length; i += 3) {
    target[i] = source[i + 2] as number;
    target[i + 1] = source[i + 1] as number;
    target[i + 2] = source[i] as number;
  }
}

function describeMasked({ masks }: BmpHeader, bits: 16 | 32): PixelLayout {
  const channels = masks[3] === 0 ? 3 : 4;
  const fields = masks.slice(0, channels).map((mask) => describeField(mask, bits));
  const bytes = bits / 8;
  return {
    channels,
    depth: Math.max(...fields.map((field) => field.bits)),
    expandRow(source, target) {
      fields.forEach((field, channel) =>
        extractField(source, bytes, field, target, channel, channels),
      );
    },
  };
}

function extractField(
  source: Uint8Array,
  pixelBytes: number,
  { shift, table }: Field,
  target: Uint8Array,
  channel: number,
  channels: number,
): void {
  const mask = table.length - 1;
  const isLong = pixelBytes === 4;
  for (let from = 0, to = channel; to < target.length; from += pixelBytes, to += channels) {
    const low = (source[from] as number) | ((source[from + 1] as number) << 8);
    const high = isLong ? (source[from + 2] as number) | ((source[from + 3] as number) << 8) : 0;
    target[to] = table[((low | (high << 16)) >>> shift) & mask] as number;
  }
}
