/** A palette for a histogram, with memory from the job's workspace. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Effort } from "../codec.ts";
import { samplesBytes, type ColourChannels, type Histogram } from "./histogram.ts";
import { nearest, quantise, quantiseBytes } from "./quantise.ts";

/** Rounds in which the palette's colours are improved. */
const ROUNDS: Readonly<Record<Effort, number>> = { fast: 0, default: 3, max: 12 };

/** Bytes that `reduceColours` holds for a picture of so many pixels, at most. */
export const reduceBytes = (pixels: number, channels: ColourChannels): number =>
  samplesBytes(pixels, channels) + quantiseBytes(pixels, channels);

/**
 * Frees what it took.
 * @param most 1 to 256
 * @returns colours of the histogram's channels
 */
export function reduceColours(
  histogram: Histogram,
  channels: ColourChannels,
  most: number,
  effort: Effort,
  workspace: Workspace,
): Uint8Array {
  const count = histogram.countSamples();
  const samplesRoom = workspace.allocate(samplesBytes(count, channels));
  const room = workspace.allocate(quantiseBytes(count, channels));
  const palette = quantise(histogram.sample(count, samplesRoom), most, ROUNDS[effort], room);
  workspace.free(samplesRoom);
  workspace.free(room);
  return palette;
}

/**
 * Frees what it took.
 * @param palette RGB
 * @returns the mean squared distance of the histogram's pixels from the nearest of these colours
 */
export function errorOf(histogram: Histogram, palette: Uint8Array, workspace: Workspace): number {
  const count = histogram.countSamples();
  const room = workspace.allocate(samplesBytes(count, 3));
  const { colours, weights } = histogram.sample(count, room);
  let error = 0;
  let pixels = 0;
  for (let i = 0; i < count; i++) {
    const at = nearest(palette, colours, i * 3, 3) * 3;
    const weight = weights[i] as number;
    pixels += weight;
    for (let c = 0; c < 3; c++) {
      error += weight * ((palette[at + c] as number) - (colours[i * 3 + c] as number)) ** 2;
    }
  }
  workspace.free(room);
  return pixels > 0 ? error / pixels : 0;
}
