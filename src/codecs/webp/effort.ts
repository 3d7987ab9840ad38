/**
 * How hard libwebp may try, given what its memory allows. It is a matter of the picture's size and
 * the options alone, so that the plan made before encoding is what encoding keeps to.
 */
import { MIB } from "../../limits.ts";
import type { PictureInfo } from "../../pipeline/picture.ts";
import type { EncodeOptions } from "../codec.ts";
import { LIBWEBP_BASE_BYTES } from "./libwebp.ts";

/** One way to encode, and what it takes: measured, with pictures from smooth to noise. */
export interface Attempt {
  /** libwebp's, 0 to 6. */
  method: number;
  /** libwebp's; where lossless, how long it searches. */
  quality: number;
  /** False stores transparency as it is, which takes a byte a pixel but a third of the memory. */
  compressAlpha: boolean;
  fixedBytes: number;
  pixelBytes: number;
}

export interface EncodePlan {
  /** What libwebp's memory may grow to. */
  memoryBytes: number;
  /**
   * In order: rare pictures (noise) take more than was planned for; the next attempt is then one
   * that takes less.
   */
  attempts: Attempt[];
}

/** Where a lower method keeps the encoder within this, it is taken: others need room as well. */
const COMFORTABLE_BYTES = 64 * MIB;

/** What it may take beside a decoder that streams. */
const ROOMY_BYTES = 88 * MIB;

/**
 * Up to here `default` is method 4, above it method 2: that halves the time of large pictures and
 * makes their files 2 to 3% larger.
 */
const SMALL_PIXELS = 1_000_000;

export function planWhole(picture: PictureInfo, options: EncodeOptions): EncodePlan {
  const pixels = picture.width * picture.height;
  const ladder = options.lossless ? losslessAttempts(options) : alphaAttempts(options, pixels);
  const need = ({ fixedBytes, pixelBytes }: Attempt): number =>
    Math.max(LIBWEBP_BASE_BYTES, Math.ceil(fixedBytes + pixels * pixelBytes));
  const within = (bytes: number) => ladder.findIndex((attempt) => need(attempt) <= bytes);
  const first = [COMFORTABLE_BYTES, ROOMY_BYTES]
    .map((bytes) => within(Math.min(bytes, options.roomBytes ?? Infinity)))
    .find((index) => index >= 0);
  const attempts = ladder.slice(first ?? -1);
  return { memoryBytes: Math.max(...attempts.slice(0, 1).map(need)), attempts };
}

function lossyMethod({ effort }: EncodeOptions, pixels: number): number {
  if (effort === "max") return 6;
  if (effort === "fast") return 0;
  return pixels <= SMALL_PIXELS ? 4 : 2;
}

/** Transparency is encoded losslessly beside the rest, which takes most of the memory. */
function alphaAttempts(options: EncodeOptions, pixels: number): Attempt[] {
  const { quality } = options;
  // Method 6 would try every way to encode the transparency: a quarter of a minute for 3 MP.
  const method = Math.min(lossyMethod(options, pixels), 5);
  const attempt = (of: number, pixelBytes: number, compressAlpha = true): Attempt => ({
    method: of,
    quality,
    compressAlpha,
    fixedBytes: 8 * MIB,
    pixelBytes,
  });
  const low = Math.min(method, 2);
  return [attempt(method, 40), attempt(low, 25), attempt(0, 12), attempt(0, 12, false)];
}

/**
 * RGBA and ARGB, hash chains, references, and a fixed deal of histograms. Quality 100 and method 6
 * take ten times as long as these for a thousandth of the size.
 */
function losslessAttempts({ effort }: EncodeOptions): Attempt[] {
  const attempt = (
    method: number,
    quality: number,
    fixedMib: number,
    pixelBytes: number,
  ): Attempt => ({
    method,
    quality,
    compressAlpha: true,
    fixedBytes: fixedMib * MIB,
    pixelBytes,
  });
  const fastest = [attempt(0, 0, 6, 29)];
  if (effort === "fast") return fastest;
  const best = attempt(effort === "max" ? 5 : 4, 75, 36, 30);
  return [best, attempt(2, 25, 16, 38), ...fastest];
}
