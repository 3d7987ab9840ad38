/**
 * PIZ: values are numbered, the numbers pass a wavelet (Haar's, of whole numbers, in two dimensions)
 * channel by channel, and what it gives has prefix codes. After OpenEXR's ImfPizCompressor and ImfWav.
 */
import { damaged } from "./failures.ts";
import { expandHuffman } from "./huffman.ts";
import { sampleBytes, type BlockLayout } from "./layout.ts";

const VALUES = 65_536;
const BITMAP_BYTES = VALUES / 8;

/** Upper bound of the tables it makes, in bytes: values, lengths of codes, symbols. */
export const PIZ_BYTES = VALUES * 2 + VALUES * 6 + 64 * 1024;

/** @throws AppError invalid_image */
export function expandPiz(
  coded: Uint8Array,
  target: Uint8Array,
  scratch: Uint8Array,
  layout: BlockLayout,
): void {
  const view = new DataView(coded.buffer, coded.byteOffset, coded.byteLength);
  if (coded.length < 8) throw damaged();
  const [first, last] = [view.getUint16(0, true), view.getUint16(2, true)];
  const bitmapBytes = first <= last ? last - first + 1 : 0;
  if (last >= BITMAP_BYTES || 8 + bitmapBytes > coded.length) throw damaged();
  const { values, greatest } = numberValues(coded.subarray(4, 4 + bitmapBytes), first);
  const start = 8 + bitmapBytes;
  const length = view.getInt32(start - 4, true);
  if (length < 0 || start + length > coded.length) throw damaged();
  const numbers = new Uint16Array(scratch.buffer, scratch.byteOffset, target.length / 2);
  expandHuffman(coded.subarray(start, start + length), numbers);
  for (const { at, width, height, step } of listPlanes(layout)) {
    const isSmall = greatest < 1 << 14;
    for (let part = 0; part < step; part++) {
      undoWavelet(numbers, at + part, { width, height, step }, isSmall ? add14 : add16);
    }
  }
  writeLines(numbers, values, target, layout);
}

/** Values that occur, by their number. */
function numberValues(bitmap: Uint8Array, first: number) {
  const values = new Uint16Array(VALUES);
  let count = 1; // 0 always has a number
  for (const [i, byte] of bitmap.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      const value = (first + i) * 8 + bit;
      if (value > 0 && byte & (1 << bit)) values[count++] = value;
    }
  }
  return { values, greatest: count - 1 };
}

interface Plane {
  /** Where its values begin. */
  at: number;
  width: number;
  height: number;
  /** Values a sample. */
  step: number;
}

/** Channels lie behind each other, as they do nowhere else. */
function listPlanes({ lines }: BlockLayout): Plane[] {
  const planes = new Map<number, Plane>();
  for (const { index, channel, count } of lines.flat()) {
    const plane = planes.get(index) ?? {
      at: 0,
      width: count,
      height: 0,
      step: sampleBytes(channel) / 2,
    };
    plane.height++;
    planes.set(index, plane);
  }
  let at = 0;
  const ordered = [...planes].toSorted(([a], [b]) => a - b).map(([, plane]) => plane);
  for (const plane of ordered) {
    plane.at = at;
    at += plane.width * plane.height * plane.step;
  }
  return ordered;
}

function writeLines(
  numbers: Uint16Array,
  values: Uint16Array,
  target: Uint8Array,
  layout: BlockLayout,
): void {
  const indices = [...new Set(layout.lines.flat().map(({ index }) => index))].toSorted(
    (a, b) => a - b,
  );
  const planes = listPlanes(layout);
  const nextOf = new Map(indices.map((index, i) => [index, planes[i]?.at ?? 0]));
  for (const { index, channel, count, start } of layout.lines.flat()) {
    const words = (count * sampleBytes(channel)) / 2;
    const from = nextOf.get(index) ?? 0;
    for (let i = 0, to = start; i < words; i++, to += 2) {
      const value = values[numbers[from + i] as number] as number;
      target[to] = value & 255;
      target[to + 1] = value >> 8;
    }
    nextOf.set(index, from + words);
  }
}

/** Of the low and the high part: the first value, and in the upper half the second. */
type Add = (low: number, high: number) => number;

const pack = (a: number, b: number): number => (a & 0xffff) | ((b & 0xffff) << 16);

/** Where all values have 14 bits, without wrapping around. */
const add14: Add = (low, high) => {
  const [l, h] = [(low << 16) >> 16, (high << 16) >> 16];
  const a = l + (h & 1) + (h >> 1);
  return pack(a, a - h);
};

const add16: Add = (low, high) => {
  const b = low - (high >> 1);
  return pack(high + b - 0x8000, b);
};

/** In place, from the coarsest scale to the finest. */
function undoWavelet(
  values: Uint16Array,
  at: number,
  { width, height, step }: Pick<Plane, "width" | "height" | "step">,
  add: Add,
): void {
  const rowStep = width * step;
  let half = 1;
  while (half * 2 <= Math.min(width, height)) half *= 2;
  half /= 2;
  /** Of two values `i` and `j`, in place. */
  const undo = (i: number, j: number): void => {
    const both = add(values[i] as number, values[j] as number);
    values[i] = both & 0xffff;
    values[j] = both >>> 16;
  };
  for (; half >= 1; half /= 2) {
    const [across, down] = [half * step, half * rowStep];
    const [columns, rows] = [Math.floor(width / (half * 2)), Math.floor(height / (half * 2))];
    for (let row = 0; row < rows; row++) {
      const line = at + row * 2 * down;
      for (let column = 0; column < columns; column++) {
        const i = line + column * 2 * across;
        undo(i, i + down);
        undo(i + across, i + across + down);
        undo(i, i + across);
        undo(i + down, i + down + across);
      }
      if (width & half) undo(line + columns * 2 * across, line + columns * 2 * across + down);
    }
    if (!(height & half)) continue;
    const line = at + rows * 2 * down;
    for (let column = 0; column < columns; column++) {
      undo(line + column * 2 * across, line + column * 2 * across + across);
    }
  }
}
