/** What tests of formats that ImageMagick judges have in common. */
import type { MagickFormat } from "@imagemagick/magick-wasm";
import type { Pixels } from "./lab-client.ts";
import { readByMagick } from "./magick.ts";
import { createRandom } from "./random.ts";

/** Flat areas, gradients and noise; transparency of all degrees where there is any. */
export function drawPlain(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const pick = createRandom(width * 7 + height);
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    const kind = ((x >> 4) + (y >> 3)) % 4;
    if (channels === 4 && i % 4 === 3) data[i] = kind === 1 ? 255 : (x * 9 + y) % 256;
    else if (kind === 0) data[i] = 200 - (i % channels) * 60;
    else data[i] = kind === 1 ? pick(256) : 100 + 60 * Math.sin(x / 20 + (i % channels)) + y / 9;
  }
  return { width, height, channels, data };
}

export const PLAIN_SIZES = [
  [1, 1],
  [3, 70],
  [131, 40],
  [1000, 33],
] as const;

/** As RGBA. */
export function toRgba({ width, height, channels, data }: Pixels): Uint8Array {
  return Uint8Array.from({ length: width * height * 4 }, (_, i) => {
    const [pixel, channel] = [i >> 2, i & 3];
    if (channel === 3) return channels === 4 ? (data[pixel * 4 + 3] ?? 0) : 255;
    return data[pixel * channels + (channels === 1 ? 0 : channel)] ?? 0;
  });
}

/** The greatest difference from ImageMagick's reading; colours count as much as they are seen. */
export async function differFromMagick(
  got: Pixels,
  file: Uint8Array,
  format?: MagickFormat,
): Promise<number> {
  const judged = await readByMagick(file, format);
  if (judged.width !== got.width || judged.height !== got.height) return Infinity;
  return maxSeen(toRgba(got), judged.data);
}

/** Of two RGBA pictures. */
export function maxSeen(a: Uint8Array, b: Uint8Array): number {
  let max = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const seen = i % 4 === 3 ? 1 : (a[i | 3] ?? 0) / 255;
    max = Math.max(max, Math.abs((a[i] ?? 0) - (b[i] ?? 0)) * seen);
  }
  return max;
}
