/** A palette for a histogram, with memory from the job's workspace. */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Effort } from "../codec.ts";
import { samplesBytes, type ColourChannels, type Histogram } from "./histogram.ts";
import { quantise, quantiseBytes } from "./quantise.ts";

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
