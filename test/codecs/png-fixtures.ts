/** PNGs of every kind. */
import { type PngSpec, SAMPLES } from "../support/png-writer.ts";
import { createRandom } from "../support/random.ts";

/** A spec of noise on a gradient, with a palette where it needs one. */
export function makeSpec(
  colourType: PngSpec["colourType"],
  depth: PngSpec["depth"],
  [width, height]: [number, number],
  more: Partial<PngSpec> = {},
): PngSpec {
  const random = createRandom(width * 31 + height + colourType * 7 + depth);
  const max = 2 ** depth - 1;
  const paletteSize = Math.min(2 ** depth, 200);
  const samples = Uint16Array.from({ length: width * height * SAMPLES[colourType] }, (_, i) =>
    colourType === 3
      ? random(paletteSize)
      : Math.min(max, ((i * 7) % (max + 1)) * 0.5 + random(max / 2 + 1)),
  );
  const palette = Array.from({ length: paletteSize * 3 }, () => random(256));
  return {
    width,
    height,
    colourType,
    depth,
    samples,
    ...(colourType === 3 ? { palette } : {}),
    ...more,
  };
}

/** Every colour type and depth that the format has. */
export const KINDS: [PngSpec["colourType"], PngSpec["depth"]][] = [
  ...([1, 2, 4, 8, 16] as const).map((depth) => [0, depth] as [0, 1]),
  ...([8, 16] as const).map((depth) => [2, depth] as [2, 8]),
  ...([1, 2, 4, 8] as const).map((depth) => [3, depth] as [3, 1]),
  ...([8, 16] as const).map((depth) => [4, depth] as [4, 8]),
  ...([8, 16] as const).map((depth) => [6, depth] as [6, 8]),
];
