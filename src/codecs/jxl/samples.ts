/** A decoder's planes → rows of 8 bits. */
import type { Channels } from "../../pipeline/picture.ts";
import { unsupported } from "./failures.ts";
import type { ExtraChannel, JxlHeader, SampleDepth } from "./header.ts";
import type { Plane } from "./oxide.ts";

/** One sample as a number from 0 to 1, or a little beyond. */
type ReadSample = (index: number) => number;

/** Colours in the planes' order, and transparency. */
export interface Layout {
  channels: Channels;
  /** Of the planes' list, behind the colours'; -1 where all is opaque. */
  alpha: number;
}

/** Gray with transparency becomes RGBA: pictures in flight have no other way. */
export function layoutOf({ isGray, extraChannels }: JxlHeader): Layout {
  const alpha = extraChannels.findIndex(({ kind }) => kind === "alpha");
  return { alpha, channels: alpha >= 0 ? 4 : isGray ? 1 : 3 };
}

/** @throws AppError unsupported_feature */
export function checkDepth({ bits, exponentBits }: SampleDepth): void {
  const isKnown = exponentBits === 0 ? bits <= 31 : `${bits}/${exponentBits}` in FLOATS;
  if (isKnown) return;
  const message = `Samples of ${bits} bits with an exponent of ${exponentBits} cannot be read here.`;
  throw unsupported("sample_depth", message);
}

/** How samples that whole numbers stand for are to be taken, by their bits and their exponent's. */
const FLOATS: Readonly<Record<string, (words: ArrayLike<number>) => ReadSample>> = {
  "32/8": (words) => {
    const word = new Int32Array(1);
    const value = new Float32Array(word.buffer);
    return (index) => {
      word[0] = words[index] as number;
      return value[0] as number;
    };
  },
  "16/5": (words) => (index) => {
    const word = words[index] as number;
    const [exponent, fraction] = [(word >> 10) & 31, word & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return (word & 0x8000) !== 0 ? -size : size;
  },
};

function readerOf({ samples }: Plane, { bits, exponentBits }: SampleDepth): ReadSample {
  if (samples instanceof Float32Array) return (index) => samples[index] as number;
  if (exponentBits > 0)
    return (FLOATS[`${bits}/${exponentBits}`] as (typeof FLOATS)[string])(samples);
  const most = 2 ** bits - 1;
  return (index) => (samples[index] as number) / most;
}

/**
 * Writes rows `from` to `to` of the picture, packed.
 * @param planes those of colours, then all others
 */
export function packRows(
  { width, isGray, extraChannels, depth }: JxlHeader,
  { planes, colours }: { planes: readonly Plane[]; colours: number },
  { channels, alpha }: Layout,
  [from, to]: readonly [number, number],
  target: Uint8Array,
): void {
  const isOneColour = isGray || colours === 1;
  const written = channels === 1 ? 1 : 3;
  for (let channel = 0; channel < written; channel++) {
    const plane = planes[isOneColour ? 0 : channel] as Plane;
    packPlane(plane, depth, { width, from, to, channels, channel }, target);
  }
  if (alpha < 0) {
    if (channels === 4) fillOpaque(target, (to - from) * width * 4);
    return;
  }
  const plane = planes[colours + alpha] as Plane;
  const extra = extraChannels[alpha] as ExtraChannel;
  packPlane(plane, extra.depth, { width, from, to, channels, channel: 3 }, target);
  if (extra.isAssociated) divideByAlpha(target, (to - from) * width * 4);
}

interface Part {
  width: number;
  from: number;
  to: number;
  channels: number;
  channel: number;
}

function packPlane(plane: Plane, depth: SampleDepth, part: Part, target: Uint8Array): void {
  const { width, from, to, channels, channel } = part;
  const { samples, stride } = plane;
  const isPlain =
    !(samples instanceof Float32Array) && depth.bits === 8 && depth.exponentBits === 0;
  const read = readerOf(plane, depth);
  let at = channel;
  for (let y = from; y < to; y++) {
    for (let index = y * stride, end = index + width; index < end; index++, at += channels) {
      const value = isPlain ? (samples[index] as number) : read(index) * 255 + 0.5;
      target[at] = value <= 0 ? 0 : value >= 255 ? 255 : value;
    }
  }
}

function fillOpaque(rgba: Uint8Array, bytes: number): void {
  for (let at = 3; at < bytes; at += 4) rgba[at] = 255;
}

function divideByAlpha(rgba: Uint8Array, bytes: number): void {
  for (let at = 0; at < bytes; at += 4) {
    const alpha = rgba[at + 3] as number;
    if (alpha === 0 || alpha === 255) continue;
    for (let i = at; i < at + 3; i++) {
      rgba[i] = Math.min(255, Math.round(((rgba[i] as number) * 255) / alpha));
    }
  }
}
