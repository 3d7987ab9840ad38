/**
 * A square of pixels → its bits, without loss: differences from what the neighbours foretell, in
 * prefix codes of the group's own, by contexts. Lossless "modular" coding, ISO/IEC 18181-1:2024, annex H.
 */
import type { Workspace } from "../../pipeline/memory.ts";
import type { Channels } from "../../pipeline/picture.ts";
import type { BitWriter } from "./bit-writer.ts";
import {
  CALM_LEAF,
  CODE_OF_LEAF,
  CODES_A_CHANNEL,
  createTree,
  leafOf,
  LEAVES,
  STEP_BIAS,
  STEP_CLASSES,
} from "./contexts.ts";
import {
  ALPHABET,
  count,
  createCode,
  extraBitsOf,
  MIN_RUN,
  putCodes,
  type PrefixCode,
  runExtraBits,
  runSymbol,
  symbolOf,
} from "./prefix-codes.ts";

/** A group's side. */
export const GROUP_SIDE = 256;
const GROUP_PIXELS = GROUP_SIDE * GROUP_SIDE;

/** Planes with 16 bits a sample, differences, contexts. */
const SAMPLE_BYTES = 2 + 2 + 1;
export const groupBytes = (channels: Channels): number => GROUP_PIXELS * channels * SAMPLE_BYTES;

/** Upper bound of what a group becomes: no code is longer than one of equal lengths would be. */
export const maxGroupBytes = (width: number, height: number, channels: Channels): number =>
  Math.ceil(width * height * channels * 1.75) + 8192;

export interface GroupEncoder {
  /** @param pixels packed rows, of which the group begins at `start` */
  encode(
    pixels: Uint8Array,
    group: { start: number; rowBytes: number; width: number; height: number },
    writer: BitWriter,
  ): void;
}

/** Fewer numbers than these are not worth a code of their own. */
const MIN_CODE_COUNT = 200;
/** How far back a run looks: at the number before, which has number 1 among distances. */
const PREVIOUS = 1;

export function createGroupEncoder(channels: Channels, workspace: Workspace): GroupEncoder {
  const tree = createTree(channels);
  const samples = new Int16Array(workspace.allocate(GROUP_PIXELS * channels * 2).buffer);
  const values = new Uint16Array(workspace.allocate(GROUP_PIXELS * channels * 2).buffer);
  const codes = workspace.allocate(GROUP_PIXELS * channels);
  const all = codesOf(channels);

  /** What each sample differs from what is expected, and which code that gets. */
  function predict(width: number, height: number): void {
    for (let channel = 0, at = 0; channel < channels; channel++) {
      const own = (CODE_SETS[channel] as number) * CODES_A_CHANNEL;
      for (let y = 0; y < height; y++) {
        // Where there are no neighbours, others stand for them.
        let left = y > 0 ? (samples[at - width] as number) : 0;
        let topLeft = left;
        for (let x = 0; x < width; x++, at++) {
          const sample = samples[at] as number;
          const top = y > 0 ? (samples[at - width] as number) : left;
          if (y === 0) topLeft = left;
          const low = left < top ? left : top;
          const high = left < top ? top : left;
          const slope = left + top - topLeft;
          const error = sample - (slope < low ? low : slope > high ? high : slope);
          values[at] = (error << 1) ^ (error >> 31);
          const topClass = STEP_CLASSES[topLeft - top + STEP_BIAS] as number;
          const leftClass = STEP_CLASSES[left - topLeft + STEP_BIAS] as number;
          codes[at] = own + (CODE_OF_LEAF[leafOf(topClass, leftClass)] as number);
          left = sample;
          topLeft = top;
        }
      }
    }
  }

  /** Where the run ends that begins here, of the value before; `at` itself where there is none. */
  function runEnd(at: number, size: number): number {
    const value = values[at];
    if (at === 0 || values[at - 1] !== value) return at;
    let end = at + 1;
    while (end < size && values[end] === value) end++;
    return end - at < MIN_RUN ? at : end;
  }

  function countSymbols(size: number): Uint32Array[] {
    const counts = new Uint32Array((all + 1) * ALPHABET);
    for (let at = 0; at < size;) {
      const end = runEnd(at, size);
      const symbol = end > at ? runSymbol(end - at) : symbolOf(values[at] as number);
      count(counts, (codes[at] as number) * ALPHABET + symbol);
      if (end > at) count(counts, all * ALPHABET + PREVIOUS);
      at = end > at ? end : at + 1;
    }
    return Array.from({ length: all + 1 }, (_, code) =>
      counts.subarray(code * ALPHABET, (code + 1) * ALPHABET),
    );
  }

  /** @param numbers of the codes that are kept, by those they were counted as */
  function putSymbols(
    size: number,
    kept: readonly PrefixCode[],
    numbers: Uint8Array,
    writer: BitWriter,
  ): void {
    const bits = new Uint32Array(kept.length * ALPHABET);
    const lengths = new Uint8Array(kept.length * ALPHABET);
    for (const [i, code] of kept.entries()) {
      bits.set(code.codes, i * ALPHABET);
      lengths.set(code.lengths, i * ALPHABET);
    }
    const distance = (numbers[all] as number) * ALPHABET + PREVIOUS;
    for (let at = 0; at < size;) {
      const end = runEnd(at, size);
      const base = (numbers[codes[at] as number] as number) * ALPHABET;
      const value = end > at ? end - at - MIN_RUN : (values[at] as number);
      const index = base + (end > at ? runSymbol(end - at) : symbolOf(value));
      const extra = end > at ? runExtraBits(end - at) : extraBitsOf(value);
      writer.put(bits[index] as number, lengths[index] as number);
      if (extra > 0) writer.put(value & ((1 << extra) - 1), extra);
      if (end > at) writer.put(bits[distance] as number, lengths[distance] as number);
      at = end > at ? end : at + 1;
    }
  }

  return {
    encode(pixels, { start, rowBytes, width, height }, writer) {
      takePlanes(pixels, { start, rowBytes, width, height, channels }, samples);
      predict(width, height);
      const size = width * height * channels;
      const { numbers, counts } = mergeSmall(countSymbols(size), all);
      const kept = counts.map(createCode);
      const contexts = tree.leaves.map((leaf) => {
        const set = CODE_SETS[Math.floor(leaf / LEAVES)] as number;
        return numbers[set * CODES_A_CHANNEL + (CODE_OF_LEAF[leaf % LEAVES] as number)] as number;
      });
      putGroupHead(writer, channels);
      tree.put(writer);
      putCodes(writer, counts, kept, Uint8Array.from([...contexts, numbers[all] as number]), true);
      putSymbols(size, kept, numbers, writer);
    },
  };
}

/** Both differences of colours have the same codes: light, colour, transparency. */
const CODE_SETS = [0, 1, 1, 2];
const codesOf = (channels: Channels): number =>
  ((CODE_SETS[channels - 1] as number) + 1) * CODES_A_CHANNEL;
/** Puts codes that hardly occur together with that of what does not change; the last is left alone. */
function mergeSmall(counts: readonly Uint32Array[], last: number) {
  const kept: Uint32Array[] = [];
  const numbers = new Uint8Array(counts.length);
  for (let set = 0; set < last; set += CODES_A_CHANNEL) {
    const calm = counts[set + (CODE_OF_LEAF[CALM_LEAF] as number)] as Uint32Array;
    const home = kept.push(calm) - 1;
    for (let code = set; code < set + CODES_A_CHANNEL; code++) {
      const own = counts[code] as Uint32Array;
      const total = own.reduce((sum, n) => sum + n, 0);
      const isKept = own !== calm && total >= MIN_CODE_COUNT;
      numbers[code] = isKept ? kept.push(own) - 1 : home;
      if (own === calm || isKept) continue;
      for (let symbol = 0; symbol < ALPHABET; symbol++) {
        calm[symbol] = (calm[symbol] as number) + (own[symbol] as number);
      }
    }
  }
  numbers[last] = kept.push(counts[last] as Uint32Array) - 1;
  return { numbers, counts: kept };
}

/** A tree of its own, the usual weights of a predictor that is not used, and how colours were turned. */
function putGroupHead(writer: BitWriter, channels: Channels): void {
  writer.flag(false);
  writer.flag(true);
  const isTurned = channels >= 3;
  writer.put(isTurned ? 1 : 0, 2);
  if (!isTurned) return;
  // A transform of colours, from the first channel on, to light and two differences (YCoCg).
  writer.put(0, 2);
  writer.put(0, 2);
  writer.put(0, 3);
  writer.put(0, 2);
}

interface Part {
  start: number;
  rowBytes: number;
  width: number;
  height: number;
  channels: Channels;
}

/** Gray as it is; red, green and blue as light and two differences; transparency as it is. */
function takePlanes(
  pixels: Uint8Array,
  { start, rowBytes, width, height, channels }: Part,
  samples: Int16Array,
): void {
  const plane = width * height;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, from = start + y * rowBytes; x < width; x++, at++, from += channels) {
      if (channels === 1) {
        samples[at] = pixels[from] as number;
        continue;
      }
      const [red, blue] = [pixels[from] as number, pixels[from + 2] as number];
      const orange = red - blue;
      const middle = blue + (orange >> 1);
      const green = (pixels[from + 1] as number) - middle;
      samples[at] = middle + (green >> 1);
      samples[at + plane] = orange;
      samples[at + 2 * plane] = green;
      if (channels === 4) samples[at + 3 * plane] = pixels[from + 3] as number;
    }
  }
}
