/** How samples lie in a block that is not compressed: line by line, and in each channel by channel. */
import { SAMPLE_TYPES, type Channel } from "./header.ts";

/** Where a block has which samples. */
export interface BlockLayout {
  /** By line, each channel that has samples in it. */
  lines: readonly (readonly Run[])[];
  /** All lines, in bytes. */
  bytes: number;
}

export interface Run {
  channel: Channel;
  /** Among the file's channels. */
  index: number;
  count: number;
  /** In bytes from the beginning of the block. */
  start: number;
}

export const sampleBytes = ({ type }: Channel): number => (type === SAMPLE_TYPES.half ? 2 : 4);

/** How many multiples of `step` lie from `start` on in `length` numbers. */
const countSteps = (start: number, length: number, step: number): number =>
  Math.floor((start + length - 1) / step) - Math.floor((start - 1) / step);

/** @param area of the block, in the coordinates of the windows */
export function layOut(
  channels: readonly Channel[],
  area: { x: number; y: number; width: number; height: number },
): BlockLayout {
  let bytes = 0;
  const lines = Array.from({ length: area.height }, (_, line) => {
    const runs: Run[] = [];
    for (const [index, channel] of channels.entries()) {
      if ((area.y + line) % channel.downStep !== 0) continue;
      const count = countSteps(area.x, area.width, channel.acrossStep);
      runs.push({ channel, index, count, start: bytes });
      bytes += count * sampleBytes(channel);
    }
    return runs;
  });
  return { lines, bytes };
}
