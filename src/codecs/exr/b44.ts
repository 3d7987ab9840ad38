/**
 * B44: of halves, squares of 4 × 4 in 14 bytes, the first value and differences of six bits each; all
 * in three bytes where they are the same (B44A). Other samples are as they are. After OpenEXR's
 * ImfB44Compressor.
 */
import { damaged } from "./failures.ts";
import { SAMPLE_TYPES } from "./header.ts";
import { sampleBytes, type BlockLayout, type Run } from "./layout.ts";

const SIDE = 4;
const [FULL_BYTES, FLAT_BYTES] = [14, 3];
/** Shifts from here on say that a square is flat. */
const FLAT_SHIFT = 13;
const DIFFERENCE_BITS = 6;

/** By place in the square, column by column: the value each is a difference to, the first but one is 0. */
const ORDER = [4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
const baseOf = (place: number): number =>
  place < SIDE ? place - 1 : place % SIDE === 0 ? place - SIDE : place - 1;

/** @throws AppError invalid_image */
export function expandB44(
  coded: Uint8Array,
  target: Uint8Array,
  _scratch: Uint8Array,
  { lines }: BlockLayout,
): void {
  let at = 0;
  for (const runs of groupByChannel(lines)) {
    const [first] = runs;
    if (!first) continue;
    if (first.channel.type === SAMPLE_TYPES.half) {
      at = expandSquares(coded, at, target, runs);
      continue;
    }
    for (const { channel, count, start } of runs) {
      const bytes = count * sampleBytes(channel);
      if (at + bytes > coded.length) throw damaged();
      target.set(coded.subarray(at, at + bytes), start);
      at += bytes;
    }
  }
  if (at !== coded.length) throw damaged();
}

/** The runs of each channel, from top to bottom. */
function groupByChannel(lines: BlockLayout["lines"]): Run[][] {
  const groups = new Map<number, Run[]>();
  for (const run of lines.flat()) {
    const group = groups.get(run.index);
    if (group) group.push(run);
    else groups.set(run.index, [run]);
  }
  return [...groups].toSorted(([a], [b]) => a - b).map(([, runs]) => runs);
}

/** @returns where the next channel begins */
function expandSquares(
  coded: Uint8Array,
  start: number,
  target: Uint8Array,
  runs: readonly Run[],
): number {
  const values = new Uint16Array(SIDE * SIDE);
  const width = runs[0]?.count ?? 0;
  let at = start;
  for (let y = 0; y < runs.length; y += SIDE) {
    const rows = runs.slice(y, y + SIDE);
    for (let x = 0; x < width; x += SIDE) {
      at += readSquare(coded, at, values);
      for (const [row, run] of rows.entries()) {
        const columns = Math.min(SIDE, width - x);
        for (let i = 0, to = run.start + x * 2; i < columns; i++, to += 2) {
          const value = values[row * SIDE + i] as number;
          target[to] = value & 255;
          target[to + 1] = value >> 8;
        }
      }
    }
  }
  return at;
}

/** @returns how many bytes it took */
function readSquare(coded: Uint8Array, at: number, values: Uint16Array): number {
  if (at + FLAT_BYTES > coded.length) throw damaged();
  const first = ((coded[at] as number) << 8) | (coded[at + 1] as number);
  const shift = (coded[at + 2] as number) >> 2;
  if (shift >= FLAT_SHIFT) {
    values.fill(toBits(first));
    return FLAT_BYTES;
  }
  if (at + FULL_BYTES > coded.length) throw damaged();
  values[0] = first;
  // Behind the six bits of the shift.
  let bit = (at + 2) * 8 + DIFFERENCE_BITS;
  for (const place of ORDER) {
    const byte = bit >> 3;
    const pair = ((coded[byte] as number) << 8) | (coded[byte + 1] ?? 0);
    const difference = (pair >> (16 - DIFFERENCE_BITS - (bit & 7))) & 63;
    values[place] = (values[baseOf(place)] as number) + ((difference - 32) << shift);
    bit += DIFFERENCE_BITS;
  }
  for (let i = 0; i < values.length; i++) values[i] = toBits(values[i] as number);
  return FULL_BYTES;
}

/** Values are ordered as the numbers are; halves have a sign. */
const toBits = (value: number): number => (value & 0x8000 ? value & 0x7fff : ~value & 0xffff);
